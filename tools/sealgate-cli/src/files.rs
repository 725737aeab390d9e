//! The files that the program reads and writes for its user.
#![expect(clippy::disallowed_methods, reason = "this is the program's file adapter")]

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sealgate_artifact::Code;
use sealgate_container::Container;
pub(crate) use sealgate_server::files::read_in;
use sealgate_server::files::{make_private_dir, read_at_most, write_whole};
use sealgate_signer::private;

use crate::failure::Failure;
use crate::streams::{self, Item, is_dash, read_input, write_output};

/// No file that a person hands to this program is larger.
const READ_BYTES: u64 = 4 * 1024 * 1024;
/// A server takes no larger one.
const READ_CONTAINER_BYTES: u64 = 16 * 1024 * 1024;
/// An exported log is larger, because it grows for years.
const READ_LARGE_BYTES: u64 = 1024 * 1024 * 1024;
/// What its group and all others may do with a file.
const OTHERS: u32 = 0o077;

/// Writes a file that anyone can read, whole or not at all. A device or a pipe is written to, not replaced.
pub(crate) fn write_public(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if is_dash(path) {
        return write_output(bytes);
    }
    if is_open_already(path) || is_no_file(path) {
        return write_on(path, bytes);
    }
    write_whole(path, bytes, 0o644)
}

/// Writes a file that only its owner can read, whole or not at all: it holds keys, or customers' data. What this program was
/// started with, such as `/dev/stdout`, is written to, and so is a device; a pipe or a link may be somebody else's.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if is_dash(path) {
        return write_output(bytes);
    }
    if is_open_already(path) || is_device(path) {
        return write_on(path, bytes);
    }
    if is_no_file(path) {
        let why = "this is no file, and may be somebody else's: /dev/stdout can go into a pipe";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    write_whole(path, bytes, 0o600)
}

/// Opens a file that only its owner can read, to write behind what is there, and says what that is. What is somebody else's, or
/// others can read, is refused.
pub(crate) fn append_private(path: &Path) -> io::Result<(File, Vec<u8>)> {
    let denied = |why| Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    if is_open_already(path) || is_device(path) {
        return Ok((OpenOptions::new().append(true).open(path)?, Vec::new()));
    }
    match std::fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
            return Ok((file, Vec::new()));
        }
        Err(e) => return Err(e),
        Ok(there) if !there.is_file() => return denied("this is no file, and may be somebody else's"),
        Ok(_) => {}
    }
    let file = OpenOptions::new().read(true).append(true).open(path)?;
    // Of what was opened: somebody may have put another file there meanwhile.
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        return denied("others can read this file: take that right away, or give another name");
    }
    let mut there = Vec::new();
    (&file).take(READ_LARGE_BYTES).read_to_end(&mut there)?;
    Ok((file, there))
}

/// Behind what is there: standard output may be a file that others wrote to before.
fn write_on(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.write_all(bytes)
}

/// Whether it names a descriptor of this program, as `/dev/stdout` and `/dev/fd/3` do. Links are followed only out of `/dev` itself,
/// where nobody but the system makes any: a folder below it, such as `/dev/shm`, is like every other folder.
fn is_open_already(path: &Path) -> bool {
    let lies_in = |path: &Path, folder: &str| {
        let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
        parent.is_some_and(|parent| Path::new(folder).canonicalize().is_ok_and(|folder| folder == parent))
    };
    let is_descriptor = |path: &Path| ["/proc/self/fd", "/dev/fd"].iter().any(|fds| lies_in(path, fds));
    let leads_to_one = || std::fs::read_link(path).is_ok_and(|to| is_descriptor(&Path::new("/dev").join(to)));
    is_descriptor(path) || lies_in(path, "/dev") && leads_to_one()
}

/// Whether it is a device that one writes to as to a stream, such as `/dev/null`; a link to one is none.
fn is_device(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|there| there.file_type().is_char_device())
}

/// Whether a file would be lost that is written over: also a link that leads nowhere. A device or a pipe is written to, and loses nothing.
pub(crate) fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|there| there.is_file() || there.is_symlink())
        && !is_no_file(path)
}

/// Whether it is a folder.
pub(crate) fn is_folder(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|there| there.is_dir())
}

/// Whether two paths lead to one file, also where it is not there yet. Devices keep nothing that could be lost.
pub(crate) fn are_same(a: &Path, b: &Path) -> bool {
    let found = |path: &Path| std::fs::metadata(path).ok();
    match (found(a), found(b)) {
        (Some(a), Some(b)) => a.is_file() && (a.dev(), a.ino()) == (b.dev(), b.ino()),
        (None, None) => place(a) == place(b),
        _ => false,
    }
}

/// Where a file that is not there would be made.
fn place(path: &Path) -> PathBuf {
    let path = std::fs::read_link(path).map_or_else(|_| path.to_owned(), |to| path.with_file_name(to));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    path.file_name().map_or_else(|| folder.clone(), |name| folder.join(name))
}

fn is_no_file(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir())
}

/// Makes a directory that anyone can read.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

/// Makes a directory that only its owner can read, and every missing one above it.
pub(crate) fn make_own_dir(path: &Path) -> io::Result<()> {
    make_private_dir(path)
}

