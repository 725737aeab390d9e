//! What is kept, where, and by whom at once.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, io, thread};

use proptest::prelude::*;
use sealgate::container::Staged;
use sealgate::{ChainLog, Client, ConfigurationError, Error, FileStore, MemoryStore, Store};
use sealgate_artifact::{LicenseId, Unverified};

use crate::authority::{Authority, NOW, key};
use crate::chain_disk;
use crate::site::{Device, ELSEWHERE, ORIGIN, Site, TestClock};
use crate::snapshot::{Station, shard};

fn client(site: &Arc<Site>, store: impl Store + 'static) -> Client {
    client_of(ORIGIN, site, store)
}

fn client_of(origin: &str, site: &Arc<Site>, store: impl Store + 'static) -> Client {
    let clock = TestClock(Arc::new(NOW.into()));
    let client = Client::builder(site.trust()).server(origin).clock(clock).transport(site.clone());
    client.store(store).build().expect("configured")
}

/// The device key that signed this question.
pub(crate) fn device_keys(site: &Site) -> Vec<String> {
    let record = site.record.lock().expect("nobody panicked with it");
    let key = |(question, _): &(Vec<u8>, _)| {
        let question: serde_json::Value = serde_json::from_slice(question).expect("JSON");
        let request = question["request"].to_string();
        let claim =
            Unverified::<sealgate_artifact::DeviceRequest>::decode(request.as_bytes()).expect("an envelope");
        claim.danger_peek().expect("a request").device_key.to_string()
    };
    record.iter().map(key).collect()
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn the_device_key_is_made_once_and_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("some/where");
    let site = Site::honest();
    for _ in 0..2 {
        client(&site, FileStore::new(&folder)).validate_license(&key()).expect("valid");
    }
    let keys = device_keys(&site);
    assert_eq!(keys[0], keys[1]);
    assert_eq!(mode(&folder), 0o700);
    for file in fs::read_dir(&folder).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

/// A file that somebody opened to others, or a crash left behind, is not written into.
#[test]
#[expect(clippy::disallowed_methods, reason = "the files are what is tested")]
fn a_saved_state_is_private_whatever_was_there() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["state.json", "state.new"] {
        fs::write(folder.path().join(name), b"old").unwrap();
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o644)).unwrap();
    }
    let store = FileStore::new(folder.path());
    for (old, new) in [(b"old", b"new"), (b"new", b"n+1")] {
        assert!(store.replace(Some(old), new).unwrap());
        assert_eq!(store.load().unwrap().as_deref(), Some(&new[..]));
        for name in ["state.0", "state.1", "state.key", "lock"] {
            assert_eq!(mode(&folder.path().join(name)), 0o600, "{name}");
        }
        assert!(!folder.path().join("state.new").exists() && !folder.path().join("state.json").exists());
    }
}

/// The one asks about its license, and leaves out what it has. Before it hears the answer, the other one has another license from another
/// server, in the same state.
#[test]
fn an_answer_is_completed_by_what_was_held_when_it_was_asked_for() {
    let (here, there) = (Site::honest(), Site::of(Authority::new(1, ELSEWHERE)));
    there.authority().license.license = LicenseId::from_bytes([11; 16]);
    let store = Arc::new(MemoryStore::new());
    let one = client(&here, Arc::clone(&store));
    let other = client_of(ELSEWHERE, &there, store);
    one.validate_license(&key()).expect("valid");
    here.between(move |answer| {
        assert_eq!(other.validate_license(&key()).expect("valid").id(), LicenseId::from_bytes([11; 16]));
        Ok(answer)
    });
    let license = one.validate_license(&key()).expect("still valid");
    assert_eq!((license.id(), license.not_remembered()), (LicenseId::from_bytes([10; 16]), None));
}

#[test]
fn a_folder_that_others_may_write_to_is_closed_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let open = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    let store = FileStore::new(folder.path());
    open(0o777);
    assert_eq!(store.load().unwrap(), None);
    assert!(store.replace(None, b"one").unwrap());
    assert_eq!(mode(folder.path()), 0o700);
    // Others could only look: as an earlier version left it.
    open(0o755);
    assert_eq!(store.load().unwrap().as_deref(), Some(&b"one"[..]));
    assert!(store.replace(Some(b"one"), b"two").unwrap());
    assert_eq!(mode(folder.path()), 0o700);
    // As /tmp: closing it would harm everybody else.
    open(0o1777);
    for refused in [store.load().map(drop), store.replace(Some(b"two"), b"three").map(drop)] {
        assert_eq!(refused.expect_err("it is shared").kind(), std::io::ErrorKind::PermissionDenied);
    }
    assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o7777, 0o1777);
}

