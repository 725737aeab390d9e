//! How a running program reads what was imported meanwhile (`spec/guard.md` §2.1, §4.1).

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use sealgate::guard::Lack;
use sealgate::{BeatSaid, Client, Guard, MemoryRevocations, MemoryStore, Store, Tier, Unanswered};
use sealgate_artifact::KeyState;
use tempfile::TempDir;

use crate::authority::{DAY, NOW, at, key};
use crate::guard::{HOUR, lack};
use crate::revoked_time::{Happening, said_at};
use crate::site::ORIGIN;
use crate::snapshot::{LICENSE_SLOT, Station, put, shard};

fn of_license() -> u32 {
    u32::try_from(LICENSE_SLOT).expect("small")
}

/// A state that cannot be read or written for the so many-th time.
struct Failing {
    kept: Arc<MemoryStore>,
    loads: AtomicUsize,
    writes: AtomicUsize,
}

impl Failing {
    fn new() -> Arc<Self> {
        Arc::new(Self { kept: Arc::default(), loads: AtomicUsize::new(0), writes: AtomicUsize::new(0) })
    }

    fn try_it(left: &AtomicUsize) -> io::Result<()> {
        if left.fetch_sub(1, Ordering::SeqCst) == 1 {
            Err(io::Error::other("the disk failed"))
        } else {
            Ok(())
        }
    }
}

impl Store for Failing {
    fn load(&self) -> io::Result<Option<Vec<u8>>> {
        Self::try_it(&self.loads).and_then(|()| self.kept.load())
    }

    fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> io::Result<bool> {
        Self::try_it(&self.writes).and_then(|()| self.kept.replace(old, new))
    }
}

/// Programs of a device that keep what they know in memory.
struct Device {
    station: Station,
    _folder: TempDir,
    revocations: Arc<MemoryRevocations>,
}

impl Device {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let revocations = Arc::new(MemoryRevocations::new(folder.path()));
        Self { station: Station::new(None), _folder: folder, revocations }
    }

    fn client(&self, state: impl Store + 'static) -> Arc<Client> {
        self.client_that_looks(state, self.revocations.clone())
    }

    fn client_that_looks(
        &self,
        state: impl Store + 'static,
        kept: impl sealgate::RevocationStore + 'static,
    ) -> Arc<Client> {
        let build = Client::builder(self.station.machine.site.trust())
            .server(ORIGIN)
            .store(state)
            .revocation_store(kept)
            .clock(self.station.machine.clocks.clone())
            .transport(self.station.machine.site.clone());
        Arc::new(build.build().expect("configured"))
    }
}

fn start(client: &Arc<Client>) -> Guard {
    client.guard().offline().without_threads().start().expect("it starts")
}

/// Whichever read of it fails, the next look finds what this one did not.
#[test]
fn a_state_that_cannot_be_read_once_is_looked_at_again() {
    for nth in 1..8 {
        let device = Device::new();
        let state = Failing::new();
        let client = device.client(state.clone());
        client.activate(&key()).expect("admitted");
        let guard = start(&client);
        let file = device.station.draft(1, &[shard(0, 1, &[of_license()])]).file();
        device.client(state.kept.clone()).import_snapshot(&file[..], None).expect("whole");
        state.loads.store(nth, Ordering::SeqCst);
        guard.verify_integrity();
        state.loads.store(0, Ordering::SeqCst);
        guard.verify_integrity();
        assert_eq!(lack(&guard), Some(Lack::Revoked), "read {nth} failed");
    }
}

/// What was written once counts, also where it cannot be written over the older copy.
#[test]
fn a_second_write_that_fails_is_no_failed_import() {
    let device = Device::new();
    let state = Failing::new();
    let client = device.client(state.clone());
    client.activate(&key()).expect("admitted");
    let file = device.station.draft(1, &[shard(0, 1, &[of_license()])]).file();
    state.writes.store(2, Ordering::SeqCst);
    let imported = client.import_snapshot(&file[..], None).expect("it counts");
    assert_eq!((imported.revoked.len(), lack(&start(&client))), (1, Some(Lack::Revoked)));
}

