//! The keys that a snapshot brings count as those from an answer do (`spec/revocation.md` §4.3, §5.1, §5.4).

use sealgate::Revocations;
use sealgate_artifact::{KeyState, KeyUse};

use crate::authority::{DAY, NOW, at, key};
use crate::guard::{HOUR, heard, lack};
use crate::snapshot::{Draft, SNAPSHOTTER, Station, shard};

#[test]
fn a_server_that_a_snapshot_revoked_is_believed_no_more() {
    let station = Station::new(None);
    assert!(station.client().validate_license(&key()).is_ok());
    let revoke = |station: &Station| {
        let mut vendor = station.machine.site.authority();
        let revoked = (KeyUse::Server, vendor.server, KeyState::Revoked);
        vendor.keyset_keys.push(revoked);
        vendor.keyset_version += 1;
    };
    revoke(&station);
    assert!(station.import(1, &[]).expect("whole").has_new_keys);
    // Whatever it shows: here, the newer keys that it heard of, too.
    let refused = station.client().validate_license(&key()).expect_err("revoked");
    assert_eq!(refused.code(), "server_revoked");
    // What it has said before vouches for nobody.
    let station = Station::activated(Some(heard()));
    station.machine.pass(HOUR);
    station.client().heartbeat().expect("admitted");
    let admitted = || station.client().activation().expect("it verifies").expect("kept").admitted_at();
    assert_eq!(admitted(), at(NOW + HOUR));
    revoke(&station);
    station.import(1, &[]).expect("whole");
    assert_eq!(admitted(), at(NOW));
}

#[test]
fn a_license_whose_issuer_a_snapshot_revoked_is_refused() {
    let station = Station::activated(None);
    let guard = station.client().guard().offline().without_threads().start().expect("it starts");
    let license = station.machine.site.authority().license();
    assert!(station.client().validate_license_file(&license).is_ok());
    {
        let mut vendor = station.machine.site.authority();
        vendor.issuers = vec![(vendor.issuers[0].0, KeyState::Revoked), (70, KeyState::Active)];
        vendor.tenant_version += 1;
    }
    assert!(station.client().validate_license_file(&license).is_ok(), "nobody told it");
    let file = station.medium(&station.draft(1, &[]).file());
    guard.import_snapshot_file(&file).expect("whole");
    let refused = station.client().validate_license_file(&license).expect_err("its issuer is revoked");
    assert_eq!(refused.code(), "signature_invalid");
    assert!(lack(&guard).is_some());
    drop(guard);
    let guard = station.client().guard().offline().without_threads().start().expect("it starts");
    assert!(lack(&guard).is_some());
}

/// `spec/revocation.md` §5.4: a retired key signs nothing new, and what was accepted goes on.
#[test]
fn keys_rotate_by_a_snapshot() {
    let station = Station::activated(None);
    let old = station.machine.site.authority().license();
    let (new, late) = {
        let mut vendor = station.machine.site.authority().clone();
        // The keyset is of a day before, and a day is what clocks may differ by.
        vendor.next_license().issued_at = at(NOW + 1);
        let late = vendor.license();
        vendor.issuers = vec![(70, KeyState::Active)];
        (vendor.license(), late)
    };
    let validate = |file: &[u8]| station.client().validate_license_file(file).map(|_| ());
    assert_eq!(validate(&new).expect_err("nobody knows it").code(), "signature_invalid");
    {
        let mut vendor = station.machine.site.authority();
        vendor.issuers = vec![(70, KeyState::Active), (vendor.issuers[0].0, KeyState::Retired)];
        vendor.tenant_version += 1;
    }
    let imported = station.import(1, &[shard(0, 1, &[])]).expect("whole");
    assert!(imported.has_new_keys);
    assert_eq!(validate(&late).expect_err("signed too late").code(), "key_retired");
    assert_eq!(validate(&old), Ok(()));
    let guard = station.client().guard().offline().without_threads().start().expect("it starts");
    assert_eq!(lack(&guard), None);
    assert_eq!(validate(&new), Ok(()));
}

/// A snapshot that was made before the device heard of newer keys is taken over under those.
#[test]
fn newer_keys_than_the_files_go_on_counting() {
    let station = Station::new(None);
    let before = station.draft(1, &[shard(0, 1, &[1])]);
    station.machine.site.authority().tenant_version += 1;
    station.client().validate_license(&key()).expect("admitted");
    let known = station.state();
    let imported = station.import_file(&before.file()).expect("whole");
    assert!(!imported.has_new_keys && imported.shards.len() == 1);
    let newer = station.machine.site.authority().tenant_keyset();
    let has = |state: &[u8]| String::from_utf8_lossy(state).contains(&*String::from_utf8_lossy(&newer));
    assert!(has(&known) && has(&station.state()));
    // Where those list the signer as revoked, what it says counts no more.
    let station = Station::new(None);
    let before = station.draft(1, &[shard(0, 1, &[1])]);
    {
        let mut vendor = station.machine.site.authority();
        vendor.snapshotters = vec![(SNAPSHOTTER, KeyState::Revoked)];
        vendor.tenant_version += 1;
    }
    station.client().validate_license(&key()).expect("admitted");
    station.changes_nothing(&before.file(), "signature_invalid");
}

