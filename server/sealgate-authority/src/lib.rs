//! Use cases, one file each.
//!
//! This crate must never hold a private key or speak HTTP: it signs through [`sealgate_trust::Signer`], and whoever
//! serves it maps [`AuthorityError`] to its own face. `control` is what a vendor does; `runtime` is what running
//! software asks, and needs no key but an app's.

mod authforge_file;
pub mod control;
mod error;
mod limits;
mod observed;
mod once;
pub mod ports;
pub mod runtime;
mod scope;
mod secrets;
mod settings;
pub mod upkeep;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sealgate_artifact::{TenantId, TokenId, UnixSeconds, encode_hex};
use sealgate_store::Db;
use sealgate_trust::Signer;

pub use error::AuthorityError;
pub use limits::Limits;
pub use once::Once;
pub use scope::{Scope, Scopes};
pub use secrets::Secrets;
pub use settings::{Role, ServerSettings, Settings};

use limits::Limiter;
use observed::Observed;
use ports::{Clock, Entropy};
use runtime::{Asked, Identity, ReplayLog};

/// Everything a use case works with. Made once, shared by all requests.
pub struct Authority {
    db: Db,
    signer: Arc<dyn Signer>,
    secrets: Arc<Secrets>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// The number of the next request, counted from one drawn at random.
    requests: AtomicU64,
    replays: ReplayLog,
    limiter: Limiter,
    observed: Observed,
    role: Role,
    /// This server, where running software is answered.
    identity: Option<Identity>,
    /// Rotations and revocations of keys take turns: each builds on what the last one published.
    key_changes: tokio::sync::Mutex<()>,
}

/// Who asks for a change, and in which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant whose things they are.
    pub tenant: TenantId,
    /// The token they came with.
    pub token: TokenId,
    /// What it may do.
    pub scopes: Scopes,
    /// What they named the request, if it may come again.
    pub once: Option<Once>,
    /// Finds this request in the log.
    pub request_id: String,
}

impl Authority {
    /// Puts the parts together.
    pub fn new(
        db: Db,
        signer: Arc<dyn Signer>,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: Settings,
    ) -> Self {
        let mut first = [0; 8];
        entropy.fill(&mut first);
        Self {
            db,
            signer,
            secrets: Arc::new(secrets),
            clock,
            entropy,
            requests: AtomicU64::new(u64::from_be_bytes(first)),
            replays: ReplayLog::default(),
            limiter: Limiter::new(settings.limits),
            role: settings.role,
            identity: settings.server.map(Identity::new),
            observed: Observed::default(),
            key_changes: tokio::sync::Mutex::default(),
        }
    }

    /// The database, for readiness checks and shutdown.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// This server, where running software is answered.
    pub(crate) fn own_server(&self) -> Option<&ServerSettings> {
        self.identity.as_ref().map(Identity::settings)
    }

    /// Which part of the work is done here.
    pub fn role(&self) -> Role {
        self.role
    }

    /// A name for a request: the time, and a number that tells it from others of that time.
    pub fn new_request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        encode_hex(&[&self.clock.unix_millis().to_be_bytes()[2..], &number[3..]].concat())
    }

    fn now(&self) -> UnixSeconds {
        self.asked_now().at()
    }

    fn asked_now(&self) -> Asked {
        Asked(self.clock.unix_millis())
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// What a new version 7 identifier is made of.
    fn new_id(&self) -> (u64, [u8; 10]) {
        (self.clock.unix_millis(), self.random())
    }
}
