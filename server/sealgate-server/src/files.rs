//! Files of the server: its data directory, its token, what an operator points it to.
#![expect(clippy::disallowed_methods, reason = "this is the server's file adapter")]

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sealgate_authority::ports::{Entropy, System};
use sealgate_signer::private;

/// A configuration or passphrase file is never larger.
const READ_BYTES: u64 = 4 * 1024 * 1024;

/// What its group and all others may do with a directory.
const OTHERS: u32 = 0o077;
/// What lies in a data directory from its first moment on, one or the other.
const OURS: [&str; 2] = ["sealgate.lock", "keys"];
/// Where the names of what a program was started with stand, such as `/dev/stdin`, and nobody but the system makes any.
const DESCRIPTORS: [&str; 3] = ["/dev", "/dev/fd", "/proc/self/fd"];

/// Makes the directory with mode 0700, and every missing one above it. One that is there already, and is empty or was made by
/// this program, is closed to others who could only look; one that holds something else is refused if it is open to them: it may not
/// be meant. One of another user is refused, and so is one to which others may write and in which something lies.
pub fn make_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    private::check_dir(path)?;
    if std::fs::metadata(path)?.permissions().mode() & OTHERS == 0 {
        return Ok(());
    }
    let is_ours = OURS.iter().any(|name| path.join(name).exists());
    if !is_ours && std::fs::read_dir(path)?.next().is_some() {
        let why = "others may read this directory, and it holds other things: name one of its own, or run chmod 700 on it";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    std::fs::set_permissions(path, Permissions::from_mode(0o700))?;
    tracing::warn!(directory = %path.display(), "others could read the data directory: it is closed to them now");
    Ok(())
}

/// Writes a file that only its owner can read. It is written whole or not at all, and durable when this returns.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_whole(path, bytes, 0o600)
}

/// Writes a file with these permissions. It is written whole or not at all, and durable when this returns. Somebody else who
/// may write to the folder cannot lead it elsewhere, or make it theirs: the name under which it is written is new, and
/// nobody can know it before.
pub fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut random = [0; 8];
    System.fill(&mut random);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}.new", u64::from_be_bytes(random)));
    let staged = path.with_file_name(name);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&staged)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let named = written.and_then(|()| std::fs::rename(&staged, path));
    if named.is_err() {
        // What went wrong first is what is told.
        let _ = std::fs::remove_file(&staged);
    }
    named?;
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    OpenOptions::new().read(true).open(dir)?.sync_all()
}

/// Reads a file of at most so many bytes; a larger one is [`io::ErrorKind::FileTooLarge`].
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_open(OpenOptions::new().read(true).open(path)?, most)
}

/// Reads a file with a secret, which only this user or root can have written. What the program was started with, such as `/dev/stdin`,
/// is read whoever made it.
pub(crate) fn read_secret(path: &Path) -> io::Result<Vec<u8>> {
    if path.parent().is_some_and(|dir| DESCRIPTORS.iter().any(|known| dir == Path::new(known))) {
        return read(path);
    }
    read_open(private::open(path)?, READ_BYTES)
}

/// Refuses a directory that may be somebody else's work, or has such a file under one of these names. Says which path it is.
pub(crate) fn check(dir: &Path, names: &[&str]) -> Result<(), (PathBuf, io::Error)> {
    private::check_dir(dir).map_err(|error| (dir.to_owned(), error))?;
    names.iter().map(|name| dir.join(name)).try_for_each(|path| match private::check_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err((path, error)),
        _ => Ok(()),
    })
}

/// Reads a file of a data directory that one looks at without working on it.
pub fn read_in(dir: &Path, name: &str) -> io::Result<Vec<u8>> {
    read_open(private::open_in(dir, name)?, READ_BYTES)
}

fn read_open(file: File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {} MiB", most >> 20)));
    }
    Ok(bytes)
}

/// Reads a file of a reasonable size.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_at_most(path, READ_BYTES)
}
