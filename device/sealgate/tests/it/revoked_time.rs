//! What snapshots say of the time: it counts while they do, and a running program follows it (`spec/revocation.md` §5.1, `spec/guard.md` §2.1).

use std::any::Any;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sealgate::guard::Lack;
use sealgate::{Client, Guard, MemoryRevocations, MemoryStore, RevocationFile, RevocationStore, Store};
use sealgate_artifact::{ClockMode, ClockPolicy, KeyState, Policy};

use crate::authority::{DAY, NOW, at, key};
use crate::guard::{HOUR, lack};
use crate::site::ORIGIN;
use crate::snapshot::{Draft, LICENSE_SLOT, SNAPSHOTTER, Station, shard};

/// When the licenses of these tests end.
const END: u64 = 20 * DAY;

fn run_time() -> Policy {
    let clock = Some(ClockPolicy { tolerance: None, mode: Some(ClockMode::RunTime) });
    Policy { clock, ..Policy::default() }
}

fn start(station: &Station) -> Guard {
    station.client().guard().offline().without_threads().start().expect("it starts")
}

pub(crate) fn said_at(draft: Draft, after: u64) -> Vec<u8> {
    let mut draft = draft;
    draft.snapshot.issued_at = at(NOW + after);
    draft.snapshot.next_update = at(NOW + after + DAY);
    draft.file()
}

fn signed_time(station: &Station) -> u64 {
    station.client().signed_time().expect("it reads").get() - NOW
}

fn revoke_snapshotter(station: &Station) {
    let mut vendor = station.machine.site.authority();
    vendor.snapshotters = vec![(SNAPSHOTTER, KeyState::Revoked), (71, KeyState::Active)];
    vendor.tenant_version += 1;
}

/// Whoever steals a snapshot key can say that it is the end of the keys' time. It is over once that key is revoked, by a file or by a
/// build.
#[test]
fn a_thiefs_time_goes_with_his_key() {
    for (policy, lacks) in [(None, Lack::ClockRolledBack), (Some(run_time()), Lack::Expired)] {
        for by_build in [false, true] {
            let mut station = Station::activated(policy.clone());
            drop(start(&station));
            station.import_file(&said_at(station.draft(1 << 40, &[]), 3_000 * DAY)).expect("not known yet");
            assert_eq!(signed_time(&station), 400 * DAY - 1);
            let guard = start(&station);
            assert_eq!(lack(&guard), Some(lacks.clone()));
            station.machine.clocks.sleep(HOUR);
            guard.verify_integrity();
            drop(guard);
            assert_eq!(
                lack(&start(&station)),
                Some(lacks.clone()),
                "it counts as long as nobody says otherwise"
            );
            revoke_snapshotter(&station);
            if by_build {
                station.update();
            } else {
                let recovery = Draft { by: 71, ..station.draft(2, &[]) };
                station.import_file(&said_at(recovery, HOUR)).expect("whole");
            }
            assert_eq!(signed_time(&station), if by_build { 0 } else { HOUR });
            assert_eq!(lack(&start(&station)), None, "nothing that followed from it lasts");
        }
    }
}

/// The keyset that revokes the key says what time it is, too, whoever brings it: nobody gets back the time before.
#[test]
fn the_keyset_that_revokes_a_key_says_what_time_it_is() {
    let mut station = Station::activated(Some(run_time()));
    station.import_file(&said_at(station.draft(1, &[]), END + 5 * DAY)).expect("whole");
    assert_eq!(lack(&start(&station)), Some(Lack::Expired));
    revoke_snapshotter(&station);
    station.machine.site.authority().tenant_since = NOW + END + DAY;
    station.update();
    assert_eq!(signed_time(&station), END + DAY);
    assert_eq!(lack(&start(&station)), Some(Lack::Expired));
}

/// A server whose clock was ahead is healed by its next snapshot.
#[test]
fn the_next_snapshot_puts_a_wrong_time_right() {
    let station = Station::activated(None);
    let ahead = said_at(station.draft(1, &[]), 29 * DAY);
    station.import_file(&ahead).expect("whole");
    let guard = start(&station);
    assert_eq!((signed_time(&station), lack(&guard)), (29 * DAY, Some(Lack::ClockRolledBack)));
    station.machine.clocks.sleep(HOUR);
    station.import_file(&said_at(station.draft(2, &[]), HOUR)).expect("whole");
    assert_eq!(signed_time(&station), HOUR);
    // A program that ran meanwhile leaves nothing of it behind.
    guard.verify_integrity();
    drop(guard);
    assert_eq!(lack(&start(&station)), None);
    station.changes_nothing(&ahead, "version_rollback");
    assert_eq!(lack(&start(&station)), None);
}

