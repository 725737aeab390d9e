//! What `sglic` keeps beside the state: which server activated this machine, where the proof was put, and for which key.

use std::path::{Path, PathBuf};

use sealgate::Activation;
use sealgate_artifact::{Code, encode_hex};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::files;

const FILE: &str = "sglic.json";
const PROOF: &str = "licenses/activation_proof.json";
const LICENSE: &str = "license.json";
const RELEASE: &str = "release.json";
/// Keys have more than 100 random bits, so nobody finds one by its digest.
const KEY_DOMAIN: &[u8] = b"sglic-key-v1\0";

/// Nothing of it is believed: whoever changes it changes which server is asked, and which files are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) server: Option<String>,
    pub(crate) proof: Option<PathBuf>,
    asked: Option<Asked>,
    /// Why the last heartbeat did not count, where activating again is the way out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused_by: Option<String>,
}

/// The license key for which this machine asked last, and what it held before. What it holds afterwards, if that is another
/// activation, is of this key; so a program that was ended on its way knows that it need not ask again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    key_sha256: String,
    before: Option<String>,
}

impl Settings {
    pub(crate) fn load(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(FILE);
        let Some(bytes) = files::read_own_if_there(&path)? else { return Ok(Self::default()) };
        serde_json::from_slice(&bytes).map_err(|_| {
            let message = format!("{}: this is not what sglic wrote", path.display());
            Failure::new(Code::FileUnreadable, message).fix("remove this file, and give --server again")
        })
    }

    pub(crate) fn save(&self, folder: &Path) -> Result<(), Failure> {
        let bytes = serde_json::to_vec(self).expect("settings can be written");
        files::write_private(&folder.join(FILE), &bytes)
    }

    /// Where the proof lies.
    pub(crate) fn proof(&self, folder: &Path) -> PathBuf {
        self.proof.clone().unwrap_or_else(|| folder.join(PROOF))
    }

    /// Notes that the machine is about to ask for this key.
    pub(crate) fn asks(&mut self, key: &str, held: Option<&Activation>) {
        self.asked = Some(Asked { key_sha256: digest(key), before: held.map(name) });
    }

    /// Whether what is held came of asking for this key.
    pub(crate) fn is_of(&self, key: &str, held: &Activation) -> bool {
        let is_of = |asked: &Asked| asked.key_sha256 == digest(key) && asked.before != Some(name(held));
        self.asked.as_ref().is_some_and(is_of)
    }

    /// The machine asked and was denied, so that nothing came of it: the server alone stays named.
    pub(crate) fn take_back(&mut self, former: Self) {
        (self.asked, self.proof) = (former.asked, former.proof);
    }

    /// Nothing is held any more.
    pub(crate) fn forget_key(&mut self) {
        (self.asked, self.refused_by) = (None, None);
    }
}

/// Where the license lies: beside the proof.
pub(crate) fn license_beside(proof: &Path) -> PathBuf {
    proof.with_file_name(LICENSE)
}

/// Where the statement of the installed release may lie: beside the license.
pub(crate) fn release_beside(license: &Path) -> PathBuf {
    license.with_file_name(RELEASE)
}

fn name(held: &Activation) -> String {
    format!("{}/{}", held.id(), held.generation())
}

/// However the key was typed.
fn digest(key: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(KEY_DOMAIN);
    hash.update(sealgate_artifact::LicenseKey::normalise(key));
    encode_hex(hash.finalize().as_slice())
}
