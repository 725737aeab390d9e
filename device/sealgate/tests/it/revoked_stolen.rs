//! A snapshot key was stolen, and the vendor revokes it (`spec/revocation.md` §5.1 step 5).
#![expect(clippy::disallowed_methods, reason = "files of the state are what is tested")]

use sealgate::Tier;
use sealgate::guard::Lack;
use sealgate_artifact::{Freshness, KeyState, Policy};

use crate::authority::{DAY, NOW, Seed, at};
use crate::guard::{HOUR, heard, lack};
use crate::snapshot::{Draft, LICENSE_SLOT, PROOF_SLOT, SNAPSHOTTER, Station, shard};
use crate::told::{says, told};

const NEXT: Seed = 71;
const HONEST: Seed = 72;

fn listed() -> [u32; 2] {
    [LICENSE_SLOT, PROOF_SLOT].map(|slot| u32::try_from(slot).expect("of the first block"))
}

fn keys(station: &Station, keys: &[(Seed, KeyState)]) {
    let mut vendor = station.machine.site.authority();
    vendor.snapshotters = keys.to_vec();
    vendor.tenant_version += 1;
}

/// Signed by this key, the snapshot and its shards.
fn by(station: &Station, key: Seed, version: u64, slots: &[u32]) -> Vec<u8> {
    let shards = [shard(0, version, slots)];
    Draft::signed_by(key, &station.machine.site.authority(), version, &shards).file()
}

fn starts(station: &Station) -> (Tier, Option<Lack>) {
    let guard = station.client().guard().offline().without_threads().start().expect("it starts");
    (guard.tier(), lack(&guard))
}

#[test]
fn what_a_stolen_key_listed_counts_again_once_it_is_revoked() {
    for policy in [None, Some(heard())] {
        let station = Station::activated(policy);
        station.import_file(&by(&station, SNAPSHOTTER, 1, &listed())).expect("it looks genuine");
        assert_eq!(starts(&station), (Tier::Free, Some(Lack::Revoked)), "and a reason is kept");
        keys(&station, &[(SNAPSHOTTER, KeyState::Revoked), (NEXT, KeyState::Active)]);
        let imported = station.import_file(&by(&station, NEXT, 2, &[])).expect("whole");
        assert!(imported.revoked.is_empty(), "{:?}", imported.revoked);
        assert_eq!(starts(&station), (Tier::Enterprise, None));
        assert!(station.client().activation().expect("it counts").is_some());
        // Nor once the key has left the keyset.
        keys(&station, &[(NEXT, KeyState::Active)]);
        station.import_file(&by(&station, NEXT, 3, &[])).expect("whole");
        assert_eq!(starts(&station), (Tier::Enterprise, None));
    }
}

/// The vendor's word replaces that of a key that was revoked. Whoever keeps it from the machine gains nothing.
#[test]
fn what_only_a_revoked_key_listed_gives_no_right_until_it_is_looked_up() {
    for (slots, then) in
        [(vec![], (Tier::Enterprise, None)), (listed().to_vec(), (Tier::Free, Some(Lack::Revoked)))]
    {
        for is_built_in in [false, true] {
            let mut station = Station::activated(None);
            station.import_file(&by(&station, SNAPSHOTTER, 1, &listed())).expect("it looks genuine");
            // Nobody vouched for it since.
            station.machine.pass(HOUR);
            station.machine.site.authority().tenant_since = NOW + HOUR;
            keys(&station, &[(SNAPSHOTTER, KeyState::Revoked), (NEXT, KeyState::Active)]);
            // Nobody has vouched for the license since.
            station.machine.pass(DAY);
            station.machine.site.authority().tenant_since = NOW + DAY;
            let shards = [shard(0, 2, &slots)];
            let mut cut = Draft::signed_by(NEXT, &station.machine.site.authority(), 2, &shards);
            cut.shards.clear();
            if is_built_in {
                station.update();
            } else {
                station.import_file(&cut.file()).expect_err("its shard is missing");
            }
            for _ in 0..2 {
                assert_eq!(starts(&station), (Tier::Free, Some(Lack::Stale)), "{is_built_in}");
            }
            station.import_file(&by(&station, NEXT, 2, &slots)).expect("whole");
            assert_eq!(starts(&station), then, "{is_built_in}");
        }
    }
}

/// Who else listed it says so still, and a key that was only replaced takes nothing back.
#[test]
fn what_another_key_listed_too_stays_listed() {
    let station = Station::activated(None);
    let both = [(SNAPSHOTTER, KeyState::Active), (HONEST, KeyState::Active)];
    keys(&station, &both);
    station.import_file(&by(&station, SNAPSHOTTER, 1, &listed())).expect("whole");
    station.import_file(&by(&station, HONEST, 2, &listed())).expect("whole");
    keys(
        &station,
        &[(SNAPSHOTTER, KeyState::Revoked), (HONEST, KeyState::Retired), (NEXT, KeyState::Active)],
    );
    station.import_file(&by(&station, NEXT, 3, &[])).expect("whole");
    assert_eq!(starts(&station).1, Some(Lack::Revoked));
    keys(&station, &[(NEXT, KeyState::Active)]);
    station.import_file(&by(&station, NEXT, 4, &[])).expect("whole");
    std::fs::remove_file(station.kept()).expect("it was there");
    assert_eq!(starts(&station).1, Some(Lack::Revoked), "a key that is listed no more goes on counting");
}

