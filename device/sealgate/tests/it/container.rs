//! Containers on media that change, end, fail and lie (`spec/container.md` §5.2).
#![expect(clippy::disallowed_methods, reason = "files and a child are what is tested")]

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Command;

use sealgate::Code;
use sealgate::container::{ContainerError, EntryName, Head, Layout, Purpose, StageError, Staged, check};

use crate::looker::program;

const PACKAGE: EntryName = EntryName::Package;
/// What a child is told to do.
const CHILD: &str = "SEALGATE_CONTAINER_CHILD";
const LARGE: u64 = 100_000_000;
const MIB: u64 = 1024 * 1024;

fn statement() -> Vec<u8> {
    [&[0, 2, 1][..], b"{}", &[7; 64]].concat()
}

/// An update with a package of this length, written piece by piece.
fn write_update(out: &mut impl Write, package: u64) {
    let statement = statement();
    let names = [EntryName::Release, EntryName::Root, EntryName::Keyset, EntryName::TenantKeyset];
    let heads = names.map(|name| Head { name, length: statement.len() as u64 });
    let heads = heads.into_iter().chain([Head { name: PACKAGE, length: package }]);
    let layout = Layout::new(Purpose::Update, heads).expect("within the limits");
    let mut writer = sealgate_container::Writer::new(&layout);
    out.write_all(writer.header()).expect("written");
    let mut put = |bytes: &[u8]| {
        writer.push(bytes).expect("as its heads say");
        out.write_all(bytes).expect("written");
    };
    for _ in names {
        put(&statement);
    }
    let piece: Vec<u8> = (0..=u8::MAX).cycle().take(50_000).collect();
    let mut left = package;
    while left > 0 {
        let some = usize::try_from(left).expect("64 bits").min(piece.len());
        put(&piece[..some]);
        left -= some as u64;
    }
    out.write_all(&writer.finish().expect("complete")).expect("written");
}

fn update(package: u64) -> Vec<u8> {
    let mut file = vec![];
    write_update(&mut file, package);
    file
}

fn copied(staged: &Staged) -> Vec<u8> {
    let mut package = vec![];
    let entry = staged.container().only(PACKAGE).expect("every update has one");
    staged.stream(entry).read_to_end(&mut package).expect("as it was copied");
    package
}

/// A medium that gives a few bytes at a time, is interrupted, and holds something else once it was read.
struct Changing {
    file: Vec<u8>,
    read: usize,
    turn: usize,
}

impl Read for Changing {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.turn += 1;
        if self.turn.is_multiple_of(5) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let some = bytes.len().min(self.turn % 40 + 1).min(self.file.len() - self.read);
        bytes[..some].copy_from_slice(&self.file[self.read..][..some]);
        // What was given is something else from now on.
        self.file[self.read..][..some].fill(0xEE);
        self.read += some;
        Ok(some)
    }
}

#[test]
fn only_the_copy_is_used() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("import");
    let file = update(3_000);
    let mut medium = Changing { file: file.clone(), read: 0, turn: 0 };
    let mut heard = vec![];
    let staged =
        Staged::copy(&mut medium, Some(file.len() as u64), &folder, |done, of| heard.push((done, of)));
    let staged = staged.expect("a whole file");
    assert!(medium.file.iter().all(|byte| *byte == 0xEE), "all of it was read");
    assert_eq!(staged.container(), &sealgate_container::Container::read(&file).expect("a whole file"));
    for entry in staged.container().entries() {
        assert_eq!(Some(&staged.read(entry).expect("as it was copied")[..]), entry.contents(&file));
    }
    let package = staged.container().only(PACKAGE).expect("every update has one");
    assert_eq!(package.contents(&file), Some(&copied(&staged)[..]));
    assert_eq!(heard.last(), Some(&(file.len() as u64, file.len() as u64)));
    assert!(heard.is_sorted() && heard.len() > 50);

    // The same on a path: what is put there afterwards is not looked at.
    let path = place.path().join("update.sgupd");
    std::fs::write(&path, &file).expect("written");
    let staged = Staged::copy_file(&path, &folder, |_, _| ()).expect("a whole file");
    std::fs::write(&path, update(4_000)).expect("written");
    assert_eq!(package.contents(&file), Some(&copied(&staged)[..]));
    drop(staged);
    assert_eq!(std::fs::read_dir(&folder).expect("our own").count(), 0);
}

/// Nothing is written for it, and nothing read beyond the heads.
#[test]
fn a_file_that_lies_costs_nothing() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("import");
    let file = update(1_000);
    let heads = 12 + 9 * 5;
    let claims = |length: u64| {
        let mut file = file.clone();
        file[12 + 9 * 4 + 1..][..8].copy_from_slice(&length.to_be_bytes());
        file
    };
    for (claimed, size, code) in [
        (10_000_000_000, None, Code::ContainerInvalid),
        (10_000_000_000, Some(10_000_000_000), Code::ArtifactTooLarge),
        (u64::MAX, None, Code::ContainerInvalid),
        (1 << 32, Some(file.len() as u64), Code::ContainerTruncated),
        (10, Some(file.len() as u64), Code::ContainerInvalid),
    ] {
        let mut medium = &claims(claimed)[..];
        let mut heard = 0;
        let error = Staged::copy(&mut medium, size, &folder, |_, _| heard += 1).expect_err("a lie");
        assert_eq!((error.code(), heard), (code, 0), "{error}");
        assert!(medium.len() >= file.len() - heads, "{claimed}: nothing of the contents was read");
        assert!(!folder.exists());
    }
    let mut medium = &b"no container"[..];
    let error = check(&mut medium, None).expect_err("another file");
    assert!(matches!(error, StageError::Container(ContainerError::Unknown)));
    assert_eq!(error.fix(), "Check that this is the right file.");
}

