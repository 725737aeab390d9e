//! Files that only their owner reads and that are whole or absent, also after a power cut.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::KeystoreError;
use crate::sealing::random;

/// What its group and all others may do with a directory.
const OTHERS: u32 = 0o077;

/// Refuses a directory of another user, also as root: its owner could put other keys there, and could not read what root writes.
pub fn refuse_anothers(path: &Path) -> std::io::Result<()> {
    let (owner, own) = (fs::metadata(path)?.uid(), rustix::process::geteuid().as_raw());
    if owner == own {
        return Ok(());
    }
    let why = format!(
        "this directory belongs to user {owner}, and this program runs as user {own}: run it as user {owner} (sudo -u '#{owner}'), or \
         name another directory"
    );
    Err(std::io::Error::new(ErrorKind::PermissionDenied, why))
}

/// Makes the directory, open to nobody else. Nothing but keys lies in it, so one that is open to others is closed.
pub(crate) fn make_private_dir(path: &Path) -> Result<(), KeystoreError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io(path))?;
    refuse_anothers(path).map_err(io(path))?;
    if fs::metadata(path).map_err(io(path))?.permissions().mode() & OTHERS == 0 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(io(path))
}

/// `None` when there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, KeystoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(io(path)(e)),
    }
}

/// Every file with that ending, sorted by name.
pub(crate) fn read_all(dir: &Path, ending: &str) -> Result<Vec<(PathBuf, Vec<u8>)>, KeystoreError> {
    let paths = named(dir, ending)?.into_iter();
    paths.map(|path| Ok((path.clone(), fs::read(&path).map_err(io(&path))?))).collect()
}

/// The paths of all files with that ending, sorted by name.
pub(crate) fn named(dir: &Path, ending: &str) -> Result<Vec<PathBuf>, KeystoreError> {
    let mut paths = vec![];
    for entry in fs::read_dir(dir).map_err(io(dir))? {
        let path = entry.map_err(io(dir))?.path();
        if path.extension().is_some_and(|extension| extension == ending) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Makes a private file, whole and durable when this returns. `false`, and nothing changed, where there is one: whoever
/// made that may have used it already.
pub(crate) fn create_durably(path: &Path, bytes: &[u8]) -> Result<bool, KeystoreError> {
    let staged = staged(path);
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&staged).map_err(io(&staged))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io(&staged));
    // A second name for the file. Unlike a new name, it never takes the place of another file.
    let named = written.and_then(|()| match fs::hard_link(&staged, path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(io(path)(e)),
    });
    fs::remove_file(&staged).map_err(io(&staged))?;
    let dir = path.parent().expect("key files lie in a directory");
    File::open(dir).and_then(|d| d.sync_all()).map_err(io(dir))?;
    named
}

/// A name that nobody else uses, so that what is being written is nobody else's.
fn staged(path: &Path) -> PathBuf {
    let random: [u8; 8] = random();
    path.with_extension(format!("{:016x}.new", u64::from_be_bytes(random)))
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> KeystoreError {
    let path = path.to_owned();
    move |source| KeystoreError::Io { path, source }
}
