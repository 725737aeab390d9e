//! The state in a file that only its owner reads.
#![expect(clippy::disallowed_methods, reason = "this is the file adapter")]

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::Store;

const STATE: &str = "state.json";
const STAGED: &str = "state.json.new";
const LOCK: &str = "lock";
/// A state with the longest chain has about 3 MiB. Blocks memory exhaustion by another file of that name.
const STATE_BYTES: u64 = 32 * 1024 * 1024;

/// What a folder's group and all others may do with it, and what of it changes what lies there.
#[cfg(unix)]
const OTHERS: u32 = 0o077;
#[cfg(unix)]
const OTHERS_WRITE: u32 = 0o022;
/// Nobody deletes the files of others in it, as in `/tmp`.
#[cfg(unix)]
const SHARED: u32 = 0o1000;

/// Keeps the state in a folder of its own. On Unix the folder gets mode 0700, also where it was made before, and the file
/// 0600. A folder that others may write to and that cannot be closed to them is refused, and so is a shared one like `/tmp`, and one
/// that belongs to another user, also if the program runs as root: its owner could put a state of his own there.
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
        sync_folder(&self.folder)
    }

    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        refuse_anothers(&self.folder)?;
        let file = match OpenOptions::new().read(true).open(self.folder.join(STATE)) {
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
        make_private_folder(&self.folder)?;
        let _lock = self.lock()?;
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

    /// Held while it lives, and released with the process whatever ends it.
    fn lock(&self) -> io::Result<File> {
        let file =
            private().read(true).write(true).create(true).truncate(false).open(self.folder.join(LOCK))?;
        match file.lock() {
            // Where the file system knows no locks, one process has the folder to itself, or nothing helps.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(file),
            locked => locked.map(|()| file),
        }
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
    let mut file = private().write(true).create_new(true).open(staged)?;
    file.write_all(state)?;
    file.sync_all()
}

/// Whoever owns a folder decides what lies there. One that is not there yet is nobody's.
#[cfg(unix)]
fn refuse_anothers(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let (owner, own) = match std::fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        there => (there?.uid(), rustix::process::geteuid().as_raw()),
    };
    if owner == own {
        return Ok(());
    }
    let why = format!("this folder belongs to user {owner}, and the program runs as user {own}");
    Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
}

#[cfg(not(unix))]
fn refuse_anothers(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn make_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    use std::os::unix::fs::PermissionsExt;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    refuse_anothers(folder)?;
    let mode = std::fs::metadata(folder)?.permissions().mode();
    if mode & OTHERS == 0 {
        return Ok(());
    }
    let is_shared = mode & SHARED != 0;
    let is_closed =
        !is_shared && std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).is_ok();
    // Where others may only look, they see names: the file is its owner's.
    if is_closed || mode & OTHERS_WRITE == 0 {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "others may write to this folder"))
}

#[cfg(not(unix))]
fn make_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    OpenOptions::new()
}

/// The rename is durable once the folder is.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
