//! A state belongs to one app: another app's trust takes nothing of its revocation data away (`spec/revocation.md` §5.7).
#![expect(clippy::disallowed_methods, reason = "files of the state are what is tested")]

use std::sync::Arc;

use sealgate::{Client, HeldStatement, ImportError, LicenseFiles, Revocations, SnapshotImport};
use sealgate_artifact::Shard;

use crate::authority::{app, key};
use crate::site::ORIGIN;
use crate::snapshot::{LICENSE_SLOT, Station, other_app, shard};

fn of_license() -> u32 {
    u32::try_from(LICENSE_SLOT).expect("small")
}

/// A program of the same vendor's other app, given this machine's state.
fn other_client(station: &Station) -> Arc<Client> {
    let trust = String::from_utf8(station.machine.site.trust().to_vec()).expect("JSON");
    let trust = trust.replace(&app().to_string(), &other_app().to_string());
    let client = Client::builder(trust.into_bytes().leak())
        .server(ORIGIN)
        .state_dir(station.folder())
        .clock(station.machine.clocks.clone())
        .transport(station.machine.site.clone());
    Arc::new(client.build().expect("configured"))
}

/// The vendor's word on a block of both apps.
fn both(version: u64, slots: &[u32]) -> [Shard; 2] {
    let own = shard(0, version, slots);
    [own, Shard { app: other_app(), version: version + 100, ..shard(0, version, &[]) }]
}

#[track_caller]
fn is_wrong_app(station: &Station, file: &[u8]) {
    let before = (station.state(), std::fs::read(station.kept()).ok());
    let refused =
        other_client(station).import_snapshot_file(&station.medium(file)).expect_err("another app's");
    assert!(matches!(refused, ImportError::WrongApp { .. }), "{refused}");
    assert_eq!(refused.code().as_str(), "wrong_app");
    assert!((station.state(), std::fs::read(station.kept()).ok()) == before, "a refusal changed something");
}

#[track_caller]
fn takes_the_license_back(imported: &SnapshotImport) {
    assert!(!imported.is_unchanged);
    let what: Vec<HeldStatement> = imported.revoked.iter().map(|it| it.what).collect();
    assert_eq!(what, [HeldStatement::License]);
}

/// The slip of whoever has the trust of two apps: nothing is written, and the right import takes the license back.
#[test]
fn a_state_with_a_license_refuses_the_data_of_another_app() {
    let station = Station::activated(None);
    let file = station.draft(2, &both(2, &[of_license()])).file();
    is_wrong_app(&station, &file);
    station.import(1, &both(1, &[])).expect("whole");
    is_wrong_app(&station, &file);
    takes_the_license_back(&station.import_file(&file).expect("whole"));
    let verified = station.client().activation().expect_err("taken back");
    assert_eq!(verified.code(), "revoked", "{verified}");
}

/// A machine whose license lies in files, too.
#[test]
fn a_state_with_revocation_data_alone_is_bound_to_its_app() {
    let station = Station::new(None);
    station.import(1, &both(1, &[])).expect("whole");
    is_wrong_app(&station, &station.draft(2, &both(2, &[])).file());
}

#[test]
fn files_beside_the_state_say_whose_it_is() {
    let station = Station::new(None);
    let license = station.machine.site.authority().license();
    let files = LicenseFiles { license: Some(&license), proof: None };
    let other = other_client(&station);
    let staged =
        other.stage(&station.medium(&station.draft(1, &both(1, &[])).file()), |_, _| ()).expect("whole");
    let refused = other.import_staged_for(&staged, files).expect_err("another app's");
    assert_eq!(refused.code().as_str(), "wrong_app");
}

/// Nothing said yet whose the folder is. What was taken over for the other app then stands beside, and in nobody's way.
#[test]
fn a_first_import_for_another_app_keeps_no_later_one_out() {
    let station = Station::new(None);
    let file = station.draft(2, &both(2, &[of_license()])).file();
    other_client(&station).import_snapshot_file(&station.medium(&file)).expect("nobody's yet");
    let refused = station.import_file(&file).expect_err("the folder is the other app's");
    assert_eq!(refused.code().as_str(), "wrong_app");
    assert!(refused.fix().contains("delete"), "{}", refused.fix());

    station.client().activate(&key()).expect("a server's yes");
    let known = station.client().revocations().expect("readable");
    assert_eq!((known.state, known.missing), (Revocations::Unknown, None));
    takes_the_license_back(&station.import_file(&file).expect("whole"));
    assert!(station.import_file(&file).expect("whole").is_unchanged);
}

/// The file that is kept was lost, and what the snapshot names is older than what it had: nobody is told that all is well.
#[test]
fn an_import_that_cannot_bring_back_what_is_lost_says_so() {
    let station = Station::activated(None);
    let (newest, older) = (shard(0, 9, &[1]), shard(0, 8, &[1]));
    station.import(1, std::slice::from_ref(&newest)).expect("whole");
    // The newest is still there.
    station.import(2, std::slice::from_ref(&older)).expect("whole");
    std::fs::remove_file(station.kept()).expect("it was there");
    let file = station.draft(3, &[older]).file();
    for _ in 0..2 {
        let refused = station.import_file(&file).expect_err("it lacks the newest");
        assert!(matches!(refused, ImportError::Lacking { .. }), "{refused}");
        assert_eq!(refused.code().as_str(), "version_rollback");
        assert!(station.client().revocations().expect("readable").missing.is_some());
    }
    station.import(4, &[newest]).expect("whole");
    assert_eq!(station.client().revocations().expect("readable").missing, None);
}