/// A medium that cannot be read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("bad sector"))
    }
}

#[test]
fn a_medium_that_ends_or_fails_leaves_nothing() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("import");
    let file = update(300_000);
    let left = || std::fs::read_dir(&folder).map_or(0, Iterator::count);
    for end in [0, 8, 30, 60, 1_000, 200_000, file.len() - 1] {
        let error = Staged::copy(&file[..end], None, &folder, |_, _| ()).expect_err("cut");
        let expected = if end < 9 { Code::ContainerUnknown } else { Code::ContainerTruncated };
        assert_eq!((error.code(), left()), (expected, 0), "{end} bytes: {error}");
    }
    for end in [0, 30, 200_000, file.len()] {
        let error = Staged::copy(file[..end].chain(Broken), None, &folder, |_, _| ()).expect_err("broken");
        assert_eq!(error.to_string(), "the file cannot be read: bad sector");
        assert_eq!((error.code(), left()), (Code::FileUnreadable, 0));
    }
    // A folder that is a file.
    let error = Staged::copy(&file[..], None, &folder_that_is_a_file(place.path()), |_, _| ())
        .expect_err("no folder");
    assert!(matches!(error, StageError::Copy(_)), "{error}");
}

fn folder_that_is_a_file(place: &Path) -> std::path::PathBuf {
    let path = place.join("file");
    std::fs::write(&path, b"").expect("written");
    path
}

#[test]
fn a_package_is_only_given_piece_by_piece() {
    let place = tempfile::tempdir().expect("a folder");
    let file = update(262_145);
    let staged = Staged::copy(&file[..], None, place.path(), |_, _| ()).expect("a whole file");
    let package = staged.container().only(PACKAGE).expect("every update has one");
    assert!(matches!(staged.read(package), Err(StageError::EntryTooLarge)));
    assert_eq!(copied(&staged).len(), 262_145);
}

/// A disk that gives other bytes than it was given.
#[cfg(target_os = "linux")]
#[test]
fn a_copy_that_changed_is_not_given() {
    use std::os::unix::fs::FileExt;
    let place = tempfile::tempdir().expect("a folder");
    let file = update(1_000);
    let staged = Staged::copy(&file[..], None, place.path(), |_, _| ()).expect("a whole file");
    let open = std::fs::read_dir("/proc/self/fd").expect("Linux").filter_map(Result::ok);
    let is_copy =
        |path: &std::path::PathBuf| std::fs::read_link(path).is_ok_and(|to| to.starts_with(place.path()));
    let copy = open.map(|entry| entry.path()).find(is_copy).expect("it is open");
    let copy = std::fs::OpenOptions::new().write(true).open(copy).expect("our own");

    let package = *staged.container().only(PACKAGE).expect("every update has one");
    copy.write_all_at(b"x", package.offset + 500).expect("written");
    assert!(matches!(staged.read(&package), Err(StageError::CopyDamaged)));
    let mut streamed = vec![];
    let error = staged.stream(&package).read_to_end(&mut streamed).expect_err("damaged");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    staged.read(staged.container().main()).expect("the others are whole");
    copy.set_len(package.offset + 10).expect("cut");
    assert!(matches!(staged.read(&package), Err(StageError::CopyDamaged)));
    staged.stream(&package).read_to_end(&mut streamed).expect_err("cut");
}

/// `spec/container.md` §5.2: no more memory for a large file than for a small one. The child writes 100 MB, copies and reads them, and
/// refuses a file that claims 10 GB.
#[cfg(target_os = "linux")]
#[test]
fn a_large_file_needs_little_memory() {
    let mut child = Command::new(program());
    child.args(["--exact", "container::child", "--nocapture", "--test-threads=1"]);
    let told = child.env(CHILD, "1").output().expect("it starts");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let (_, peak) = told.split_once("PEAK ").unwrap_or_else(|| panic!("{told}"));
    let kib: u64 = peak.split_whitespace().next().and_then(|kib| kib.parse().ok()).expect("a number");
    assert!(kib * 1024 <= 32 * MIB, "{kib} KiB");
}

/// Only as a child: what the test above measures.
#[cfg(target_os = "linux")]
#[test]
fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("update.sgupd");
    write_update(&mut std::fs::File::create(&path).expect("made"), LARGE);
    let folder = place.path().join("import");
    let staged = Staged::copy_file(&path, &folder, |_, _| ()).expect("a whole file");
    let package = staged.container().only(PACKAGE).expect("every update has one");
    assert_eq!(io::copy(&mut staged.stream(package), &mut io::sink()).expect("as it was copied"), LARGE);

    let mut claims = update(1_000);
    claims[12 + 9 * 4 + 1..][..8].copy_from_slice(&10_000_000_000_u64.to_be_bytes());
    Staged::copy(&claims[..], None, &folder, |_, _| ()).expect_err("a lie");

    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux");
    println!("PEAK {}", peak.trim());
}
