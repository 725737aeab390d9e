//! Files that only their owner reads and that are whole or absent, also after a power cut.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::KeystoreError;

/// Makes the directory, open to nobody else.
pub(crate) fn make_private_dir(path: &Path) -> Result<(), KeystoreError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io(path))
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
    let mut paths = vec![];
    for entry in fs::read_dir(dir).map_err(io(dir))? {
        let path = entry.map_err(io(dir))?.path();
        if path.extension().is_some_and(|extension| extension == ending) {
            paths.push(path);
        }
    }
    paths.sort();
    paths.into_iter().map(|path| Ok((path.clone(), fs::read(&path).map_err(io(&path))?))).collect()
}

/// Writes a new private file under a temporary name, then gives it its name: durable when this returns.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), KeystoreError> {
    let staged = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&staged)
        .map_err(io(&staged))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io(&staged))?;
    fs::rename(&staged, path).map_err(io(path))?;
    let dir = path.parent().expect("key files lie in a directory");
    File::open(dir).and_then(|d| d.sync_all()).map_err(io(dir))
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> KeystoreError {
    let path = path.to_owned();
    move |source| KeystoreError::Io { path, source }
}
