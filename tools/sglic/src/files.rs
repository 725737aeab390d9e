//! The files that the program reads and writes.
#![expect(clippy::disallowed_methods, reason = "this is the program's file adapter")]

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sealgate_artifact::Code;

use crate::failure::Failure;

/// The longest file that this program reads: a proof with the longest list of modules has less than 2 MiB.
const READ_BYTES: u64 = 4 * 1024 * 1024;

/// A path as it is called in every folder.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

pub(crate) fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Code::FileUnreadable, format!("{}: {error}", path.display()))
}

/// A whole file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    read_from(&mut File::open(path).map_err(|e| failed(path, &e))?).map_err(|e| failed(path, &e))
}

/// A whole file, if it is there.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match File::open(path) {
        Ok(mut file) => read_from(&mut file).map(Some).map_err(|e| failed(path, &e)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

/// The same of a file that decides what is asked and written: one that may be somebody else's work is refused.
pub(crate) fn read_own_if_there(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let checked = match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => Err(error),
        Ok(there) => check_own(path, &there),
    };
    checked.map_err(|e| failed(path, &e))?;
    read_if_there(path)
}

/// Whoever owns the folder answers for it: the SDK asks whether that is this user.
#[cfg(unix)]
fn check_own(path: &Path, there: &std::fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    const OTHERS_WRITE: u32 = 0o022;
    let folder = path.parent().map(std::fs::metadata).transpose()?;
    let is_own = there.uid() == 0 || folder.is_some_and(|folder| folder.uid() == there.uid());
    if is_own && there.is_file() && there.mode() & OTHERS_WRITE == 0 {
        return Ok(());
    }
    let why = "this may be somebody else's work: it is another user's, or others may write to it; delete it if you do not know it";
    Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
}

#[cfg(not(unix))]
fn check_own(_: &Path, _: &std::fs::Metadata) -> io::Result<()> {
    Ok(())
}

fn read_from(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(READ_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > READ_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "longer than any file that this program reads",
        ));
    }
    Ok(bytes)
}

/// Makes a folder that only its owner may enter. One that is there stays as it is.
pub(crate) fn make_private_folder(folder: &Path) -> Result<(), Failure> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|e| failed(folder, &e))
}

/// Writes a file that only its owner can read, whole or not at all. It is on the disk when this returns.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_private_folder(folder)?;
    write_whole(folder, path, bytes).map_err(|e| failed(path, &e))
}

/// Writes a file that is to be carried elsewhere, and read there by anybody, whole or not at all. It is on the medium when this returns. Its
/// folder is somebody's drive: it is there, or the drive is not.
pub(crate) fn write_carried(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    staged(&mut builder, folder, path, bytes).map_err(|e| failed(path, &e))
}

fn write_whole(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    staged(&mut tempfile::Builder::new(), folder, path, bytes)
}

fn staged(
    builder: &mut tempfile::Builder<'_, '_>,
    folder: &Path,
    path: &Path,
    bytes: &[u8],
) -> io::Result<()> {
    // Made for its owner alone where nobody said else, and gone with this value unless it takes the file's place.
    let mut staged = builder.prefix(".sglic-").tempfile_in(folder)?;
    staged.write_all(bytes)?;
    staged.as_file().sync_all()?;
    staged.persist(path)?;
    // On Windows a folder cannot be opened.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Writes a file that anyone can read.
pub(crate) fn write_public(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::write(path, bytes)
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, &error)),
        _ => Ok(()),
    }
}

/// Whether something is there.
pub(crate) fn is_there(path: &Path) -> bool {
    path.exists()
}

/// Whether a file can be made in the folder. Nothing is left behind.
pub(crate) fn check_writable(folder: &Path) -> Result<(), Failure> {
    tempfile::tempfile_in(folder).map(drop).map_err(|e| failed(folder, &e))
}