/// Time that a program ran by what a snapshot says is not run again.
#[test]
fn what_ran_by_a_snapshots_time_has_passed() {
    let station = Station::activated(Some(run_time()));
    station.import_file(&said_at(station.draft(1, &[]), END - HOUR)).expect("whole");
    let guard = start(&station);
    assert_eq!(lack(&guard), None);
    station.machine.clocks.sleep(HOUR / 2);
    drop(guard);
    let guard = start(&station);
    assert_eq!(lack(&guard), None);
    // Another one of the same day takes nothing of it back.
    station.import_file(&said_at(station.draft(2, &[]), END - HOUR + 60)).expect("whole");
    station.machine.clocks.sleep(HOUR / 2);
    guard.verify_integrity();
    assert_eq!(lack(&guard), Some(Lack::Expired));
    drop(guard);
    assert_eq!(lack(&start(&station)), Some(Lack::Expired));
}

/// An import into a running program does not only vouch for its license.
#[test]
fn a_running_program_goes_on_at_the_snapshots_time() {
    for policy in [None, Some(run_time())] {
        let station = Station::activated(policy);
        let guard = start(&station);
        let file = station.medium(&said_at(station.draft(1, &[]), END - HOUR));
        guard.import_snapshot_file(&file).expect("whole");
        assert_eq!(lack(&guard), None);
        station.machine.clocks.sleep(HOUR);
        guard.verify_integrity();
        assert_eq!(lack(&guard), Some(Lack::Expired));
    }
}

/// `spec/revocation.md` §5.2: keys count, whatever comes of the rest.
#[test]
fn keys_of_a_file_that_is_refused_reach_a_running_program() {
    let station = Station::activated(None);
    station.import(2, &[]).expect("whole");
    let guard = start(&station);
    {
        let mut vendor = station.machine.site.authority();
        vendor.issuers = vec![(vendor.issuers[0].0, KeyState::Revoked), (70, KeyState::Active)];
        vendor.tenant_version += 1;
    }
    let refused = station.import(1, &[]).expect_err("older");
    assert_eq!(refused.code().as_str(), "version_rollback");
    assert_eq!(lack(&guard), None);
    guard.verify_integrity();
    assert_eq!(lack(&guard), Some(Lack::NoLicense));
}

/// What a program keeps, where something happens when it is read for the so many-th time: just after that.
pub(crate) struct Happening<T> {
    pub(crate) kept: Arc<T>,
    pub(crate) left: Arc<AtomicUsize>,
    pub(crate) happens: Arc<dyn Fn() + Send + Sync>,
}

impl<T> Happening<T> {
    fn after<R>(&self, read: R) -> R {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            (self.happens)();
        }
        read
    }
}

impl Store for Happening<MemoryStore> {
    fn load(&self) -> io::Result<Option<Vec<u8>>> {
        self.after(self.kept.load())
    }

    fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> io::Result<bool> {
        self.kept.replace(old, new)
    }
}

impl RevocationStore for Happening<MemoryRevocations> {
    fn lock(&self) -> io::Result<Box<dyn Any>> {
        self.kept.lock()
    }

    fn open(&self) -> io::Result<Option<Box<dyn RevocationFile>>> {
        self.after(self.kept.open())
    }

    fn replace(&self, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        self.kept.replace(write)
    }

    fn folder(&self) -> &Path {
        self.kept.folder()
    }
}

