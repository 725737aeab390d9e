//! The machine as this part of the SDK sees it: a port, so that tests give their own.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The most of the system's lists that is read.
const LIST_BYTES: u64 = 64 << 20;

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
    metadata.uid() == 0 && metadata.mode() & GROUP_AND_OTHERS_WRITE == 0
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
