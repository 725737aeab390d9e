//! A state folder that cannot be written: read-only, full, or in the way of something else. The tests may run as root, whom no
//! mode stops, so other things stand where files are to be.
#![expect(clippy::disallowed_methods, reason = "the files are what is tested")]

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sealgate::{Client, ConfigurationError, Error, FileStore, MemoryStore, Store};

use crate::authority::{DAY, NOW, at, key};
use crate::site::{ORIGIN, Site, TestClock};
use crate::state::device_keys;

fn client(site: &Arc<Site>, store: impl Store + 'static) -> Client {
    let clock = TestClock(Arc::new(NOW.into()));
    let client = Client::builder(site.trust()).server(ORIGIN).clock(clock).transport(site.clone());
    client.store(store).build().expect("configured")
}

/// Nobody hears of a device whose key cannot be kept, so no seat is taken by a device that is gone at the next start.
#[test]
fn a_folder_that_cannot_be_made_is_told_before_anybody_is_asked() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("license");
    fs::write(&folder, b"a file").unwrap();
    let site = Site::honest();
    let error = client(&site, FileStore::new(&folder)).validate_license(&key()).expect_err("no folder");
    let Error::Configuration(ConfigurationError::Store(why)) = &error else { panic!("{error}") };
    assert!(why.starts_with(&format!("{}: ", folder.display())) && why.contains("os error"), "{why}");
    assert!(error.fix().contains("room on its disk"), "{}", error.fix());
    assert_eq!(site.validations.load(Ordering::SeqCst), 0);
    fs::remove_file(&folder).unwrap();
    let license = client(&site, FileStore::new(&folder)).validate_license(&key()).expect("valid");
    assert_eq!(license.not_remembered(), None);
}

/// What stands in the way of writing, by the name of the file that it takes.
const OBSTACLES: [&str; 2] = ["state.new", "lock"];

#[test]
fn a_yes_is_given_with_a_note_and_the_device_stays_the_same() {
    for name in OBSTACLES {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::honest();
        client(&site, FileStore::new(folder.path())).validate_license(&key()).expect("valid");
        let read = || ["state.0", "state.1"].map(|name| fs::read(folder.path().join(name)).unwrap());
        let before = read();
        let obstacle = folder.path().join(name);
        let _ = fs::remove_file(&obstacle);
        fs::create_dir(&obstacle).unwrap();
        site.authority().next_license().features.clear();
        for _ in 0..2 {
            let license =
                client(&site, FileStore::new(folder.path())).validate_license(&key()).expect("valid");
            assert_eq!(license.features().len(), 0, "the new version");
            let note = license.not_remembered().expect("a note").to_owned();
            assert!(
                note.contains(&folder.path().display().to_string()) && note.contains("os error"),
                "{note}"
            );
        }
        assert_eq!(read(), before);
        fs::remove_dir(&obstacle).unwrap();
        let license = client(&site, FileStore::new(folder.path())).validate_license(&key()).expect("valid");
        assert_eq!(license.not_remembered(), None);
        let keys = device_keys(&site);
        assert!(keys.len() == 4 && keys.iter().all(|key| *key == keys[0]), "one device, one seat: {keys:?}");
    }
}

/// Takes what is first saved, and fails from then on.
struct Full {
    inner: Arc<MemoryStore>,
    writes: AtomicUsize,
}

impl Store for Full {
    fn load(&self) -> io::Result<Option<Vec<u8>>> {
        self.inner.load()
    }

    fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> io::Result<bool> {
        match self.writes.fetch_add(1, Ordering::SeqCst) {
            0 => self.inner.replace(old, new),
            _ => Err(io::Error::other("disk full")),
        }
    }
}

fn full(inner: &Arc<MemoryStore>) -> Full {
    Full { inner: inner.clone(), writes: AtomicUsize::new(0) }
}

/// The disk fills up between the first question and its answer.
#[test]
fn a_first_yes_on_a_full_disk_is_given_and_takes_one_seat() {
    let (site, store) = (Site::honest(), Arc::new(MemoryStore::new()));
    let license = client(&site, full(&store)).validate_license(&key()).expect("valid");
    assert_eq!(license.not_remembered(), Some("the state cannot be read or written: disk full"));
    client(&site, store).validate_license(&key()).expect("valid");
    let keys = device_keys(&site);
    assert_eq!(keys[0], keys[1]);
}

/// A no stays a no, and what does not verify stays that.
#[test]
fn only_a_yes_gets_the_note() {
    let (site, store) = (Site::honest(), Arc::new(MemoryStore::new()));
    let client = client(&site, full(&store));
    site.authority().license.expires_at = Some(at(NOW - DAY / 2));
    assert_eq!(client.validate_license(&key()).expect_err("over").code(), "expired");
    site.deny("revoked", None);
    assert_eq!(client.validate_license(&key()).expect_err("denied").code(), "revoked");
    site.allow();
    site.authority().certificate.expires_at = at(NOW);
    assert_eq!(client.validate_license(&key()).expect_err("refused").code(), "certificate_expired");
}

/// Changed by somebody else at every attempt.
#[test]
fn a_yes_that_others_kept_from_being_saved_is_given_too() {
    struct Contended(MemoryStore);
    impl Store for Contended {
        fn load(&self) -> io::Result<Option<Vec<u8>>> {
            self.0.load()
        }
        fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> io::Result<bool> {
            if old.is_some() { Ok(false) } else { self.0.replace(old, new) }
        }
    }
    let site = Site::honest();
    let license = client(&site, Contended(MemoryStore::new())).validate_license(&key()).expect("valid");
    assert_eq!(
        license.not_remembered(),
        Some("other processes changed the state at every attempt to save it")
    );
}
