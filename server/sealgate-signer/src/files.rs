//! Files that only their owner reads and that are whole or absent, also after a power cut.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::sealing::random;
use crate::{KeystoreError, private};

/// What its group and all others may do with a directory.
const OTHERS: u32 = 0o077;

/// Makes the directory, open to nobody else. Nothing but keys lies in it, so one that others could look at is closed. One that
/// [`private::check_dir`] refuses stays as it is.
pub(crate) fn make_private_dir(path: &Path) -> Result<(), KeystoreError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io(path))?;
    check_dir(path)?;
    if fs::metadata(path).map_err(io(path))?.permissions().mode() & OTHERS == 0 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(io(path))
}

/// Refuses a directory that may be somebody else's work.
pub(crate) fn check_dir(path: &Path) -> Result<(), KeystoreError> {
    private::check_dir(path).map_err(io(path))
}

/// `None` when there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, KeystoreError> {
    match read_own(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(io(path)(e)),
    }
}

fn read_own(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![];
    private::open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Every file with that ending, sorted by name.
pub(crate) fn read_all(dir: &Path, ending: &str) -> Result<Vec<(PathBuf, Vec<u8>)>, KeystoreError> {
    let paths = named(dir, ending)?.into_iter();
    paths.map(|path| Ok((path.clone(), read_own(&path).map_err(io(&path))?))).collect()
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
    sync_dir(path)?;
    named
}

/// Removes a file, durably when this returns.
pub(crate) fn remove(path: &Path) -> Result<(), KeystoreError> {
    fs::remove_file(path).map_err(io(path))?;
    sync_dir(path)
}

fn sync_dir(path: &Path) -> Result<(), KeystoreError> {
    let dir = path.parent().expect("key files lie in a directory");
    File::open(dir).and_then(|d| d.sync_all()).map_err(io(dir))
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