/// Says what a store of that folder says to reading and to writing, and that neither changed anything.
fn refusals(folder: &std::path::Path) -> [String; 2] {
    let store = FileStore::new(folder);
    let seen = || (mode(folder), fs::read_dir(folder).expect("it is there").count());
    let before = seen();
    let told = [store.load().map(drop), store.replace(None, b"new").map(drop)].map(|refused| {
        let refused = refused.expect_err("it may be somebody else's");
        assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied, "{refused}");
        assert!(refused.to_string().starts_with(&folder.display().to_string()), "{refused}");
        refused.to_string()
    });
    assert_eq!(seen(), before);
    told
}

/// Somebody else may have put it there, with a device key that he knows. It stays refused until a person has looked.
#[test]
fn a_state_in_a_folder_that_others_may_write_to_is_not_believed() {
    let (site, folder) = (Site::honest(), tempfile::tempdir().unwrap());
    let asked = || client(&site, FileStore::new(folder.path())).validate_license(&key());
    asked().expect("valid");
    for open in [0o777, 0o770, 0o707] {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(open)).unwrap();
        for told in [refusals(folder.path()), refusals(folder.path())].concat() {
            assert!(told.contains("chmod 700"), "{told}");
        }
        assert_eq!(asked().expect_err("not believed").code(), "file_unreadable");
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    asked().expect("the same device as before");
    let keys = device_keys(&site);
    assert!(keys.len() == 2 && keys[0] == keys[1], "{keys:?}");
}

#[test]
fn a_state_that_others_may_write_to_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    assert!(FileStore::new(folder.path()).replace(None, b"one").unwrap());
    for name in ["state.0", "state.1", "state.key"] {
        let state = folder.path().join(name);
        for open in [0o666, 0o620, 0o602] {
            fs::set_permissions(&state, fs::Permissions::from_mode(open)).unwrap();
            for told in refusals(folder.path()) {
                assert!(told.contains(name) && told.contains("chmod 600"), "{told}");
            }
        }
        fs::set_permissions(&state, fs::Permissions::from_mode(0o644)).unwrap();
    }
    assert_eq!(FileStore::new(folder.path()).load().unwrap().as_deref(), Some(&b"one"[..]));
}

/// Put there while the folder was open, and left there when it was closed. Root may give a file away; whoever may not links to one that
/// is root's, which is believed as far as it goes, and to a pipe, which is none.
#[test]
#[expect(clippy::disallowed_methods, reason = "the files are what is tested")]
fn files_of_another_user_in_the_own_folder_are_not_believed() {
    for name in ["state.json", "state.0", "state.1", "lock"] {
        let folder = tempfile::tempdir().unwrap();
        let (file, elsewhere) = (folder.path().join(name), folder.path().join("elsewhere"));
        fs::File::create(&elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
        if std::os::unix::fs::chown(&elsewhere, Some(65_534), None).is_ok() {
            let lchown = |owner| std::os::unix::fs::lchown(&file, Some(owner), None).unwrap();
            for (of_link, of_file) in [(0, 65_534), (65_534, 0), (65_534, 65_534)] {
                lchown(of_link);
                std::os::unix::fs::chown(&elsewhere, Some(of_file), None).unwrap();
                told_of(folder.path(), name, "chown 0");
            }
            lchown(0);
        }
        fs::remove_file(&elsewhere).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&elsewhere).status().unwrap().success());
        told_of(folder.path(), name, "delete it");
    }
}

