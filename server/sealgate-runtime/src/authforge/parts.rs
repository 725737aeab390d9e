//! What answering on this wire takes.

use std::sync::Arc;

use ipnet::IpNet;
use sealgate_authority::Side;
use sealgate_authority::authforge_file::Mint;
use sealgate_authority::seats::Seats;
use sealgate_trust::Signer;

use super::answer::Answers;
use super::session::Sessions;
use crate::asking::Gate;
use crate::replay::ReplayLog;

/// The longest session token that is looked at, in bytes; ours have about 100.
pub(super) const SESSION_TOKEN_BYTES: usize = 512;

/// Answers clients that were written for AuthForge.
pub struct AuthForge {
    pub(super) gate: Gate,
    pub(super) seats: Seats,
    pub(super) replays: Arc<ReplayLog>,
    pub(super) sessions: Sessions,
    pub(super) answers: Answers,
    pub(super) mint: Mint,
    /// Proxies: many customers have their addresses.
    pub(super) trusted_proxies: Vec<IpNet>,
}

impl AuthForge {
    pub(crate) fn new(
        gate: Gate,
        signer: Arc<dyn Signer>,
        replays: Arc<ReplayLog>,
        trusted_proxies: Vec<IpNet>,
    ) -> Self {
        let sessions = Sessions::new(Arc::clone(&gate.secrets), gate.ids.clone());
        Self {
            seats: Seats::new(gate.db.clone(), gate.ids.clone()),
            answers: Answers::new(Arc::clone(&signer), sessions.clone()),
            mint: Mint::new(signer, gate.ids.clone(), Side::Runtime),
            sessions,
            trusted_proxies,
            replays,
            gate,
        }
    }
}
