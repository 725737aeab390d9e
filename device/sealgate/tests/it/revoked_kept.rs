//! The file that is kept beside the state, where it is full, in the way, or damaged (`spec/revocation.md` §5.1 step 5, §5.2).
#![expect(clippy::disallowed_methods, reason = "files of the state are what is tested")]

use std::any::Any;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use sealgate::container::{Container, EntryName};
use sealgate::guard::Lack;
use sealgate::{
    Client, HeldStatement, ImportError, KeptRevocations, MemoryRevocations, MemoryStore, RevocationFile,
    RevocationStore, Revocations,
};
use sealgate_artifact::{KeyState, Shard, Statement, limits};

use crate::authority::key;
use crate::guard::lack;
use crate::site::ORIGIN;
use crate::snapshot::{Draft, LICENSE_SLOT, SNAPSHOTTER, Station, put, shard};

fn of_license() -> u32 {
    u32::try_from(LICENSE_SLOT).expect("small")
}

/// The blocks whose shards are kept.
fn kept(station: &Station) -> BTreeSet<u64> {
    let bytes = std::fs::read(station.kept()).expect("kept");
    let container = Container::read(&bytes).expect("whole");
    let block = |entry: &sealgate::container::Entry| {
        let envelope =
            sealgate_container::decode_statement(Shard::KIND, entry.contents(&bytes).expect("in it"));
        let payload = envelope.expect("one").payload().to_vec();
        let said: serde_json::Value = serde_json::from_slice(&payload).expect("JSON");
        said["block"].as_u64().expect("a number")
    };
    container.all(EntryName::Shard).iter().map(block).collect()
}

/// Whoever steals a key fills a file with as many lists as fit. It keeps no later one out, and what he signed goes with his key.
#[test]
fn a_thief_fills_no_file() {
    let station = Station::activated(None);
    let first = 1_000_000;
    let many: Vec<Shard> = (first..).take(limits::SHARDS).map(|block| shard(block, 1 << 40, &[])).collect();
    station.import(1 << 40, &many).expect("not known yet");
    assert_eq!(kept(&station).len(), limits::SHARDS);
    // While nobody says otherwise, what the newest snapshot names is kept first.
    station.import((1 << 40) + 1, &[shard(0, 1, &[1])]).expect("whole");
    let now = kept(&station);
    assert!(now.len() == limits::SHARDS && now.contains(&0));
    {
        let mut vendor = station.machine.site.authority();
        vendor.snapshotters = vec![(SNAPSHOTTER, KeyState::Revoked), (71, KeyState::Active)];
        vendor.tenant_version += 1;
    }
    let draft = Draft::signed_by(71, &station.machine.site.authority(), 2, &[shard(0, 2, &[of_license()])]);
    let imported = station.import_file(&draft.file()).expect("whole");
    assert_eq!(imported.revoked.iter().map(|it| it.what).collect::<Vec<_>>(), [HeldStatement::License]);
    assert_eq!(kept(&station), [0].into());
}

/// What was verified is remembered, whatever keeps the file from being kept.
#[test]
fn what_cannot_be_kept_counts_all_the_same() {
    for in_the_way in ["revocations.new", "revocations.lock"] {
        let station = Station::activated(None);
        let folder = station.folder().join(in_the_way);
        std::fs::create_dir(&folder).expect("it was not there");
        let file = station.draft(1, &[shard(0, 1, &[of_license()])]).file();
        let error = station.import_file(&file).expect_err("it cannot be kept");
        assert_eq!(error.code().as_str(), "file_unreadable", "{error}");
        let ImportError::NotKept { imported, .. } = &error else { panic!("{error}") };
        assert_eq!((imported.revoked.len(), imported.is_unchanged), (1, false), "{in_the_way}");
        let guard = station.client().guard().offline().without_threads().start().expect("it starts");
        assert_eq!(lack(&guard), Some(Lack::Revoked), "{in_the_way}");
        std::fs::remove_dir(&folder).expect("it is ours");
        assert!(!station.import_file(&file).expect("whole").is_unchanged);
        assert!(station.import_file(&file).expect("whole").is_unchanged);
    }
}

/// What a damaged file cannot give is left out of the next one.
#[test]
fn a_damaged_file_keeps_no_new_one_out() {
    let station = Station::activated(None);
    station.import(1, &[shard(0, 1, &[1]), shard(1, 1, &[1, 2, 3])]).expect("whole");
    let mut cut = std::fs::read(station.kept()).expect("kept");
    cut.truncate(cut.len() - 33);
    put(&station.kept(), &cut);
    let imported = station.import(2, &[shard(0, 2, &[of_license()])]).expect("whole");
    assert_eq!(imported.revoked.len(), 1);
    assert_eq!(kept(&station), [0].into());
}