/// Somebody's link may lead to an older copy of the state tomorrow.
#[cfg(unix)]
#[test]
fn a_folder_behind_another_users_link_is_not_believed() {
    let outer = tempfile::tempdir().unwrap();
    let (own, link) = (outer.path().join("own"), outer.path().join("link"));
    assert!(FileStore::new(&own).replace(None, b"one").unwrap());
    std::os::unix::fs::symlink(&own, &link).unwrap();
    assert_eq!(FileStore::new(&link).load().unwrap().as_deref(), Some(&b"one"[..]));
    if std::os::unix::fs::lchown(&link, Some(65_534), None).is_ok() {
        for told in refusals(&link) {
            assert!(told.contains("link") && told.contains("chown 0"), "{told}");
        }
    }
}

/// Nobody reads the lock.
fn told_of(folder: &std::path::Path, name: &str, fix: &str) {
    let store = FileStore::new(folder);
    let refused = match name {
        "lock" => store.replace(None, b"new").map(drop),
        _ => store.load().map(drop),
    };
    let told = refused.expect_err("somebody else's").to_string();
    assert!(told.contains(name) && told.contains(fix), "{told}");
}

/// Its owner could put a state of his own there. Root may give a folder away; whoever may not has `/` for a folder of somebody
/// else's.
#[cfg(unix)]
#[test]
fn a_folder_of_another_user_is_neither_read_nor_written() {
    let folder = tempfile::tempdir().unwrap();
    let is_root = std::os::unix::fs::chown(folder.path(), Some(65_534), None).is_ok();
    let store = FileStore::new(if is_root { folder.path() } else { std::path::Path::new("/") });
    let refused = [store.load().map(drop), store.replace(None, b"new").map(drop)];
    for refused in refused {
        let refused = refused.expect_err("it is somebody else's");
        assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied);
        assert!(refused.to_string().contains("belongs to user"), "{refused}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The key is saved before anybody hears of it: an answer that is lost costs no second seat.
#[test]
fn the_device_key_survives_a_first_answer_that_is_lost() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    site.between(|_| Err(sealgate::Unanswered("dropped".to_owned())));
    device.validate().expect_err("dropped");
    site.nobody_between();
    device.restarted(site.trust()).validate().expect("valid");
    let keys = device_keys(&site);
    assert!(keys.len() == 3 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[test]
fn the_license_key_is_not_kept_and_not_shown() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    let license = device.validate().expect("valid");
    let state = String::from_utf8(device.state().unwrap()).unwrap();
    let shown = format!("{license:?} {state}");
    assert!(!shown.contains(&key()) && !shown.contains(&key().replace('-', "")));
}

#[test]
fn a_store_replaces_only_what_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let stores: [&dyn Store; 2] = [&MemoryStore::new(), &FileStore::new(folder.path())];
    for store in stores {
        assert_eq!(store.load().unwrap(), None);
        assert!(!store.replace(Some(b"x"), b"a").unwrap());
        assert!(store.replace(None, b"a").unwrap());
        assert!(!store.replace(None, b"b").unwrap());
        assert!(store.replace(Some(b"a"), b"b").unwrap());
        assert!(!store.replace(Some(b"a"), b"c").unwrap());
        assert_eq!(store.load().unwrap().as_deref(), Some(&b"b"[..]));
    }
}

/// Many first starts at once, in one folder: one device.
#[test]
fn processes_that_start_together_are_one_device() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::honest();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                client(&site, FileStore::new(folder.path())).validate_license(&key()).expect("valid")
            });
        }
    });
    let keys = device_keys(&site);
    assert!(keys.len() == 6 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

/// What another process learned while this one waited for its answer is not lost: here, that older keysets are refused.
#[test]
fn an_answer_is_judged_by_what_others_learned_meanwhile() {
    let site = Site::honest();
    let trust = site.trust();
    let slow = Device::new(trust, site.clone());
    slow.validate().expect("valid");
    let mut newer = site.authority().clone();
    newer.keyset_version += 5;
    let newer = Site::of(newer);
    let fast = slow.at(trust, newer);
    let raced = AtomicUsize::new(0);
    site.authority().keyset_version += 1;
    site.between(move |answer| {
        if raced.fetch_add(1, Ordering::SeqCst) == 0 {
            fast.validate().expect("valid");
        }
        Ok(answer)
    });
    let error = slow.validate().expect_err("older than what is known by now");
    assert_eq!(error.code(), "version_rollback", "{error}");
}

struct Broken;

impl Store for Broken {
    fn load(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn replace(&self, _: Option<&[u8]>, _: &[u8]) -> io::Result<bool> {
        Err(io::Error::other("disk full"))
    }
}

#[test]
fn a_state_that_cannot_be_kept_or_read_is_said_before_anything_is_sent() {
    let site = Site::honest();
    let error = client(&site, Broken).validate_license(&key()).expect_err("not kept");
    assert_eq!(error, Error::Configuration(ConfigurationError::Store("disk full".to_owned())));
    let device = Device::new(site.trust(), site.clone());
    device.store.replace(None, b"{}").unwrap();
    let error = device.is_refused_with("file_unreadable");
    assert_eq!(error, Error::Configuration(ConfigurationError::StateDamaged));
    assert_eq!(site.validations.load(Ordering::SeqCst), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A state that was damaged, or written by somebody else, makes nothing valid that is not.
    #[test]
    fn no_change_of_the_state_gives_a_right(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let site = Site::honest();
        let device = Device::new(site.trust(), site.clone());
        let genuine = device.validate().expect("valid");
        let sound = device.state().expect("a state");
        let mut state = sound.clone();
        for (place, byte) in places {
            let place = place.index(state.len());
            state[place] = byte;
        }
        prop_assert!(device.store.replace(Some(&sound), &state).expect("memory writes"));
        match device.validate() {
            Ok(license) => prop_assert_eq!(license, genuine),
            Err(Error::License(denied)) => prop_assert_eq!(denied.code.as_str(), "expired"),
            Err(Error::Transport(error)) => prop_assert!(false, "{}", error),
            Err(_) => {}
        }
    }
}

/// Two processes of a device ask two servers at once, of one place or of two: the certificate that the one server left out
/// because it was there is not there any more.
#[test]
fn a_server_whose_certificate_another_process_replaced_meanwhile_is_believed() {
    for origin in [ORIGIN, ELSEWHERE] {
        let site = Site::honest();
        let other = Site::of(crate::authority::Authority::new(1, origin));
        other.authority().server = 41;
        other.authority().certificate.public_key = crate::authority::public_key(41);
        let device = Device::new(site.trust(), site.clone());
        device.validate().expect("valid");

        let there = Client::builder(site.trust()).server(origin).store(Arc::clone(&device.store));
        let there = there.clock(TestClock(Arc::new(NOW.into()))).transport(other.clone());
        let there = there.build().expect("configured");
        let times = AtomicUsize::new(0);
        site.between(move |answer| {
            if times.fetch_add(1, Ordering::SeqCst) == 0 {
                there.validate_license(&key()).expect("valid there");
            }
            Ok(answer)
        });
        device.validate().unwrap_or_else(|error| panic!("{origin}: {error}"));
        assert_eq!(site.validations.load(Ordering::SeqCst), 2, "nothing more was asked");
    }
}

/// Only its owner can know that the state is not somebody else's: whatever the program does there next, the folder stays open and refused.
#[test]
#[expect(clippy::disallowed_methods, reason = "the files are what is tested")]
fn nothing_closes_a_folder_whose_state_may_be_somebody_elses() {
    let station = Station::activated(None);
    let medium = station.medium(&station.draft(1, &[shard(0, 1, &[])]).file());
    let folder = station.folder();
    let import = || station.client().import_snapshot_file(&medium).map(drop).map_err(|why| why.to_string());
    let record = || {
        ChainLog::open(&folder, chain_disk::key(1), chain_disk::chain(1))
            .map(drop)
            .map_err(|why| why.to_string())
    };
    let stage = || Staged::copy_file(&medium, &folder, |_, _| ()).map(drop).map_err(|why| why.to_string());
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    for told in [import(), record(), stage()] {
        let told = told.expect_err("the state may be somebody else's");
        assert!(told.contains("chmod 700"), "{told}");
        assert_eq!(mode(&folder), 0o777);
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    import().expect("the owner says that it is his");
    record().expect("likewise");

    // Any of the files is enough.
    for name in ["state.0", "state.1", "state.key", "state.json", "revocations.sgsnap", "chain.log"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), b"?").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        refusals(folder.path());
        Staged::copy_file(&medium, folder.path(), |_, _| ()).expect_err("the state may be somebody else's");
        assert_eq!(mode(folder.path()), 0o777, "{name}");
    }
}
