//! What is told of revocation data that is lost, old, or of nothing that verifies.
#![expect(clippy::disallowed_methods, reason = "files of the state are what is tested")]

use sealgate::guard::Lack;
use sealgate::{LicenseFiles, RevocationStatus};
use sealgate_artifact::{Freshness, Policy};

use crate::authority::{DAY, NOW, at};
use crate::guard::lack;
use crate::snapshot::{LICENSE_SLOT, Station, shard};

fn of(license: &[u8]) -> LicenseFiles<'_> {
    LicenseFiles { license: Some(license), proof: None }
}

fn status(station: &Station, license: &[u8]) -> RevocationStatus {
    station.client().revocations_for(of(license)).expect("it reads")
}

fn slot(slot: u64) -> u32 {
    u32::try_from(slot).expect("of the first block")
}

/// A guard says `Free(Stale)`, and whoever looks for the reason is told the same.
#[test]
fn what_has_taken_the_rights_is_told() {
    let station = Station::new(None);
    let license = station.machine.site.authority().license();
    let file = station.draft(1, &[shard(0, 1, &[7])]).file();
    station.import_file(&file).expect("whole");
    std::fs::remove_file(station.kept()).expect("it was there");
    let lost = status(&station, &license);
    assert!(lost.is_unseen && lost.has_taken_rights(at(NOW)) && lost.missing.is_some(), "{lost:?}");
    station.import_file(&file).expect("whole");
    let found = status(&station, &license);
    assert!(!found.is_unseen && !found.has_taken_rights(at(NOW + 1_000 * DAY)), "{found:?}");

    let freshness = Some(Freshness { warn: Some(2), restrict: Some(4), block: Some(8) });
    let station = Station::activated(Some(Policy { freshness, ..Policy::default() }));
    let told = station.client().revocations().expect("it reads");
    let end = NOW + 4 * DAY;
    assert_eq!(told.takes_rights_at, Some(at(end)));
    assert_eq!((told.has_taken_rights(at(end - 1)), told.has_taken_rights(at(end))), (false, true));
}

/// What does not verify takes nothing away from what is known without it.
#[test]
fn what_does_not_verify_hides_nothing() {
    let station = Station::new(None);
    station.import(1, &[shard(0, 1, &[7])]).expect("whole");
    let told = status(&station, b"{}");
    assert_eq!((told.snapshot.map(|said| said.version), &told.missing), (Some(1), &None));
    assert!(told.unverified.is_some() && told.vouched_at.is_none(), "{told:?}");
    std::fs::remove_file(station.kept()).expect("it was there");
    assert!(status(&station, b"{}").missing.is_some());
    let license = station.machine.site.authority().license();
    assert_eq!(status(&station, &license).unverified, None);
}

/// The reason is of a license beside the program, and so is what lifts it. Who looks changes nothing.
#[test]
fn a_reason_of_a_license_beside_is_judged_by_what_lies_there() {
    let station = Station::new(None);
    let older = station.machine.site.authority().license();
    station.import(1, &[shard(0, 1, &[slot(LICENSE_SLOT)])]).expect("whole");
    let guard = station.client().guard().files(Some(older.clone()), None).offline().without_threads();
    assert_eq!(lack(&guard.start().expect("it starts")), Some(Lack::Revoked));
    let helps = |license: &[u8]| {
        let fell = station.client().last_run_for(of(license)).expect("it reads").fell;
        fell.iter().map(|fell| (fell.lack.clone(), fell.restart_helps)).collect::<Vec<_>>()
    };
    assert_eq!(helps(&older), [(Lack::Revoked, false)]);
    station.machine.site.authority().next_license().conditions.slot = Some(LICENSE_SLOT + 1);
    let newer = station.machine.site.authority().license();
    assert_eq!(helps(&newer), [(Lack::Revoked, true)]);
    // It is listed, too, and nobody looked yet.
    station.import(2, &[shard(0, 2, &[slot(LICENSE_SLOT), slot(LICENSE_SLOT + 1)])]).expect("whole");
    let before = station.state();
    assert_eq!(helps(&newer), [(Lack::Revoked, false)]);
    assert!(station.state() == before, "nothing is changed");
}