/// What a stolen key says of times vouches for nobody either.
#[test]
fn what_a_stolen_key_vouched_for_ends_with_it() {
    let freshness = Some(Freshness { warn: Some(2), restrict: Some(4), block: None });
    let station = Station::activated(Some(Policy { freshness, ..Policy::default() }));
    keys(&station, &[(SNAPSHOTTER, KeyState::Active), (NEXT, KeyState::Active)]);
    let mut ahead = shard(0, 1, &[]);
    (ahead.issued_at, ahead.next_update) = (at(NOW + 50 * DAY), at(NOW + 51 * DAY));
    let stolen = Draft::signed_by(SNAPSHOTTER, &station.machine.site.authority(), 1, &[ahead]);
    station.import_file(&stolen.file()).expect("it looks genuine");
    station.import_file(&by(&station, NEXT, 2, &[])).expect("whole");
    keys(&station, &[(SNAPSHOTTER, KeyState::Revoked), (NEXT, KeyState::Active)]);
    station.import_file(&by(&station, NEXT, 3, &[])).expect("whole");
    assert_eq!(station.client().revocations().expect("it reads").vouched_at, Some(at(NOW)));
}

/// `spec/revocation.md` §5.4: a key that is retired after somebody accepted what it signed ends nothing of it, however the clocks of its signers
/// stood.
#[test]
fn what_was_accepted_is_not_judged_anew_when_its_key_is_retired() {
    let station = Station::new(Some(heard()));
    station.machine.pass(3 * DAY);
    station.machine.site.authority().next_license().issued_at = at(NOW + 3 * DAY);
    station.client().activate(&crate::authority::key()).expect("admitted");
    let license = station.machine.site.authority().license();
    station.import_file(&by(&station, SNAPSHOTTER, 1, &[])).expect("whole");
    {
        // Both keys are retired by a keyset that says an earlier time.
        let mut vendor = station.machine.site.authority();
        let vendor = &mut *vendor;
        for (_, state) in vendor.issuers.iter_mut().chain(&mut vendor.activators) {
            *state = KeyState::Retired;
        }
        vendor.issuers.push((73, KeyState::Active));
    }
    keys(&station, &[(SNAPSHOTTER, KeyState::Retired), (NEXT, KeyState::Active)]);
    station.import_file(&by(&station, NEXT, 2, &[])).expect("whole");
    assert_eq!(starts(&station), (Tier::Enterprise, None));
    assert!(station.client().activation().expect("it verifies").is_some());
    // A file that somebody brings was not accepted by anybody.
    let other = Station::new(Some(heard()));
    keys(&other, &[(NEXT, KeyState::Active)]);
    other.machine.site.authority().issuers = station.machine.site.authority().issuers.clone();
    other.import_file(&by(&other, NEXT, 2, &[])).expect("whole");
    let (guard, lines) =
        told(|| other.client().guard().files(Some(license), None).offline().without_threads().start());
    assert_eq!(lack(&guard.expect("it starts")), Some(Lack::NoLicense));
    says(&lines, "WARN", &["what is held does not count", "retired"]);
}

/// What an honest key vouched for stays, also where a thief's key said something later.
#[test]
fn a_thief_takes_no_honest_word_away() {
    let mut station = Station::activated(None);
    keys(&station, &[(SNAPSHOTTER, KeyState::Active), (NEXT, KeyState::Active)]);
    let whole = |key, version, days| {
        let mut said = shard(0, version, &[]);
        (said.issued_at, said.next_update) = (at(NOW + days * DAY), at(NOW + (days + 1) * DAY));
        Draft::signed_by(key, &station.machine.site.authority(), version, &[said]).file()
    };
    station.machine.pass(2 * DAY);
    let files = [whole(NEXT, 1, 0), whole(SNAPSHOTTER, 2, 2), whole(NEXT, 3, 1)];
    let vouched = |station: &Station| station.client().revocations().expect("it reads").vouched_at;
    for file in &files {
        station.import_file(file).expect("it looks genuine");
    }
    assert_eq!(vouched(&station), Some(at(NOW + 2 * DAY)));
    // The honest one again brings nothing new.
    assert!(station.import_file(&files[2]).expect("whole").is_unchanged);
    keys(&station, &[(SNAPSHOTTER, KeyState::Revoked), (NEXT, KeyState::Active)]);
    station.update();
    assert_eq!(vouched(&station), Some(at(NOW + DAY)));
}

/// `spec/revocation.md` §5.5: a key that left the keyset goes on counting, also for what was not looked up.
#[test]
fn what_a_key_that_left_signed_is_missed_where_it_is_lost() {
    for is_built_in in [false, true] {
        let mut station = Station::new(None);
        station.import_file(&by(&station, SNAPSHOTTER, 1, &listed())).expect("whole");
        keys(&station, &[(NEXT, KeyState::Active)]);
        if is_built_in {
            station.update();
        } else {
            let shards = [shard(0, 2, &listed())];
            let mut cut = Draft::signed_by(NEXT, &station.machine.site.authority(), 2, &shards);
            cut.shards.clear();
            station.import_file(&cut.file()).expect_err("its shard is missing");
        }
        std::fs::remove_file(station.kept()).expect("it was there");
        let license = station.machine.site.authority().license();
        let starts = || {
            let guard = station.client().guard().files(Some(license.clone()), None);
            lack(&guard.offline().without_threads().start().expect("it starts"))
        };
        assert_eq!(starts(), Some(Lack::Stale), "{is_built_in}");
        station.import_file(&by(&station, NEXT, 3, &[])).expect("whole");
        assert_eq!(starts(), None, "{is_built_in}");
    }
}
