//! The order, the limits, and places that do not answer.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::super::disk::{Disk, Links, Listing, Sized};
use super::super::found::{Source, Why};
use super::BundleSearch;

/// Drives that are there, each with so many files; those called `hangs` answer once they are let go.
#[derive(Default)]
struct Drives {
    there: Vec<(PathBuf, usize)>,
    is_let_go: Mutex<bool>,
    let_go: Condvar,
}

impl Drives {
    fn of(drives: &[(&str, usize)]) -> Arc<Self> {
        let drives = drives.iter().map(|(path, files)| (PathBuf::from(path), *files)).collect();
        Arc::new(Self { there: drives, ..Self::default() })
    }

    fn hang(&self, path: &Path) {
        let is_of_it = path.ancestors().any(|part| part.ends_with("hangs"));
        let mut is_let_go = self.is_let_go.lock().expect("whole");
        while is_of_it && !*is_let_go {
            is_let_go = self.let_go.wait(is_let_go).expect("whole");
        }
    }

    fn let_go(&self) {
        *self.is_let_go.lock().expect("whole") = true;
        self.let_go.notify_all();
    }
}

impl Disk for Drives {
    fn drives(&self) -> Vec<PathBuf> {
        self.there.iter().map(|(path, _)| path.clone()).filter(|path| path.starts_with("/drive")).collect()
    }

    fn list(&self, folder: &Path, links: Links) -> io::Result<Listing> {
        self.hang(folder);
        assert_eq!(links == Links::LeftOut, folder.starts_with("/drive"));
        let place = self.there.iter().find(|(path, _)| path == folder);
        let (path, files) = place.ok_or(io::ErrorKind::NotFound)?;
        let file = |n| Sized { path: path.join(format!("{n:05}.sglic")), bytes: 900 };
        Ok(Listing { files: (0..*files).map(file).collect(), has_more: *files > 1_000 })
    }

    fn size(&self, file: &Path) -> io::Result<Sized> {
        Ok(Sized { path: file.to_owned(), bytes: 17 << 20 })
    }

    fn read(&self, file: &Path, _: Links) -> io::Result<Vec<u8>> {
        self.hang(file);
        Ok(vec![1])
    }
}

fn search(drives: &Arc<Drives>) -> BundleSearch {
    BundleSearch::on(drives.clone())
}

#[test]
fn places_are_looked_at_in_their_order_and_each_can_be_left_out() {
    let drives = Drives::of(&[("/drive/a", 1), ("/drive/b", 2), ("/conf", 1), ("/opt", 1)]);
    let all = search(&drives).folder("/conf").program_folder("/opt");
    let found = all.find();
    let sources: Vec<Source> = found.files.iter().map(super::Candidate::source).collect();
    assert_eq!(sources, [Source::Folder, Source::BesideProgram, Source::Drive, Source::Drive, Source::Drive]);
    assert!(found.overlooked.is_empty(), "{:?}", found.overlooked);
    let left = all.clone().without_drives().without_program_folder().find();
    assert_eq!(left.files.len(), 1);
    assert_eq!(left.files[0].path(), Path::new("/conf/00000.sglic"));
    // One place under two names of the caller's is one.
    assert_eq!(all.program_folder("/conf").without_drives().find().files.len(), 1);
}

#[test]
fn no_place_gives_more_than_its_share() {
    let drives: Vec<String> = (0..20).map(|n| format!("/drive/{n:02}")).collect();
    let drives: Vec<(&str, usize)> = drives.iter().map(|path| (path.as_str(), 65)).collect();
    let found = search(&Drives::of(&drives)).find();
    assert_eq!(found.files.len(), 16 * 64);
    let count = |is: fn(&Why) -> bool| found.overlooked.iter().filter(|it| is(&it.why)).count();
    assert_eq!(count(|why| matches!(why, Why::TooManyDrives)), 4);
    assert_eq!(count(|why| matches!(why, Why::TooMany)), 16);
    // Some names were not read at all.
    let found = search(&Drives::of(&[("/drive/full", 1_001)])).find();
    assert!(matches!(found.overlooked[..], [super::Overlooked { why: Why::TooMany, .. }]));
}

#[test]
fn what_is_too_large_or_not_there_is_named() {
    let found = search(&Drives::of(&[])).file("/large.sglic").folder("/none").find();
    assert!(found.files.is_empty());
    let whys: Vec<&Why> = found.overlooked.iter().map(|it| &it.why).collect();
    assert!(matches!(whys[..], [Why::Size(_), Why::Unreadable(_)]), "{whys:?}");
}

#[test]
fn a_drive_that_hangs_holds_nobody_and_is_not_asked_twice() {
    let drives = Drives::of(&[("/drive/hangs", 1), ("/drive/other", 1)]);
    let search = search(&drives).patience(Duration::from_millis(200));
    for _ in 0..2 {
        let found = search.find();
        assert_eq!(found.files.len(), 1);
        assert_eq!(found.files[0].path(), Path::new("/drive/other/00000.sglic"));
        assert!(matches!(found.overlooked[..], [super::Overlooked { why: Why::Silent, .. }]));
    }
    assert_eq!(super::locked(&search.hanging).len(), 1, "one thread hangs, not two");
    drives.let_go();
    // Its thread says that it came back; until then the drive is passed over.
    let files = || search.clone().patience(Duration::from_mins(1)).find().files.len();
    assert!((0..1_000_000).any(|_| files() == 2));
}

#[test]
fn a_file_on_a_drive_that_hangs_is_not_waited_for() {
    let drives = Drives::of(&[("/drive/hangs", 1)]);
    drives.let_go();
    let found = search(&drives).patience(Duration::from_millis(200)).find();
    assert_eq!(found.files[0].read().expect("it answers"), [1]);
    *drives.is_let_go.lock().expect("whole") = false;
    assert_eq!(found.files[0].read().expect_err("silent").kind(), io::ErrorKind::TimedOut);
    drives.let_go();
}