/// Nobody waits while what was imported is read.
#[test]
fn an_action_does_not_wait_for_files_to_be_read() {
    let device = Device::new();
    let state = Arc::new(MemoryStore::new());
    let guard: Arc<OnceLock<Guard>> = Arc::default();
    let was_answered = Arc::new(AtomicBool::new(false));
    let left = Arc::new(AtomicUsize::new(0));
    let (asked, answered) = (guard.clone(), was_answered.clone());
    let happens = move || {
        let (tell, told) = mpsc::channel();
        let asked = asked.clone();
        thread::spawn(move || tell.send(asked.get().expect("it runs").tier()));
        let tier = told.recv_timeout(Duration::from_secs(20));
        answered.store(tier == Ok(Tier::Enterprise), Ordering::SeqCst);
    };
    let kept = Happening { kept: device.revocations.clone(), left: left.clone(), happens: Arc::new(happens) };
    let client = device.client_that_looks(state.clone(), kept);
    client.activate(&key()).expect("admitted");
    guard.set(start(&client)).expect("once");
    let file = device.station.draft(1, &[shard(0, 1, &[of_license()])]).file();
    device.client(state).import_snapshot(&file[..], None).expect("whole");
    // So that the action judges, too.
    device.station.machine.clocks.sleep(2 * HOUR);
    left.store(1, Ordering::SeqCst);
    let guard = guard.get().expect("it runs");
    guard.verify_integrity();
    assert!(was_answered.load(Ordering::SeqCst), "it waited");
    assert_eq!(lack(guard), Some(Lack::Revoked));
}

/// A program that started behind a time that was wrong is told that a restart is all it needs.
#[test]
fn a_restart_helps_once_a_wrong_time_is_put_right() {
    let station = Station::activated(None);
    station.import_file(&said_at(station.draft(1, &[]), 29 * DAY)).expect("whole");
    let guard = station.client().guard().offline().without_threads().start().expect("it starts");
    assert_eq!(lack(&guard), Some(Lack::ClockRolledBack));
    assert!(!guard.state().restart_helps);
    station.machine.pass(HOUR);
    station.import_file(&said_at(station.draft(2, &[]), HOUR)).expect("whole");
    let state = guard.verify_integrity();
    assert_eq!(state.standing.lack(), Some(&Lack::ClockRolledBack), "what fell stays down");
    assert!(state.restart_helps);
    drop(guard);
    let guard = station.client().guard().offline().without_threads().start().expect("it starts");
    assert_eq!(lack(&guard), None);
}

/// Whoever deletes the newer copy of the state gets back no keys from before.
#[test]
#[expect(clippy::disallowed_methods, reason = "files of the state are what is tested")]
fn no_older_copy_of_keys_is_left() {
    for newer in ["state.0", "state.1"] {
        for by_answer in [false, true] {
            let station = Station::activated(None);
            station.import(2, &[]).expect("whole");
            {
                let mut vendor = station.machine.site.authority();
                let issuer = vendor.issuers[0].0;
                vendor.issuers = vec![(issuer, KeyState::Revoked), (70, KeyState::Active)];
                vendor.tenant_version += 1;
            }
            if by_answer {
                station.client().validate_license(&key()).expect("by a newer issuer");
            } else {
                station.import(1, &[]).expect_err("older");
            }
            std::fs::remove_file(station.folder().join(newer)).expect("it was there");
            let guard = station.client().guard().offline().without_threads().start().expect("it starts");
            assert_eq!(lack(&guard), Some(Lack::NoLicense), "{newer} {by_answer}");
        }
    }
}