/// Reads a file with a secret from a directory of one's own. It is refused where others can read it, or can put another in its place.
pub(crate) fn read_own(dir: &Path, path: &Path) -> io::Result<Vec<u8>> {
    private::check_dir(dir)?;
    let mut file = private::open(path)?;
    let is_open = |mode: u32| mode & OTHERS != 0;
    if is_open(std::fs::metadata(dir)?.mode()) || is_open(file.metadata()?.mode()) {
        let why = format!(
            "others can read it: run chmod 700 {} and chmod 600 on the files in it; if somebody may have read the token, revoke it",
            dir.display()
        );
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    let mut bytes = Vec::new();
    (&mut file).take(READ_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The names of a directory's files with that ending, without it, in order. None where there is no directory.
pub(crate) fn named(dir: &Path, ending: &str) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        entries => entries?,
    };
    let mut names = vec![];
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == ending) {
            names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
        }
    }
    names.sort();
    Ok(names)
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Reads a file of a reasonable size.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_file_or_input(path, READ_BYTES)
}

/// Reads a container that goes to a server.
pub(crate) fn read_container(path: &Path) -> io::Result<Vec<u8>> {
    read_file_or_input(path, READ_CONTAINER_BYTES)
}

/// A file that cannot be read. Where its path is wrong, that is what to look at.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    use io::ErrorKind::{InvalidFilename, IsADirectory, NotADirectory, NotFound, PermissionDenied};
    let failure = Failure::new(Code::FileUnreadable, format!("{}: {error}", path.display()));
    match error.kind() {
        InvalidFilename | IsADirectory | NotADirectory | NotFound | PermissionDenied => {
            failure.fix("check the path of the file and its permissions")
        }
        _ => failure,
    }
}

/// Reads an exported log.
pub(crate) fn read_large(path: &Path) -> io::Result<Vec<u8>> {
    read_file_or_input(path, READ_LARGE_BYTES)
}

/// A file that may be a container, which may be large.
pub(crate) enum Input {
    /// It begins as one does.
    Container(Stream),
    /// Any other file, whole, of a reasonable size.
    Other(Vec<u8>),
}

/// A file that is read once, as it comes.
pub(crate) struct Stream {
    pub(crate) read: Box<dyn Read>,
    /// Its size, where it has one before it is read.
    pub(crate) size: Option<u64>,
}

/// Reads a file, or the beginning of a container.
pub(crate) fn open(path: &Path) -> io::Result<Input> {
    let (read, size): (Box<dyn Read>, _) = if is_dash(path) {
        (Box::new(io::stdin().lock()), None)
    } else {
        let file = File::open(path)?;
        let there = file.metadata()?;
        (Box::new(file), there.is_file().then_some(there.len()))
    };
    let mut begin = vec![];
    let mut read = read.take(u64::MAX);
    read.set_limit(Container::MAGIC_BYTES as u64);
    read.read_to_end(&mut begin)?;
    read.set_limit(u64::MAX);
    if Container::has_magic(&begin) {
        return Ok(Input::Container(Stream { read: Box::new(io::Cursor::new(begin).chain(read)), size }));
    }
    read.set_limit(READ_BYTES);
    read.read_to_end(&mut begin)?;
    if begin.len() as u64 > READ_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("larger than {} MiB", READ_BYTES >> 20),
        ));
    }
    Ok(Input::Other(begin))
}

fn read_file_or_input(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if is_dash(path) { read_input(most) } else { read_at_most(path, most) }
}

/// The items of a list, in a file or on standard input.
pub(crate) fn items(path: &Path) -> Result<Vec<Item>, Failure> {
    if is_dash(path) {
        return streams::items_of_input();
    }
    let name = path.display().to_string();
    let file = File::open(path).map_err(|e| streams::unreadable(&format!("{name}: {e}")))?;
    streams::items(BufReader::new(file), &name)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use super::*;

    /// A folder below `/dev` is as other folders are: everybody may write there, and what lies there is somebody's.
    #[test]
    fn what_others_put_into_a_shared_folder_gets_nothing() {
        for place in ["/dev/shm", "/tmp"] {
            let folder = tempfile::tempdir_in(place).unwrap();
            let [planted, victim, link, new, pipe, device] =
                ["planted", "victim", "link", "new", "pipe", "device"].map(|name| folder.path().join(name));
            for file in [&planted, &victim] {
                fs::write(file, vec![b'x'; 6_000]).unwrap();
                fs::set_permissions(file, fs::Permissions::from_mode(0o666)).unwrap();
            }
            let theirs = fs::File::open(&planted).unwrap();
            symlink(&victim, &link).unwrap();
            for path in [&planted, &link, &new] {
                write_private(path, b"secret").unwrap();
                let there = fs::symlink_metadata(path).unwrap();
                assert_eq!(
                    (fs::read(path).unwrap(), there.mode() & 0o777),
                    (b"secret".to_vec(), 0o600),
                    "{path:?}"
                );
                assert!(there.is_file(), "{path:?}");
            }
            assert_eq!(theirs.metadata().unwrap().len(), 6_000, "it was replaced, not written into");
            assert_eq!(fs::read(&victim).unwrap().len(), 6_000);

            assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            symlink("/dev/null", &device).unwrap();
            for path in [&pipe, &device] {
                let refused = write_private(path, b"secret").unwrap_err();
                assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "{path:?}");
            }
            write_public(&device, b"for all").unwrap();
            write_public(&link, b"for all").unwrap();
            assert_eq!(fs::read(&link).unwrap(), b"for all");
        }
    }

    #[test]
    fn what_is_open_already_and_devices_are_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        (&file).write_all(b"before ").unwrap();
        let descriptor = std::os::fd::AsRawFd::as_raw_fd(&file);
        write_private(Path::new(&format!("/dev/fd/{descriptor}")), b"one ").unwrap();
        write_public(Path::new(&format!("/proc/self/fd/{descriptor}")), b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"before one two");
        for write in [write_private, write_public] {
            write(Path::new("/dev/null"), b"secret").unwrap();
        }
        assert!(is_open_already(Path::new("/dev/stdout")) && !is_open_already(Path::new("/dev/null")));
    }
}
