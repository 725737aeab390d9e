//! Certificates of license servers: one side makes them, the other shows them (`spec/keys.md` §5.7).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sealgate_artifact::PublicKey;

use crate::AuthorityError;

/// What clients know a license server by.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Its key.
    pub key: PublicKey,
    /// Where they find it (`spec/keys.md` §5.8).
    pub origins: Vec<String>,
}

/// What a license server may be asked, and is certified for.
pub const OPERATIONS: [&str; 1] = ["validate"];

/// A call under way.
pub type Certifying = Pin<Box<dyn Future<Output = Result<(), AuthorityError>> + Send>>;

/// Makes the certificates that are missing. A process that has no vendor's side has no such port: it waits for the
/// process that does.
pub type Certify = Arc<dyn Fn() -> Certifying + Send + Sync>;
