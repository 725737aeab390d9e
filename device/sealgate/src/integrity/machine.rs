//! The machine as this part of the SDK sees it: a port, so that tests give their own.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The most of the system's lists that is read.
const LIST_BYTES: u64 = 64 << 20;

/// Whose the files of users are that a namespace does not know, where the system does not say.
const STRANGER: u32 = 65_534;

/// A file, and what the system says about it.
pub struct Opened {
    /// What is in it.
    pub content: Box<dyn ReadSeek>,
    /// Its number on its device.
    pub inode: u64,
    /// Whether it is a regular file.
    pub is_file: bool,
    /// Whether it is the administrator's, and nobody else may write it.
    pub is_administrators: bool,
}

/// What can be read from any place.
pub trait ReadSeek: Read + io::Seek + Send {}
impl<T: Read + io::Seek + Send> ReadSeek for T {}

/// What is asked of a machine.
pub trait Machine {
    /// The list of what this process has mapped, in the form of `proc_pid_maps(5)`.
    fn maps(&self) -> io::Result<Vec<u8>>;
    /// What this process was started with, in the form of `proc_pid_environ(5)`.
    fn environment(&self) -> io::Result<Vec<u8>>;
    /// What is loaded into every program, as `ld.so(8)` reads it; nothing where there is no such file.
    fn preloaded_everywhere(&self) -> io::Result<Vec<u8>>;
    /// Where a path leads.
    fn real_path(&self, path: &Path) -> io::Result<PathBuf>;
    /// Opens a file to read it.
    fn open(&self, path: &Path) -> io::Result<Opened>;
    /// Opens the executable that this process was started from, also where its name is gone.
    fn executable(&self) -> io::Result<Opened>;
    /// Whether a folder and all above it are the administrator's, and nobody else may write them.
    fn is_administrators_folder(&self, path: &Path) -> bool;
}

/// The machine that this program runs on, if it runs Linux.
#[derive(Debug, Clone, Copy, Default)]
pub struct LinuxMachine;

impl Machine for LinuxMachine {
    fn maps(&self) -> io::Result<Vec<u8>> {
        read("/proc/self/maps")
    }

    fn environment(&self) -> io::Result<Vec<u8>> {
        read("/proc/self/environ")
    }

    fn preloaded_everywhere(&self) -> io::Result<Vec<u8>> {
        match read("/etc/ld.so.preload") {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(vec![]),
            read => read,
        }
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        path.canonicalize()
    }

    fn open(&self, path: &Path) -> io::Result<Opened> {
        // A pipe in the place of a file would make this wait for ever.
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no regular file"));
        }
        opened(path)
    }

    fn executable(&self) -> io::Result<Opened> {
        opened(Path::new("/proc/self/exe"))
    }

    fn is_administrators_folder(&self, path: &Path) -> bool {
        let is_safe = |folder: &Path| {
            std::fs::symlink_metadata(folder).is_ok_and(|it| it.is_dir() && is_administrators(&it))
        };
        path.is_absolute() && path.ancestors().all(is_safe)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the adapter to the machine's files")]
fn opened(path: &Path) -> io::Result<Opened> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    Ok(Opened {
        inode: metadata.ino(),
        is_file: metadata.is_file(),
        is_administrators: is_administrators(&metadata),
        content: Box::new(file),
    })
}

fn is_administrators(metadata: &std::fs::Metadata) -> bool {
    const GROUP_AND_OTHERS_WRITE: u32 = 0o022;
    let is_owned = metadata.uid() == 0 || is_unknown_here(metadata.uid());
    is_owned && metadata.mode() & GROUP_AND_OTHERS_WRITE == 0
}

/// Whether a file's owner is nobody whom this process's namespace of users knows (`user_namespaces(7)`): in a sandbox that knows its own user
/// alone, the administrator's files are shown so. Whoever can make such a namespace can be the administrator in one, too.
fn is_unknown_here(owner: u32) -> bool {
    let text = |path| read(path).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let stranger = text("/proc/sys/kernel/overflowuid").and_then(|number| number.trim().parse().ok());
    owner == stranger.unwrap_or(STRANGER) && text("/proc/self/uid_map").is_some_and(|map| !knows(&map, owner))
}

/// Whether a map of users has a user of this number.
fn knows(map: &str, user: u32) -> bool {
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(|number| number.parse::<u64>().ok());
        let (first, count) = (numbers.next().flatten(), numbers.nth(1).flatten());
        // What cannot be read is taken to be there.
        first
            .zip(count)
            .is_none_or(|(first, count)| (first..first.saturating_add(count)).contains(&u64::from(user)))
    })
}

#[expect(clippy::disallowed_methods, reason = "this is the adapter to the machine's files")]
fn read(path: &str) -> io::Result<Vec<u8>> {
    let mut bytes = vec![];
    File::open(path)?.take(LIST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIST_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than 64 MiB"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{STRANGER, knows};

    #[test]
    fn a_namespace_knows_whom_it_maps() {
        for (map, is_known) in [
            ("         0          0 4294967295\n", true),
            ("         0       1000          1\n", false),
            ("         0       1000          1\n         1     100000      65536\n", true),
            ("         0       1000          1\n         1     100000      65533\n", false),
            ("     65534       1000          1\n", true),
            ("", false),
            ("no map\n", true),
        ] {
            assert_eq!(knows(map, STRANGER), is_known, "{map}");
        }
    }
}
