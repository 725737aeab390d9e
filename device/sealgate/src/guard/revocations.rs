//! How it stands with revocation data, for people.

use sealgate_artifact::UnixSeconds;
use sealgate_rules::{Enforced, Revocations, revocations, stale_at};

use super::material::Files;
use crate::offline::known_chain;
use crate::state::State;
use crate::{Client, Error, HeldStatement, LicenseFiles, SnapshotSays};

/// What this device knows of what the vendor took back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevocationStatus {
    /// Whether it is known, and how fresh it is, for the license that this device is activated for.
    pub state: Revocations,
    /// The newest snapshot that was imported.
    pub snapshot: Option<SnapshotSays>,
    /// When somebody vouched last that the license was not taken back: its issuer, a server, or revocation data. `None`: there is no
    /// license.
    pub vouched_at: Option<UnixSeconds>,
    /// Whether the license's version or the proof was taken back.
    pub is_revoked: bool,
    /// Which of them.
    pub revoked: Vec<HeldStatement>,
    /// Whether one of them could not be looked up and may be listed: it gives no right until it was (`spec/revocation.md` §5.5, §5.6).
    pub is_unseen: bool,
    /// From when on staleness takes the rights. `None`: the license does not want that.
    pub takes_rights_at: Option<UnixSeconds>,
    /// Why what was imported before is not there any more, or is not believed: import a snapshot again.
    pub missing: Option<String>,
    /// Why what is held, or lies in the files, was not looked up: it does not verify.
    pub unverified: Option<String>,
}

impl RevocationStatus {
    /// Whether what was lost, or is too old, has taken the rights at this time. What is listed ([`is_revoked`](Self::is_revoked)) gives none
    /// anyhow.
    pub fn has_taken_rights(&self, now: UnixSeconds) -> bool {
        self.is_unseen || self.takes_rights_at.is_some_and(|at| at <= now)
    }
}

impl Client {
    /// What this device knows of what the vendor took back, by its own time. Nobody is asked. What does not verify hides nothing else.
    pub fn revocations(&self) -> Result<RevocationStatus, Error> {
        self.revocations_for(LicenseFiles::default())
    }

    /// The same on a machine that is not activated, of a license and a proof that lie in files.
    pub fn revocations_for(&self, files: LicenseFiles<'_>) -> Result<RevocationStatus, Error> {
        let found = self.kept()?;
        let memory = found.as_ref().map(|found| found.state.revocations.clone()).unwrap_or_default();
        let missing = found.as_ref().and_then(|found| self.missing(&found.state));
        let snapshot = memory.snapshot.map(|taken| SnapshotSays {
            version: taken.maximum.version,
            issued_at: taken.issued_at,
            next_update: taken.next_update,
        });
        let mut status = RevocationStatus {
            state: Revocations::Unknown,
            snapshot,
            vouched_at: None,
            is_revoked: false,
            revoked: vec![],
            is_unseen: false,
            takes_rights_at: None,
            missing,
            unverified: None,
        };
        // What asks nobody makes no state.
        let material = if found.is_some() { self.material(&Files::of(files)) } else { Ok(None) };
        let material = material.unwrap_or_else(|why| {
            status.unverified = Some(why.to_string());
            None
        });
        if let Some(material) = material {
            let (held, now) = (material.held(None), self.trusted_time()?);
            let enforced = Enforced::of(&material.license.conditions);
            status.state = revocations(&held, &enforced, material.looked.says, now);
            status.vouched_at = Some(held.vouched_at);
            status.is_revoked = held.is_revoked;
            status.is_unseen = held.is_unseen;
            status.takes_rights_at = stale_at(&held, &enforced);
            status.revoked = material.looked.listed.iter().map(|found| found.what).collect();
            status.missing = material.looked.missing.clone().or(status.missing);
        }
        Ok(status)
    }

    /// Where the keys do not verify, whoever looks is told that.
    fn missing(&self, state: &State) -> Option<String> {
        let now = self.clock.now().max(self.floors(state).newest());
        let (chain, _) = known_chain(&self.trust, &state.accepted(), self.held(state), now).ok()?;
        self.lookup(&state.revocations).missing(&chain)
    }
}
