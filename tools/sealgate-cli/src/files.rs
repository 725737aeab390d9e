//! The files that the program reads and writes for its user.
#![expect(clippy::disallowed_methods, reason = "this is the program's file adapter")]

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use sealgate_server::files::{read_at_most, write_whole};

/// No file that a person hands to this program is larger.
const READ_BYTES: u64 = 4 * 1024 * 1024;
/// An exported log is larger, because it grows for years.
const READ_LARGE_BYTES: u64 = 1024 * 1024 * 1024;

/// Writes a file that anyone can read, whole or not at all. A device or a pipe is written to, not replaced.
pub(crate) fn write_public(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if is_of_the_system(path) || is_no_file(path) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    write_whole(path, bytes, 0o644)
}

/// Writes a file that only its owner can read, whole or not at all: it holds keys, or customers' data. A device or a pipe of the
/// system, such as `/dev/stdout`, is written to; another one may be somebody else's.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if is_of_the_system(path) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    if is_no_file(path) {
        let why = "this is no file, and may be somebody else's: /dev/stdout can go into a pipe";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    write_whole(path, bytes, 0o600)
}

/// Whether it names something that is open already, such as `/dev/stdout`.
fn is_of_the_system(path: &Path) -> bool {
    ["/dev", "/proc"].iter().any(|root| path.starts_with(root))
}

fn is_no_file(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir())
}

/// Makes a directory that anyone can read.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

/// Reads a file of a reasonable size.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_at_most(path, READ_BYTES)
}

/// Reads an exported log.
pub(crate) fn read_large(path: &Path) -> io::Result<Vec<u8>> {
    read_at_most(path, READ_LARGE_BYTES)
}
