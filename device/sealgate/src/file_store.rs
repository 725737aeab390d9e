//! The state in a file that only its owner reads.
#![expect(clippy::disallowed_methods, reason = "this is the file adapter")]

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::{Store, private};

const STATE: &str = "state.json";
const STAGED: &str = "state.json.new";
/// A state with the longest chain has about 3 MiB. Blocks memory exhaustion by another file of that name.
const STATE_BYTES: u64 = 32 * 1024 * 1024;

/// Keeps the state in a folder of its own. On Unix the folder gets mode 0700, also where it was made before, and the file
/// 0600. What may be somebody else's work is refused before it is read, also if the program runs as root: a folder of another user, a
/// shared one like `/tmp`, one that others may write to with a state in it, a state of another user than this one and root, and one
/// that others may write to. The error names the path and what to do.
///
/// Processes of one program may share the folder: a lock file keeps them from overwriting each other. The file system
/// must know renames and locks; a local one does.
#[derive(Debug, Clone)]
pub struct FileStore {
    folder: PathBuf,
}

impl FileStore {
    /// The store in this folder, which is made when something is first saved.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn write(&self, state: &[u8]) -> io::Result<()> {
        let staged = self.folder.join(STAGED);
        // What a crash left behind may have another mode.
        match std::fs::remove_file(&staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let replaced =
            write_new(&staged, state).and_then(|()| std::fs::rename(&staged, self.folder.join(STATE)));
        if replaced.is_err() {
            // A file that did not fit would leave no room for anybody. What went wrong first is what is told.
            let _ = std::fs::remove_file(&staged);
        }
        replaced?;
        private::sync_folder(&self.folder)
    }

    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        let path = self.folder.join(STATE);
        private::check_folder(&self.folder, &path)?;
        let file = match private::open(OpenOptions::new().read(true), &path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut state = Vec::new();
        file.take(STATE_BYTES + 1).read_to_end(&mut state)?;
        if state.len() as u64 > STATE_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than any state"));
        }
        Ok(Some(state))
    }

    fn exchange(&self, old: Option<&[u8]>, new: &[u8]) -> io::Result<bool> {
        private::make_folder(&self.folder, &self.folder.join(STATE))?;
        let _lock = private::lock(&self.folder)?;
        let there = self.read()?.map(Zeroizing::new);
        if there.as_ref().map(|state| state.as_slice()) != old {
            return Ok(false);
        }
        self.write(new).map(|()| true)
    }

    /// Whoever reads it knows which folder to look at.
    fn named(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.folder.display()))
    }
}

impl Store for FileStore {
    fn load(&self) -> io::Result<Option<Vec<u8>>> {
        self.read().map_err(|error| self.named(&error))
    }

    fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> io::Result<bool> {
        self.exchange(old, new).map_err(|error| self.named(&error))
    }
}

fn write_new(staged: &Path, state: &[u8]) -> io::Result<()> {
    let mut file = private::for_owner().write(true).create_new(true).open(staged)?;
    file.write_all(state)?;
    file.sync_all()
}
