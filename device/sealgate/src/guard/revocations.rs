//! How it stands with revocation data, for people.

use sealgate_artifact::UnixSeconds;
use sealgate_rules::{Enforced, Revocations, revocations};

use super::material::Files;
use crate::{Client, Error, SnapshotSays};

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
    /// Why what was imported before is not there any more, or is not believed: import a snapshot again.
    pub missing: Option<String>,
}

impl Client {
    /// What this device knows of what the vendor took back, by its own time. Nobody is asked.
    pub fn revocations(&self) -> Result<RevocationStatus, Error> {
        let found = self.kept()?;
        let memory = found.as_ref().map(|found| found.state.revocations.clone()).unwrap_or_default();
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
            missing: None,
        };
        let is_activated = found.is_some_and(|found| found.state.activated.is_some());
        let material = if is_activated { self.material(&Files::default())? } else { None };
        if let Some(material) = material {
            let (held, now) = (material.held(None), self.trusted_time()?);
            let enforced = Enforced::of(&material.license.conditions);
            status.state = revocations(&held, &enforced, material.looked.says, now);
            status.vouched_at = Some(held.vouched_at);
            status.is_revoked = held.is_revoked;
            status.missing.clone_from(&material.looked.missing);
        }
        Ok(status)
    }
}
