//! Profiles: files that only their owner can read, one for each server and token that a person works with.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use sealgate_artifact::Code;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::files;

/// The profile that counts where nobody chose one.
pub(crate) const DEFAULT: &str = "default";
const ENDING: &str = "json";
/// Beside the profiles: the name of the one that was chosen as the default.
const CHOSEN: &str = "default";
const NAME_LENGTH: usize = 64;

/// A server and a token for it. It has no `Debug` text.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) url: String,
    pub(crate) token: String,
    /// What the server said about the token when it was kept, for people.
    pub(crate) tenant_name: String,
    pub(crate) token_id: String,
}

/// The folder of profiles.
pub(crate) struct Profiles {
    folder: PathBuf,
}

impl Profiles {
    /// Below the folder for the settings of programs; `None` where the environment names none.
    pub(crate) fn below(settings: Option<&Path>) -> Option<Self> {
        settings.map(|settings| Self { folder: settings.join("sealgate/profiles") })
    }

    /// The same for a verb that cannot do without.
    pub(crate) fn needed(settings: Option<&Path>) -> Result<Self, Failure> {
        Self::below(settings).ok_or_else(|| {
            Failure::new(Code::ConfigInvalid, "the environment names no folder for settings")
                .fix("set HOME, or XDG_CONFIG_HOME to the path of a folder")
        })
    }

    /// Where that profile lies.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.{ENDING}"))
    }

    /// Where that profile is, in words.
    pub(crate) fn describe(&self, name: &str) -> String {
        format!("the profile {name}, {}", self.path(name).display())
    }

    /// The profile of that name.
    pub(crate) fn load(&self, name: &str) -> Result<Profile, Failure> {
        check_name(name)?;
        self.read(name)?.ok_or_else(|| {
            Failure::new(Code::NotFound, format!("{}: there is no such profile", self.path(name).display()))
                .fix(format!("`sealgate login --profile {name}` makes it; `sealgate profile list` shows those there are"))
        })
    }

    /// Whether a file has that name, whatever it holds.
    pub(crate) fn is_there(&self, name: &str) -> bool {
        self.path(name).symlink_metadata().is_ok()
    }

    /// The name of the default profile, if there is one.
    pub(crate) fn default_name(&self) -> Result<Option<String>, Failure> {
        let path = self.folder.join(CHOSEN);
        let chosen = self.read_file(&path)?.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        match chosen {
            Some(name) => check_name(&name).map(|()| Some(name)),
            None => Ok(self.path(DEFAULT).exists().then(|| DEFAULT.to_owned())),
        }
    }

    /// The names of all profiles.
    pub(crate) fn names(&self) -> Result<Vec<String>, Failure> {
        let found = files::named(&self.folder, ENDING).map_err(|e| unreadable(&self.folder, &e))?;
        Ok(found.into_iter().filter(|name| check_name(name).is_ok()).collect())
    }

    /// Keeps a profile, in place of one of that name.
    pub(crate) fn save(&self, name: &str, profile: &Profile) -> Result<(), Failure> {
        check_name(name)?;
        let bytes = serde_json::to_vec_pretty(profile).expect("a profile can be written");
        self.write(&self.path(name), &bytes)
    }

    /// Makes a profile the default.
    pub(crate) fn choose(&self, name: &str) -> Result<(), Failure> {
        self.load(name)?;
        self.write(&self.folder.join(CHOSEN), name.as_bytes())
    }

    /// Removes a profile, and what chose it.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Failure> {
        let is_default = self.default_name()?.as_deref() == Some(name);
        let gone = |path: PathBuf| files::remove(&path).map_err(|e| unreadable(&path, &e));
        if is_default {
            gone(self.folder.join(CHOSEN))?;
        }
        gone(self.path(name))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        files::make_own_dir(&self.folder).map_err(|e| unreadable(&self.folder, &e))?;
        files::write_private(path, bytes).map_err(|e| unreadable(path, &e))
    }

    fn read(&self, name: &str) -> Result<Option<Profile>, Failure> {
        let path = self.path(name);
        let Some(bytes) = self.read_file(&path)? else { return Ok(None) };
        let profile = serde_json::from_slice(&bytes).map_err(|_| {
            // What the file holds is not repeated.
            unreadable(&path, &Error::new(ErrorKind::InvalidData, "it is no profile: log in again"))
        })?;
        Ok(Some(profile))
    }

    fn read_file(&self, path: &Path) -> Result<Option<Vec<u8>>, Failure> {
        match files::read_own(&self.folder, path) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            read => read.map(Some).map_err(|e| unreadable(path, &e)),
        }
    }
}

/// A name that is a file's name and nothing else.
pub(crate) fn check_name(name: &str) -> Result<(), Failure> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let fits =
        !name.is_empty() && name.len() <= NAME_LENGTH && !name.starts_with('.') && name.chars().all(is_plain);
    if fits {
        return Ok(());
    }
    Err(Failure::new(Code::ConfigInvalid, "--profile: not the name of a profile")
        .fix("give at most 64 letters, digits, -, _ and ., and no . at the beginning"))
}

fn unreadable(path: &Path, error: &Error) -> Failure {
    Failure::new(Code::FileUnreadable, format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn a_name_leads_to_no_other_folder() {
        for name in ["work", "shop-2", "a.b_c", &"x".repeat(64)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", ".", "..", ".hidden", "a/b", "../a", "a\\b", "a b", "ä", "a\n", &"x".repeat(65)] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }
}
