//! Certificates of license servers: one side makes them, the other shows them (`spec/keys.md` §5.7).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sealgate_artifact::{PublicKey, UnixSeconds};

use crate::AuthorityError;

/// What clients know a license server by.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Its key.
    pub key: PublicKey,
    /// With what it signs activation proofs. Clients know it by their tenant's keyset.
    pub activation_key: Option<PublicKey>,
    /// Where they find it (`spec/keys.md` §5.8).
    pub origins: Vec<String>,
}

/// How long a new certificate holds. A stolen server's key dies with its certificate.
pub const ISSUED_FOR_SECONDS: u64 = 14 * 24 * 60 * 60;
/// `spec/keys.md` §4.3: how long before it was signed clients take a certificate.
const HEAD_START_SECONDS: u64 = 24 * 60 * 60;

/// The latest end of a certificate that clients take at that time. One that ends later was signed by a clock that was
/// ahead: all of them hold equally long.
pub fn latest_end(now: UnixSeconds) -> UnixSeconds {
    now.plus(HEAD_START_SECONDS).plus(ISSUED_FOR_SECONDS)
}

/// Whether clients take a certificate that ends then.
pub fn is_in_force(expires_at: UnixSeconds, now: UnixSeconds) -> bool {
    now < expires_at && expires_at <= latest_end(now)
}

/// What a license server may be asked, and is certified for.
pub const OPERATIONS: [&str; 5] = ["validate", "release", "activate", "deactivate", "heartbeat"];

/// A call under way.
pub type Certifying = Pin<Box<dyn Future<Output = Result<(), AuthorityError>> + Send>>;

/// Makes this server known and makes the certificates that are missing. A process that has no vendor's side has no such port: it waits for the
/// process that does.
pub type Certify = Arc<dyn Fn() -> Certifying + Send + Sync>;