/// Two programs that found the same at different times write it down once each.
#[test]
fn programs_that_found_the_same_write_no_more_than_they_know() {
    let device = Device::new();
    let state = Failing::new();
    let client = device.client(state.clone());
    client.activate(&key()).expect("admitted");
    let guards = [start(&client), start(&client)];
    device.station.machine.clocks.sleep(100 * DAY);
    for guard in &guards {
        guard.verify_integrity();
        assert_eq!(lack(guard), Some(Lack::Expired));
        device.station.machine.clocks.sleep(1);
    }
    for guard in &guards {
        device.station.machine.clocks.sleep(HOUR);
        state.writes.store(100, Ordering::SeqCst);
        guard.verify_integrity();
        assert_eq!(100 - state.writes.load(Ordering::SeqCst), 1);
    }
}

/// A program without a guard keeps what it found, too, whatever becomes of the file.
#[test]
#[expect(clippy::disallowed_methods, reason = "files of the state are what is tested")]
fn what_was_found_without_a_guard_is_remembered() {
    for by in ["activation", "files", "heartbeat"] {
        let station = Station::activated(None);
        let license = station.machine.site.authority().license();
        let kept = station.client().kept_activation().expect("it verifies").expect("kept");
        let proof = kept.proof_carrier().to_vec();
        station.import(1, &[shard(0, 1, &[7])]).expect("whole");
        let copies = ["state.0", "state.1"].map(|name| station.folder().join(name));
        let before = copies.clone().map(|path| std::fs::read(path).expect("there"));
        station.import(2, &[shard(0, 2, &[of_license()])]).expect("whole");
        // It ended after the file was written, before the state was.
        copies.iter().zip(before).for_each(|(path, bytes)| put(path, &bytes));
        let client = station.client();
        let code = |read: Result<_, sealgate::Error>| read.map(drop).map_err(|no| no.code().to_owned());
        let looked = match by {
            "activation" => code(client.activation().map(drop)),
            "files" => code(client.verify_activation_files(&license, &proof).map(drop)),
            _ => code(client.heartbeat().map(|beat| assert_eq!(beat.said, BeatSaid::Revoked))),
        };
        assert_eq!(looked, if by == "heartbeat" { Ok(()) } else { Err("revoked".to_owned()) });
        std::fs::remove_file(station.kept()).expect("it was there");
        assert_eq!(code(client.activation().map(drop)), Err("revoked".to_owned()), "{by}");
    }
}

/// A program that looked before somebody else imported undoes nothing of what that one saw.
#[test]
#[expect(clippy::disallowed_methods, reason = "files of the state are what is tested")]
fn what_was_seen_since_is_not_forgotten_by_a_program_that_ends() {
    let station = Station::activated(None);
    station.import(1, &[shard(0, 1, &[7])]).expect("whole");
    let guard = station.client().guard().offline().without_threads().start().expect("it starts");
    station.machine.pass(HOUR);
    let mut newer = shard(0, 2, &[7]);
    newer.issued_at = at(NOW + HOUR);
    station.import_file(&said_at(station.draft(2, &[newer]), HOUR)).expect("whole");
    // It has not looked since, and keeps what it knows.
    drop(guard);
    std::fs::remove_file(station.kept()).expect("it was there");
    let guard = station.client().guard().offline().without_threads().start().expect("it starts");
    assert_eq!(lack(&guard), None, "it was looked up when it was imported");
}

/// An answer that somebody kept back says nothing of the time (`spec/activation.md` §6.4).
#[test]
fn an_activation_that_was_kept_back_replaces_no_time() {
    let station = Station::new(None);
    station.machine.site.between(|_| Err(Unanswered("kept back".to_owned())));
    station.client().activate(&key()).expect_err("nobody answered");
    station.machine.site.nobody_between();
    station.import_file(&said_at(station.draft(1, &[]), 5 * DAY)).expect("whole");
    let signed = || station.client().signed_time().expect("it reads");
    station.client().activate(&key()).expect("admitted, with the bytes of before");
    assert_eq!(signed(), at(NOW + 5 * DAY));
    station.client().activate(&key()).expect("admitted");
    assert_eq!(signed(), at(NOW), "asked now");
}
