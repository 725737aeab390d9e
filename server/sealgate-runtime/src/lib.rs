//! What running software asks: on its own wire under signature on both sides, and on that of AuthForge.
//!
//! This crate must never hold a key of the vendor's, change what was sold, or name `sealgate-control`. It signs with
//! this server's key and the apps' keys only.

mod asking;
mod authforge;
mod certifier;
mod identity;
mod in_time;
mod latest;
mod online;
mod registration;
mod replay;

use std::sync::Arc;

use ipnet::IpNet;
use sealgate_authority::certificates::{Certify, ServerSettings};
use sealgate_authority::{Ids, Limiter, Observed, SharedSecrets};
use sealgate_store::Db;
use sealgate_trust::Signer;

pub use authforge::{AuthForge, Validated};
pub use online::{Online, TrustUpdates};
pub use registration::register;

use asking::Gate;
use identity::Identity;
use replay::ReplayLog;

/// The side of a server that answers running software.
#[derive(Clone)]
pub struct Runtime {
    /// The wire of clients that were written for AuthForge.
    pub authforge: Arc<AuthForge>,
    /// Our own clients' wire.
    pub online: Arc<Online>,
    /// Newer statements about keys.
    pub trust: Arc<TrustUpdates>,
}

/// What this side is made of.
pub struct Parts {
    /// The database.
    pub db: Db,
    /// Custody of this server's key and the apps' keys.
    pub signer: Arc<dyn Signer>,
    /// The secrets by which keys, apps and sessions are recognised.
    pub secrets: Arc<SharedSecrets>,
    /// Time and identifiers.
    pub ids: Ids,
    /// Counts who asks how often.
    pub limiter: Limiter,
    /// Counts what was answered.
    pub observed: Observed,
    /// What clients know this server by.
    pub server: ServerSettings,
    /// Proxies whose word on a client's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Makes a missing certificate at once, where the process has a vendor's side.
    pub certify: Option<Certify>,
}

impl Runtime {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let Parts { db, signer, secrets, ids, limiter, observed, server, trusted_proxies, certify } = parts;
        let replays = Arc::new(ReplayLog::default());
        let identity = Arc::new(Identity::new(db.clone(), ids.clone(), server, certify));
        let trust = TrustUpdates::new(db.clone(), (ids.clone(), limiter.clone()), Arc::clone(&identity));
        let gate = Gate::new(db, ids, secrets, limiter, observed);
        let authforge =
            AuthForge::new(gate.clone(), Arc::clone(&signer), Arc::clone(&replays), trusted_proxies);
        Self {
            authforge: Arc::new(authforge),
            online: Arc::new(Online::new(gate, signer, replays, identity)),
            trust: Arc::new(trust),
        }
    }
}