/// Whenever another process imports while a program starts, the program knows it at once or with its next look.
#[test]
fn an_import_during_a_start_is_noticed() {
    let station = Station::new(None);
    let slot = u32::try_from(LICENSE_SLOT).expect("small");
    let file = Arc::new(station.draft(1, &[shard(0, 1, &[slot])]).file());
    let during_the_start = |nth: usize| {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(MemoryStore::new());
        let kept = Arc::new(MemoryRevocations::new(folder.path()));
        let client = |state: Arc<dyn Store>, kept: Arc<dyn RevocationStore>| {
            let build = Client::builder(station.machine.site.trust())
                .server(ORIGIN)
                .store(state)
                .revocation_store(kept)
                .clock(station.machine.clocks.clone())
                .transport(station.machine.site.clone());
            Arc::new(build.build().expect("configured"))
        };
        let other = client(store.clone(), kept.clone());
        other.activate(&key()).expect("admitted");
        let file = file.clone();
        let happens: Arc<dyn Fn() + Send + Sync> = Arc::new(move || {
            other.import_snapshot(&file[..], Some(file.len() as u64)).expect("whole");
        });
        let left = Arc::new(AtomicUsize::new(nth));
        let state = Happening { kept: store, left: left.clone(), happens: happens.clone() };
        let kept = Happening { kept, left: left.clone(), happens };
        let guard = client(Arc::new(state), Arc::new(kept))
            .guard()
            .offline()
            .without_threads()
            .start()
            .expect("it starts");
        // Counted below zero, once it has happened.
        let has_happened = left.load(Ordering::SeqCst).cast_signed() <= 0;
        guard.verify_integrity();
        assert!(!has_happened || lack(&guard) == Some(Lack::Revoked), "imported after read {nth}");
        has_happened
    };
    let reads = (1..100).take_while(|nth| during_the_start(*nth)).count();
    assert!(reads >= 4, "{reads}");
}

/// Vendors rotate keys, and a machine without a clock, or with a wrong one, hears of it from a file.
#[test]
fn a_wrong_clock_keeps_no_newer_keys_out() {
    let to_1970 = -i64::try_from(NOW).expect("small");
    let to_2099 = 72 * 365 * i64::try_from(DAY).expect("small");
    // Whose clock, how late the keys were signed, and what becomes of the file.
    let rows = [
        (Some(run_time()), to_1970, 150 * DAY, None),
        (Some(run_time()), to_2099, 150 * DAY, None),
        (None, to_2099, DAY, None),
        (None, to_1970, DAY, None),
        (None, to_1970, 150 * DAY, Some("keyset_not_yet_valid")),
    ];
    for (policy, ahead, after, refusal) in rows {
        let station = Station::activated(policy);
        {
            let mut vendor = station.machine.site.authority();
            vendor.tenant_version += 1;
            vendor.tenant_since = NOW + after;
        }
        station.machine.set_clock(ahead);
        let file = station.draft(1, &[shard(0, 1, &[5])]).file();
        match refusal {
            None => {
                let imported = station.import_file(&file).expect("whole");
                assert_eq!((imported.revoked.len(), imported.has_new_keys), (1, true));
                assert_eq!(signed_time(&station), after);
            }
            Some(code) => {
                station.changes_nothing(&file, code);
                assert!(station.import_file(&file).expect_err("refused").fix().contains("clock"));
            }
        }
    }
}

/// What the machine's clocks showed once is known, too.
#[test]
fn the_local_floor_counts_where_a_clock_was_set_back() {
    let station = Station::activated(None);
    drop(start(&station));
    // A weekend is believed at once.
    station.machine.set_clock(2 * 24 * 3_600);
    drop(start(&station));
    station.machine.set_clock(4 * 24 * 3_600);
    drop(start(&station));
    station.machine.set_clock(0);
    {
        let mut vendor = station.machine.site.authority();
        vendor.tenant_version += 1;
        vendor.tenant_since = NOW + 4 * DAY;
    }
    assert!(station.import(1, &[]).expect("whole").has_new_keys);
}

/// Whoever dates a shard ahead vouches for no later day than the one on which it was taken over.
#[test]
fn a_shard_from_the_future_vouches_for_today() {
    let station = Station::activated(None);
    station.machine.pass(DAY);
    let mut ahead = shard(0, 1, &[1]);
    ahead.issued_at = at(NOW + 300 * DAY);
    ahead.next_update = at(NOW + 301 * DAY);
    let file = said_at(station.draft(1, &[ahead]), 0);
    for _ in 0..2 {
        station.import_file(&file).expect("whole");
        let vouched_at = station.client().revocations().expect("it reads").vouched_at;
        assert_eq!(vouched_at, Some(at(NOW + DAY)));
        station.machine.pass(DAY);
    }
}
