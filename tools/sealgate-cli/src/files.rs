//! The files that the program reads and writes for its user.
#![expect(clippy::disallowed_methods, reason = "this is the program's file adapter")]

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// No file that a person hands to this program is larger.
const READ_BYTES: u64 = 4 * 1024 * 1024;
const READ_LARGE_BYTES: u64 = 1024 * 1024 * 1024;

/// Makes the directory, open to nobody else.
pub(crate) fn make_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a file that only its owner reads, whole or not at all, durable when this returns.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_whole(path, bytes, 0o600)
}

/// Writes a file for anyone to read, whole or not at all. A device or a pipe is written to, not replaced.
pub(crate) fn write_public(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if std::fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    write_whole(path, bytes, 0o644)
}

/// Makes a directory for anyone to read.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

/// Reads a file of a reasonable size.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_at_most(path, READ_BYTES)
}

/// Reads an exported log, which grows with the years.
pub(crate) fn read_large(path: &Path) -> io::Result<Vec<u8>> {
    read_at_most(path, READ_LARGE_BYTES)
}

fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = OpenOptions::new().read(true).open(path)?;
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {} MiB", most >> 20)));
    }
    Ok(bytes)
}

fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let staged = path.with_file_name(name);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&staged)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&staged, path)?;
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    OpenOptions::new().read(true).open(dir)?.sync_all()
}
