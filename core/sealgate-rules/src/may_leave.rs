//! Whether something may be handed out that works without the server (`spec/http.md` §2.10, §3.2, §3.14).

use sealgate_artifact::{Code, MaxDevices, UnixSeconds};

use crate::Standing;

/// What is handed out. Nothing takes it back: a later revocation does not reach it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// The signed license, for the vendor (`spec/http.md` §3.2). Its window does not matter: the file says when it holds.
    License {
        /// Whether tenant and terms allow use offline.
        offline: bool,
    },
    /// A file for AuthForge's clients, for the vendor (`spec/http.md` §3.14).
    AuthforgeFile {
        /// Whether tenant and terms allow use offline.
        offline: bool,
    },
    /// A file that never ends, for the device that asks (`spec/http.md` §2.10).
    LifetimeFile {
        /// Whether the app hands out such files.
        enabled: bool,
        /// The seats of the license: a file is counted against them.
        max_devices: MaxDevices,
    },
}

impl Standing {
    /// Whether it may leave, or the code that says why not.
    ///
    /// The vendor is told more than running software is, and in another order: a revoked license is `license_revoked`, of
    /// the family configuration, because the vendor asked for something that cannot be had. Revocation and suspension come
    /// before the window: the vendor can lift a suspension, whatever the dates say. A device gets the codes of
    /// `spec/errors.md` §3.1 in their order.
    pub fn may_leave(self, leaving: Leaving, now: UnixSeconds) -> Result<(), Code> {
        match leaving {
            Leaving::License { offline } => self.may_be_exported(offline),
            Leaving::AuthforgeFile { offline } => {
                self.may_be_exported(offline)?;
                self.gives_rights(now)?;
                // spec/license.md §2.11: a file of a trial proves nothing, and AuthForge's clients ask no further.
                self.trial.map_or(Ok(()), |_| Err(Code::TrialNotBegun))
            }
            Leaving::LifetimeFile { enabled: false, .. } => Err(Code::LifetimeFilesDisabled),
            Leaving::LifetimeFile { enabled: true, max_devices } => {
                self.gives_rights(now)?;
                let ends = self.window.expires_at.is_some() || self.trial.is_some();
                match (ends, max_devices) {
                    (true, _) => Err(Code::LicenseNotPerpetual),
                    (false, MaxDevices::Unlimited) => Err(Code::LicenseNotCounted),
                    (false, MaxDevices::Limited(_)) => Ok(()),
                }
            }
        }
    }

    fn may_be_exported(self, offline: bool) -> Result<(), Code> {
        match self {
            Self { revoked: true, .. } => Err(Code::LicenseRevoked),
            Self { suspended: true, .. } => Err(Code::Blocked),
            _ if !offline => Err(Code::OfflineDisabled),
            _ => Ok(()),
        }
    }
}
