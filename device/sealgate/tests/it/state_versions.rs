//! States of other versions of the program.

use sealgate::guard::Lack;
use sealgate::{ConfigurationError, Error, FileStore, Store};

use crate::authority::{NOW, at};
use crate::guard::{HOUR, Machine, heard, lack};
use crate::snapshot::{LICENSE_SLOT, Station, shard};

/// As the last version without revocation data left it: a device that was activated, heard an hour later, and ran a guard.
const FORMER: &[u8] = include_bytes!("state_3.json");

fn version(state: &[u8]) -> u64 {
    let text: serde_json::Value = serde_json::from_slice(state).expect("JSON");
    text["version"].as_u64().expect("a number")
}

#[test]
fn a_state_of_the_former_version_is_read_and_written() {
    let machine = Machine::unactivated(Some(heard()));
    assert!(machine.store.replace(None, FORMER).expect("memory writes"));
    machine.pass(HOUR);
    let activation = machine.client().activation().expect("it verifies").expect("kept");
    assert_eq!(activation.admitted_at(), at(NOW + HOUR));
    assert_eq!(machine.client().signed_time().expect("it reads"), at(NOW + HOUR));
    let guard = machine.client().guard().offline().without_threads().start().expect("it starts");
    assert_eq!(lack(&guard), None);
    machine.pass(HOUR);
    drop(guard);
    let state = machine.store.load().expect("memory reads").expect("a state");
    assert_ne!(state, FORMER);
    assert_eq!(version(&state), 3, "a program that is put back to the former version reads it");
}

/// Whoever follows the words of a program that is older than its state removes nothing.
#[test]
fn a_state_of_a_later_version_is_not_called_damaged() {
    let station = Station::activated(None);
    assert_eq!(version(&station.state()), 3);
    let slot = u32::try_from(LICENSE_SLOT).expect("small");
    station.import(1, &[shard(0, 1, &[slot])]).expect("whole");
    let state = station.state();
    assert_eq!(version(&state), 4);
    let guard = station.client().guard().offline().without_threads().start().expect("it starts");
    assert_eq!(lack(&guard), Some(Lack::Revoked));
    drop(guard);

    let state = station.state();
    let mut later: serde_json::Value = serde_json::from_slice(&state).expect("JSON");
    later["version"] = 6.into();
    later["made_up"] = serde_json::json!({ "of": "later" });
    let later = later.to_string().into_bytes();
    assert!(FileStore::new(station.folder()).replace(Some(&state), &later).expect("it writes"));
    let error = station.client().activation().expect_err("it knows nothing of it");
    assert_eq!(error, Error::Configuration(ConfigurationError::StateNewer));
    assert_eq!(error.code(), "file_unreadable");
    assert!(error.to_string().contains("newer version"));
    assert!(station.client().activation().is_err() && station.state() == later);
}
