//! AuthForge's wire (`spec/http.md` §2): `/auth/*`.

mod answer;
mod heartbeat;
mod offline;
mod self_ban;
mod session;
mod validate;

use std::sync::Arc;

use sealgate_authority::authforge_file::Mint;
use sealgate_authority::seats::Seats;
use sealgate_trust::Signer;

use crate::asking::Gate;
use crate::replay::ReplayLog;
use answer::Answers;
use session::Sessions;

pub use validate::Validated;

/// The longest session token that is looked at, in bytes; ours have about 100.
const SESSION_TOKEN_BYTES: usize = 512;

/// Answers clients that were written for AuthForge.
pub struct AuthForge {
    gate: Gate,
    seats: Seats,
    replays: Arc<ReplayLog>,
    sessions: Sessions,
    answers: Answers,
    mint: Mint,
}

impl AuthForge {
    pub(crate) fn new(gate: Gate, signer: Arc<dyn Signer>, replays: Arc<ReplayLog>) -> Self {
        let sessions = Sessions::new(Arc::clone(&gate.secrets), gate.ids.clone());
        Self {
            seats: Seats::new(gate.db.clone(), gate.ids.clone()),
            answers: Answers::new(Arc::clone(&signer), sessions.clone()),
            mint: Mint::new(signer, gate.ids.clone()),
            sessions,
            replays,
            gate,
        }
    }
}