/// What a stolen key listed stays known, and what it vouches for is nothing once it is revoked.
#[test]
fn shards_of_a_revoked_key_vouch_for_nobody() {
    let station = Station::activated(None);
    station.import(1, &[shard(0, 1, &[1])]).expect("whole");
    let found = || station.client().revocations().expect("it reads");
    assert_eq!(found().missing, None);
    {
        let mut vendor = station.machine.site.authority();
        vendor.snapshotters = vec![(SNAPSHOTTER, KeyState::Revoked), (71, KeyState::Active)];
        vendor.tenant_version += 1;
    }
    let draft = Draft { by: 71, ..station.draft(2, &[]) };
    station.import_file(&draft.file()).expect("whole");
    assert_eq!((found().state, found().missing), (Revocations::Unknown, None));
}

/// No clock runs behind what the vendor signed.
#[test]
fn a_snapshot_raises_the_time() {
    let station = Station::activated(None);
    let mut draft = station.draft(1, &[]);
    draft.snapshot.issued_at = at(NOW + 5 * DAY);
    draft.snapshot.next_update = at(NOW + 6 * DAY);
    station.import_file(&draft.file()).expect("whole");
    assert_eq!(station.client().signed_time().expect("it reads"), at(NOW + 5 * DAY));
    // An older file lowers nothing, and a newer one says what counts: the vendor's clock was ahead.
    let mut older = draft.clone();
    older.snapshot.version = 0;
    older.snapshot.issued_at = at(NOW + DAY);
    station.changes_nothing(&older.file(), "version_rollback");
    draft.snapshot.version = 2;
    draft.snapshot.issued_at = at(NOW + 4 * DAY);
    station.import_file(&draft.file()).expect("whole");
    assert_eq!(station.client().signed_time().expect("it reads"), at(NOW + 4 * DAY));
    // Not beyond the end of the keys that vouch for it.
    draft.snapshot.version = 3;
    draft.snapshot.issued_at = at(NOW + 900 * DAY);
    draft.snapshot.next_update = at(NOW + 901 * DAY);
    station.import_file(&draft.file()).expect("whole");
    assert_eq!(station.client().signed_time().expect("it reads"), at(NOW + 400 * DAY - 1));
    // A server's word replaces it, too, and the same file again says nothing new.
    station.client().heartbeat().expect("admitted");
    assert_eq!(station.client().signed_time().expect("it reads"), at(NOW));
    station.import_file(&draft.file()).expect("whole");
    assert_eq!(station.client().signed_time().expect("it reads"), at(NOW));
}

/// `spec/keys.md` §4.7: what the build pins is known, too. A key that only the build knows to be stolen signs nothing.
#[test]
fn a_file_of_older_keys_than_the_builds_does_not_lead_back() {
    for has_state in [false, true] {
        let mut station = Station::new(None);
        if has_state {
            station.client().validate_license(&key()).expect("admitted");
        }
        let stolen = station.draft(1, &[shard(0, 1, &[5])]).file();
        {
            let mut vendor = station.machine.site.authority();
            vendor.snapshotters = vec![(SNAPSHOTTER, KeyState::Revoked), (71, KeyState::Active)];
            vendor.tenant_version += 1;
        }
        station.update();
        // The first import makes a state where there is none.
        station.import_file(&stolen).expect_err("its signer is revoked");
        station.changes_nothing(&stolen, "signature_invalid");
        // Nor where a clock is set back to before the build's keys.
        station.machine.site.authority().tenant_since = NOW + 3 * DAY;
        station.update();
        station.changes_nothing(&stolen, "signature_invalid");
        // What is not newer than the build's is no news.
        station.machine.pass(3 * DAY);
        let recovery = Draft { by: 71, ..station.draft(2, &[]) };
        assert!(!station.import_file(&recovery.file()).expect("whole").has_new_keys);
    }
}

/// `spec/revocation.md` §5.4: what was accepted before its key was retired is the same again.
#[test]
fn the_same_file_again_is_not_judged_by_keys_that_came_since() {
    let station = Station::activated(None);
    station.machine.pass(3 * DAY);
    let late = |mut said: Draft| {
        (said.snapshot.issued_at, said.snapshot.next_update) = (at(NOW + 3 * DAY), at(NOW + 4 * DAY));
        said.file()
    };
    let mut said = shard(0, 1, &[7]);
    (said.issued_at, said.next_update) = (at(NOW + 3 * DAY), at(NOW + 4 * DAY));
    let file = late(station.draft(1, &[said]));
    station.import_file(&file).expect("whole");
    {
        // By a keyset that says an earlier time.
        let mut vendor = station.machine.site.authority();
        vendor.snapshotters = vec![(SNAPSHOTTER, KeyState::Retired), (71, KeyState::Active)];
        vendor.tenant_version += 1;
    }
    let other = late(station.draft(2, &[]));
    station.client().validate_license(&key()).expect("admitted");
    assert!(station.import_file(&file).expect("the same").is_unchanged);
    station.changes_nothing(&other, "key_retired");
}
