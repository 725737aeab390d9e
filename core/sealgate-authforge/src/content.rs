//! What a license file says (`spec/authforge.md` §2.2).

use sealgate_artifact::UnixSeconds;
use serde::Serialize;

use crate::Variable;

/// The content of a license file, to be written or as read. Only an [`Opened`](crate::Opened) one was signed. It holds a license key,
/// so its `Debug` text shows only the file's id.
#[derive(Clone, PartialEq, Eq)]
pub struct LicenseFile {
    /// The app.
    pub app_id: String,
    /// The license's key.
    pub license_key: String,
    /// The id of this one file.
    pub jti: String,
    /// The id of the key that signs the file. A hint: readers pin the key itself.
    pub kid: String,
    /// When the file was made.
    pub issued_at: UnixSeconds,
    /// When the file ends; `None` means never, and nothing takes such a file back (`spec/authforge.md` §2.7).
    pub expires_at: Option<UnixSeconds>,
    /// The machines on which the file counts.
    pub hwid: Machines,
    /// The vendor's own note.
    pub label: Option<String>,
    /// When the license ends; `Some(None)` means never, `None` that the file does not say.
    pub license_expires_at: Option<Option<UnixSeconds>>,
    /// What the vendor hands to clients with this license.
    pub license_variables: Option<FileVariables>,
    /// What the vendor hands to every client of the app.
    pub app_variables: Option<FileVariables>,
}

/// Variables in the file's order. No name occurs twice.
pub type FileVariables = Vec<(String, Variable)>;

/// The machines on which a file counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "mode", rename_all = "lowercase")]
pub enum Machines {
    /// These machines; at least one.
    Bound {
        /// Their names, as their clients give them.
        hwids: Vec<String>,
    },
    /// Every machine.
    Any,
}

impl std::fmt::Debug for LicenseFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LicenseFile").field("jti", &self.jti).finish_non_exhaustive()
    }
}
