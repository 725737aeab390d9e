//! A configured program whose activation is listed, or cannot be looked up (`spec/guard.md` §5.2).
#![expect(clippy::disallowed_methods, reason = "files of the state are what is tested")]

use sealgate::guard::{Lack, Standing, StartRefused};
use sealgate::{Guard, UnixSeconds};
use sealgate_artifact::Shard;

use crate::authority::{DAY, NOW, at, key};
use crate::configured::{ONLINE, configured_by};
use crate::guard::{HOUR, heard, lack};
use crate::snapshot::{LICENSE_SLOT, Station, shard};

fn started(station: &Station, config: &str, key: Option<&str>) -> Result<Guard, StartRefused> {
    let folder = tempfile::tempdir().expect("a folder");
    configured_by(&station.client(), folder.path(), config, key)
}

fn may_not_activate() -> String {
    ONLINE.replace(r#""Mode""#, r#""FallbackToOnlineActivation":false,"Mode""#)
}

fn asked(station: &Station) -> usize {
    station.machine.site.record.lock().expect("kept").len()
}

fn activated_at(station: &Station) -> Option<UnixSeconds> {
    station.client().kept_activation().expect("it verifies").map(|held| held.issued_at())
}

/// Activated, and nobody can look its license up: a shard that may list it is lost.
fn unseen() -> Station {
    let station = Station::new(Some(heard()));
    let later = Shard { issued_at: at(NOW + DAY), next_update: at(NOW + 2 * DAY), ..shard(0, 1, &[7]) };
    station.import_file(&station.draft(1, &[later]).file()).expect("whole");
    std::fs::remove_file(station.kept()).expect("it was there");
    station.client().activate(&key()).expect("admitted");
    assert_eq!(station.client().activation().expect_err("unseen").code(), "revocations_stale");
    station
}

/// The proof is there: its program starts, says why it has no rights, and asks the server for something newer.
#[test]
fn who_may_not_activate_starts_with_an_activation_that_was_taken_back() {
    let station = Station::activated(Some(heard()));
    let of_license = u32::try_from(LICENSE_SLOT).expect("small");
    station.import(1, &[shard(0, 1, &[of_license])]).expect("whole");
    station.machine.pass(HOUR);
    station.machine.cut();
    let guard = started(&station, &may_not_activate(), None).expect("the proof is there");
    assert_eq!(lack(&guard), Some(Lack::Revoked));
    drop(guard);
    station.machine.mend();
    station.machine.site.authority().next_license().conditions.slot = Some(LICENSE_SLOT + 1);
    station.machine.pass(HOUR);
    let guard = started(&station, &may_not_activate(), None).expect("the proof is there");
    assert_eq!(guard.state().standing, Standing::Licensed);
}

#[test]
fn who_may_not_activate_starts_with_an_activation_that_is_unseen() {
    let station = unseen();
    station.machine.cut();
    let guard = started(&station, &may_not_activate(), None).expect("the proof is there");
    assert_eq!(lack(&guard), Some(Lack::Stale));
    drop(guard);
    station.machine.mend();
    station.machine.pass(2 * DAY);
    let guard = started(&station, &may_not_activate(), None).expect("the proof is there");
    assert_eq!(guard.state().standing, Standing::Licensed, "the server vouched for it");
}

/// A new activation would be a new generation for nothing.
#[test]
fn a_key_activates_nothing_anew_where_a_heartbeat_does() {
    let station = unseen();
    let (before, activated) = (asked(&station), activated_at(&station));
    station.machine.pass(2 * DAY);
    let guard = started(&station, ONLINE, Some(&key())).expect("it starts");
    assert_eq!(guard.state().standing, Standing::Licensed);
    assert_eq!((asked(&station), activated_at(&station)), (before + 1, activated), "one heartbeat");
}
