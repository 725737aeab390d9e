//! What answers our own clients, and what it works with.

use std::sync::Arc;

use sealgate_authority::seats::Seats;
use sealgate_authority::{AuthorityError, as_json};
use sealgate_store::{LicenseEntry, table};
use sealgate_trust::Signer;
use serde_json::value::RawValue;

use super::proofs::Proofs;
use crate::asking::Gate;
use crate::identity::Identity;
use crate::replay::ReplayLog;

/// spec/online.md §7.1: statements that a client may say it holds.
pub(super) const HOLDS: usize = 16;

/// Answers our own clients.
pub struct Online {
    pub(super) gate: Gate,
    pub(super) seats: Seats,
    pub(super) proofs: Proofs,
    pub(super) replays: Arc<ReplayLog>,
    pub(super) signer: Arc<dyn Signer>,
    pub(super) identity: Arc<Identity>,
}

impl Online {
    pub(crate) fn new(
        gate: Gate,
        signer: Arc<dyn Signer>,
        replays: Arc<ReplayLog>,
        identity: Arc<Identity>,
    ) -> Self {
        let seats = Seats::new(gate.db.clone(), gate.ids.clone());
        let (secrets, from) = (Arc::clone(&gate.secrets), (&gate.db, &gate.ids));
        let proofs = Proofs::new(Arc::clone(&signer), secrets, Arc::clone(&identity), from);
        Self { gate, seats, proofs, replays, signer, identity }
    }

    /// The version of the license that counts, as it travels.
    pub(super) async fn license_statement(
        &self,
        entry: &LicenseEntry,
    ) -> Result<Box<RawValue>, AuthorityError> {
        let license = &entry.license;
        let statement = table::licenses::statement(&self.gate.db, license.id, license.version).await?;
        // Somebody was forgotten, and with them what the version of a moment ago said.
        as_json(statement.ok_or(AuthorityError::Superseded)?)
    }
}
