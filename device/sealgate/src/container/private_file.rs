//! A file that nobody else can open, also nobody of the same user, and of which nothing is left when the program ends.
#![expect(clippy::disallowed_methods, reason = "this is the file adapter of private copies")]

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use sealgate_artifact::encode_hex;

use crate::{private, random};

const PREFIX: &str = "copy-";
/// 16 bytes.
const DIGITS: usize = 32;

/// A new and empty file.
#[derive(Debug)]
pub(super) struct PrivateFile {
    pub(super) file: File,
    /// Where it is, as long as it has a name.
    named: Option<PathBuf>,
}

impl PrivateFile {
    /// Makes it in this folder, which is made if it is not there, and closed to everybody else. Where the system allows it, the file
    /// has no name from then on: whatever ends the program, the room is given back.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let number = random::bits::<16>().map_err(io::Error::other)?;
        let path = folder.join(format!("{PREFIX}{}", encode_hex(&number[..])));
        private::make_folder(folder)?;
        sweep(folder);
        let mut options = private::for_owner();
        options.read(true).write(true).create_new(true);
        let file = private::open(&options, &path)?;
        let mut made = Self { file, named: Some(path) };
        made.remove();
        Ok(made)
    }

    fn remove(&mut self) {
        if let Some(path) = &self.named
            && std::fs::remove_file(path).is_ok()
        {
            self.named = None;
        }
    }

    /// As many bytes as there are from this place on, and as fit.
    #[cfg(unix)]
    pub(super) fn read_at(&self, bytes: &mut [u8], place: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, bytes, place)
    }

    /// As many bytes as there are from this place on, and as fit.
    #[cfg(not(unix))]
    pub(super) fn read_at(&self, bytes: &mut [u8], place: u64) -> io::Result<usize> {
        use std::io::{Read, Seek, SeekFrom};
        // Whoever reads at the same time gets other bytes, which have another hash.
        (&self.file).seek(SeekFrom::Start(place))?;
        (&self.file).read(bytes)
    }
}

/// Removes names that a program which was killed left behind. One that another program has just made can go, too: it takes the name away itself
/// where the system allows it, and else nobody removes a file that is open.
fn sweep(folder: &Path) {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_copy = |name: &str| {
        let digits = name.strip_prefix(PREFIX);
        digits.is_some_and(|it| it.len() == DIGITS && it.bytes().all(|digit| digit.is_ascii_hexdigit()))
    };
    for left in names.filter(|left| left.file_name().to_str().is_some_and(is_copy)) {
        // What cannot be removed is in nobody's way.
        let _ = std::fs::remove_file(left.path());
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        self.remove();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::PrivateFile;

    /// `spec/container.md` §5.2: a folder that only the program can enter, and a file that only it can open.
    #[test]
    fn nobody_else_enters_the_folder_or_finds_the_file() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("state/import");
        let made = PrivateFile::new(&folder).expect("it is made");
        let there = made.file.metadata().expect("it is open");
        assert_eq!((there.mode() & 0o777, there.nlink()), (0o600, 0));
        let rights = || std::fs::metadata(&folder).expect("it is there").mode() & 0o777;
        assert_eq!(rights(), 0o700);
        let names = || std::fs::read_dir(&folder).expect("our own").count();
        assert_eq!(names(), 0);
        drop(made);
        assert_eq!(names(), 0);

        // What a program that was killed left behind goes with the next copy.
        let left = folder.join(format!("copy-{}", "0a".repeat(16)));
        std::fs::write(&left, b"").expect("our own");
        std::fs::write(folder.join("copy-of-mine"), b"").expect("our own");
        drop(PrivateFile::new(&folder).expect("it is made"));
        assert_eq!(names(), 1, "another file stays");
        std::fs::remove_file(folder.join("copy-of-mine")).expect("our own");

        // One that was made before is closed; one that everybody may write to, as /tmp, is refused.
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).expect("our own");
        PrivateFile::new(&folder).expect("it is made");
        assert_eq!(rights(), 0o700);
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o1777)).expect("our own");
        let error = PrivateFile::new(&folder).expect_err("a folder like /tmp");
        assert_eq!(
            error.to_string(),
            "others may write to this folder, and it is shared: name one of the program's own"
        );
        assert_eq!(names(), 0);
    }
}
