//! The machine's folders and drives: a port, and the system behind it.
#![expect(clippy::disallowed_methods, reason = "this is the adapter to folders and drives")]

use std::ffi::OsStr;
use std::fs::{DirEntry, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sealgate_container::Purpose;

/// Names that are read of a folder. Blocks a folder that somebody filled to hold the program.
const NAMES: usize = 10_000;

/// Whether links count as what they lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    Followed,
    LeftOut,
}

/// A file by its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sized {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

/// What lies in a folder.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// License files by their names, in the order of these.
    pub(super) files: Vec<Sized>,
    /// Whether more names were there than are read.
    pub(super) has_more: bool,
}

/// Folders and drives. Any call may hang as long as a drive does.
pub(super) trait Disk: Send + Sync {
    /// The roots of drives that can be taken out.
    fn drives(&self) -> Vec<PathBuf>;

    /// The license files in a folder, not in those below.
    fn list(&self, folder: &Path, links: Links) -> io::Result<Listing>;

    /// One file. An error where it is none.
    fn size(&self, file: &Path) -> io::Result<Sized>;

    /// The contents, of a file that is not longer than a license file is.
    fn read(&self, file: &Path, links: Links) -> io::Result<Vec<u8>>;
}

/// This machine.
pub(super) struct System;

impl Disk for System {
    fn drives(&self) -> Vec<PathBuf> {
        drives()
    }

    fn list(&self, folder: &Path, links: Links) -> io::Result<Listing> {
        let mut names = std::fs::read_dir(folder)?;
        let mut listing = Listing::default();
        for name in names.by_ref().take(NAMES) {
            listing.files.extend(sized(&name?, links));
        }
        listing.has_more = names.next().is_some();
        listing.files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(listing)
    }

    fn size(&self, file: &Path) -> io::Result<Sized> {
        let there = std::fs::metadata(file)?;
        if !there.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no file"));
        }
        Ok(Sized { path: file.to_owned(), bytes: there.len() })
    }

    fn read(&self, file: &Path, links: Links) -> io::Result<Vec<u8>> {
        let most = Purpose::License.most_bytes();
        let file = open(file, links)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no file"));
        }
        let mut bytes = vec![];
        file.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than any license file"));
        }
        Ok(bytes)
    }
}

/// A license file by its name, in whatever case a drive writes that. What cannot be looked at is none.
fn sized(entry: &DirEntry, links: Links) -> Option<Sized> {
    let path = entry.path();
    let ending = Purpose::License.file_ending().trim_start_matches('.');
    path.extension().and_then(OsStr::to_str).filter(|end| end.eq_ignore_ascii_case(ending))?;
    let there: Metadata = match links {
        Links::Followed => std::fs::metadata(&path).ok()?,
        Links::LeftOut => entry.metadata().ok()?,
    };
    there.is_file().then_some(Sized { bytes: there.len(), path })
}

/// Neither a pipe that took the file's place since holds the program, nor is a link followed where none is to be.
#[cfg(unix)]
fn open(file: &Path, links: Links) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;
    let flags = match links {
        Links::Followed => OFlags::NONBLOCK,
        Links::LeftOut => OFlags::NONBLOCK | OFlags::NOFOLLOW,
    };
    let flags = i32::try_from(flags.bits()).expect("flags of the system fit");
    OpenOptions::new().read(true).custom_flags(flags).open(file)
}

#[cfg(not(unix))]
fn open(file: &Path, _: Links) -> io::Result<File> {
    OpenOptions::new().read(true).open(file)
}

#[cfg(target_os = "linux")]
fn drives() -> Vec<PathBuf> {
    /// 100,000 mounts with long paths have more, and then the first ones do.
    const LIST: u64 = 16 * 1024 * 1024;
    let mut list = vec![];
    let file = File::open("/proc/self/mountinfo");
    // A machine that shows no list has no drives to offer.
    let _ = file.and_then(|file| file.take(LIST).read_to_end(&mut list));
    super::drives::removable(&list, is_removable)
}

/// Whether the system says that the device can be taken out, or it is plugged in by USB: a disk in a case says no more than that.
#[cfg(target_os = "linux")]
fn is_removable(super::drives::Device { major, minor }: super::drives::Device) -> bool {
    let device = format!("/sys/dev/block/{major}:{minor}");
    let says = |file: String| {
        let mut text = String::new();
        File::open(file).and_then(|file| file.take(8).read_to_string(&mut text)).is_ok() && text.trim() == "1"
    };
    let is_usb = || {
        let path = std::fs::canonicalize(&device).unwrap_or_default();
        path.components().any(|part| {
            let name = part.as_os_str().to_str().unwrap_or_default();
            name.strip_prefix("usb").is_some_and(|bus| bus.bytes().all(|digit| digit.is_ascii_digit()))
        })
    };
    // The second of a partition, which lies below its disk.
    says(format!("{device}/removable")) || says(format!("{device}/../removable")) || is_usb()
}

#[cfg(not(target_os = "linux"))]
fn drives() -> Vec<PathBuf> {
    vec![]
}