/// Whoever holds the lock for good hangs no program, and keeps nothing from counting.
#[test]
fn another_import_is_not_waited_for_without_end() {
    let station = Station::activated(None);
    let held = KeptRevocations::new(station.folder()).lock().expect("it is free");
    let file = station.draft(1, &[shard(0, 1, &[of_license()])]).file();
    let error = station.import_file(&file).expect_err("somebody holds the lock");
    assert!(matches!(error, ImportError::Overtaken { .. }), "{error:?}");
    assert!(error.to_string().contains("another import is under way"), "{error}");
    assert!(!error.fix().contains("disk"), "{}", error.fix());
    assert_eq!(station.client().activation().expect_err("taken back").code(), "revoked");
    drop(held);
    station.import_file(&file).expect("whole");
    // The same again asks for nothing that is held.
    let _held = KeptRevocations::new(station.folder()).lock().expect("it is free");
    assert!(station.import_file(&file).expect("it is kept").is_unchanged);
}

type Happens = Box<dyn FnOnce() + Send>;

/// Of a file system without locks, where something happens before a file is replaced.
struct NoLocks(Arc<MemoryRevocations>, Arc<Mutex<Option<Happens>>>);

impl RevocationStore for NoLocks {
    fn lock(&self) -> io::Result<Box<dyn Any>> {
        Ok(Box::new(()))
    }

    fn open(&self) -> io::Result<Option<Box<dyn RevocationFile>>> {
        self.0.open()
    }

    fn replace(&self, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let happens = self.1.lock().expect("nobody panicked with it").take();
        if let Some(happens) = happens {
            happens();
        }
        self.0.replace(write)
    }

    fn folder(&self) -> &Path {
        self.0.folder()
    }
}

/// Another import holds the lock when somebody asks for it first.
struct Overtaken(NoLocks);

impl RevocationStore for Overtaken {
    fn lock(&self) -> io::Result<Box<dyn Any>> {
        let NoLocks(kept, happens) = &self.0;
        let Some(happens) = happens.lock().expect("nobody panicked with it").take() else {
            return kept.lock();
        };
        happens();
        Err(io::ErrorKind::ResourceBusy.into())
    }

    fn open(&self) -> io::Result<Option<Box<dyn RevocationFile>>> {
        self.0.open()
    }

    fn replace(&self, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        self.0.replace(write)
    }

    fn folder(&self) -> &Path {
        self.0.folder()
    }
}

/// A guard's import and that of a tool, of the same file or of two: each is judged by what the one before left, and the newest is kept.
#[test]
fn an_import_that_is_overtaken_goes_on_after_the_other_one() {
    for (other, refused) in [(2, None), (1, None), (3, Some("version_rollback"))] {
        let station = Station::new(None);
        let folder = tempfile::tempdir().expect("a folder");
        let (state, kept) = (Arc::new(MemoryStore::new()), Arc::new(MemoryRevocations::new(folder.path())));
        let meanwhile = Arc::new(Mutex::new(None));
        let client = || {
            let build = Client::builder(station.machine.site.trust())
                .server(ORIGIN)
                .store(state.clone())
                .revocation_store(Overtaken(NoLocks(kept.clone(), meanwhile.clone())))
                .clock(station.machine.clocks.clone())
                .transport(station.machine.site.clone());
            build.build().expect("configured")
        };
        client().activate(&key()).expect("admitted");
        let file = |version| station.draft(version, &[shard(0, version, &[1])]).file();
        let (ours, theirs, another) = (file(2), file(other), client());
        let imports = move || drop(another.import_snapshot(&theirs[..], None).expect("whole"));
        *meanwhile.lock().expect("nobody panicked with it") = Some(Box::new(imports) as Happens);
        let error = client().import_snapshot(&ours[..], None).err();
        assert_eq!(error.map(|error| error.code().to_string()).as_deref(), refused, "{other}");
        let status = client().revocations().expect("it reads");
        assert_eq!(status.snapshot.map(|said| said.version), Some(other.max(2)));
        assert_eq!((status.state, status.missing), (Revocations::Fresh, None), "{other}");
    }
}

#[test]
fn where_there_are_no_locks_an_older_file_replaces_no_newer_one() {
    let station = Station::new(None);
    let folder = tempfile::tempdir().expect("a folder");
    let (state, kept) = (Arc::new(MemoryStore::new()), Arc::new(MemoryRevocations::new(folder.path())));
    let meanwhile = Arc::new(Mutex::new(None));
    let client = || {
        let build = Client::builder(station.machine.site.trust())
            .server(ORIGIN)
            .store(state.clone())
            .revocation_store(NoLocks(kept.clone(), meanwhile.clone()))
            .clock(station.machine.clocks.clone())
            .transport(station.machine.site.clone());
        build.build().expect("configured")
    };
    client().activate(&key()).expect("admitted");
    let file = |version| station.draft(version, &[shard(0, version, &[1])]).file();
    let (older, newer, other) = (file(1), file(2), client());
    let imports = move || drop(other.import_snapshot(&newer[..], None).expect("whole"));
    *meanwhile.lock().expect("nobody panicked with it") = Some(Box::new(imports) as Happens);
    let refused = client().import_snapshot(&older[..], None).expect_err("a newer one is known by now");
    assert_eq!(refused.code().as_str(), "version_rollback");
    let status = client().revocations().expect("it reads");
    assert_eq!((status.state, status.missing), (Revocations::Fresh, None));
}
