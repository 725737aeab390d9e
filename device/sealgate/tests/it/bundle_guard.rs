//! A guarded program that runs by a bundle (`spec/offline.md` §4.6 to §4.8, `spec/guard.md`).

use sealgate::guard::{GuardConfig, Lack, Local, Standing};
use sealgate::{FileStore, Store, Tier};
use sealgate_artifact::{ClockMode, ClockPolicy, Integrity, LicenseId, Machines, Policy};

use crate::authority::{DAY, NOW, at, key, signed};
use crate::bundle::{
    DAYS, ISSUER, activate, answering, between, bundle, client, file, file_of, guard, others, own, request,
    with_policy,
};
use crate::guard::{HOUR, heard, lack};
use crate::snapshot::Station;
use crate::told::{says, told};

/// A machine that activated the answer to its request.
fn activated() -> Station {
    let station = Station::new(None);
    let client = client(&station);
    let answer = answering(bundle(&station, 1, own(&client)), request(&client).id());
    activate(&client, &file(&answer)).expect("activated");
    station
}

#[test]
fn a_bundle_gives_its_rights_until_its_end_and_the_next_one_lifts_it() {
    let station = activated();
    let running = guard(&station);
    assert_eq!((running.tier(), running.state().standing), (Tier::Enterprise, Standing::Licensed));
    assert_eq!(running.state().license_ends, Some(at(NOW + DAYS * DAY)));
    assert!(running.has_feature("rule-engine") && !running.has_feature("grpc"));
    station.machine.clocks.sleep(DAYS * DAY - 1);
    assert!(running.has_feature("rule-engine"), "nobody was asked, and nobody need be");
    station.machine.clocks.sleep(1);
    assert!(!running.has_feature("rule-engine"), "exactly then");
    assert_eq!(lack(&running), Some(Lack::Expired));
    drop(running);
    // A clock that is set back revives nothing.
    station.machine.set_clock(-3_600);
    assert_eq!(lack(&guard(&station)), Some(Lack::Expired));
    station.machine.set_clock(0);
    let now = NOW + DAYS * DAY;
    let same_end = between(bundle(&station, 2, own(&client(&station))), now, now);
    assert_eq!(crate::bundle::refused(&client(&station), &file(&same_end)), "expired");
    let running = guard(&station);
    let next = between(bundle(&station, 3, own(&client(&station))), now, now + DAY);
    let looked = client(&station).look_at_bundle_on(&file(&next)[..], None).expect("read");
    running.activate_bundle(&looked).expect("activated");
    assert_eq!((lack(&running), running.state().restart_helps), (Some(Lack::Expired), true));
    drop(running);
    assert_eq!(guard(&station).state().standing, Standing::Licensed);
}

#[test]
fn a_running_program_goes_on_with_the_next_bundle() {
    let station = activated();
    let running = guard(&station);
    station.machine.clocks.sleep(25 * DAY);
    let next = between(bundle(&station, 2, own(&client(&station))), NOW + 25 * DAY, NOW + 60 * DAY);
    // Another process activates it.
    activate(&client(&station), &file(&next)).expect("activated");
    station.machine.clocks.sleep(4 * DAY);
    running.verify_integrity();
    assert_eq!(running.state().license_ends, Some(at(NOW + 60 * DAY)));
    station.machine.clocks.sleep(20 * DAY);
    assert!(running.has_feature("rule-engine"));
}

/// The program is told of the end, in time and once.
#[test]
fn a_program_is_told_before_its_bundle_ends() {
    for (days, length, before) in [
        (None, 30, 7 * DAY),
        (Some(10), 30, 10 * DAY),
        (None, 8, 2 * DAY),
        (Some(1), 8, DAY),
        (Some(99), 30, 30 * DAY),
    ] {
        let station = Station::new(None);
        let made = between(bundle(&station, 1, own(&client(&station))), NOW, NOW + length * DAY);
        activate(&client(&station), &file(&made)).expect("activated");
        let (running, lines) = told(|| {
            let begun = client(&station).guard().without_threads();
            let begun = if let Some(days) = days { begun.tell_days_before_end(days) } else { begun };
            begun.start().expect("it starts")
        });
        let end = at(NOW + length * DAY);
        if before < length * DAY {
            assert!(!lines.iter().any(|line| line.contains("EndsSoon")), "{lines:?}");
            station.machine.clocks.sleep(length * DAY - before - 1);
            let (_, lines) = told(|| running.has_feature("rule-engine"));
            assert_eq!(running.state().ends_soon, None, "{days:?} {length}");
            assert!(!lines.iter().any(|line| line.contains("EndsSoon")), "{lines:?}");
            station.machine.clocks.sleep(1);
            let (_, lines) = told(|| running.has_feature("rule-engine"));
            says(&lines, "WARN", &["[License] EndsSoon", &end.to_string()]);
        } else {
            says(&lines, "WARN", &["[License] EndsSoon", &end.to_string()]);
        }
        assert_eq!(running.state().ends_soon, Some(end), "{days:?} {length}");
        let events = running.counters().license();
        station.machine.clocks.sleep(60);
        running.verify_integrity();
        assert!(running.has_feature("rule-engine"));
        assert_eq!(running.counters().license(), events, "it is told once");
    }
    let days = GuardConfig::from_json(r#"{"LicenseConfigs":{"TellDaysBeforeEnd":3}}"#).expect("it reads");
    assert_eq!((days.days_before_end, days.unknown.len()), (Some(3), 0));
}

/// `spec/guard.md` §6.1: whoever wants heartbeats of all its programs ends no bundle.
#[test]
fn a_heartbeat_of_the_programs_own_counts_for_no_bundle() {
    let station = activated();
    let narrowed = Local { heartbeat: Some((HOUR, DAY)), ..Local::default() };
    let running = client(&station).guard().narrowed(narrowed).without_threads().start().expect("it starts");
    station.machine.clocks.sleep(20 * DAY);
    assert!(running.has_feature("rule-engine"));
    assert_eq!(running.state().standing, Standing::Licensed);
}

/// A configuration that is online, on a machine that has a bundle: nobody is asked, with a server or without.
#[test]
fn a_machine_with_a_bundle_asks_nobody_at_its_start() {
    let station = activated();
    let online = r#"{"LicenseConfigs":{"Mode":"Online","FallbackToOnlineActivation":FALLS,"Online":{"EnableHeartbeat":true}}}"#;
    for falls in ["true", "false"] {
        let config = GuardConfig::from_json(&online.replace("FALLS", falls)).expect("it reads");
        for client in [client(&station), station.client()] {
            let begun =
                client.guard().without_threads().configured(&config, Some(key().into())).expect("reads");
            assert_eq!(begun.start().expect("it starts").state().standing, Standing::Licensed);
        }
    }
    assert!(station.machine.site.record.lock().expect("no panics").is_empty());
    let error = client(&station).validate_license(&key()).expect_err("no server");
    assert_eq!((error.code(), error.to_string().as_str()), ("config_invalid", "no server was given"));
    // With threads, too, and whoever asks fails the test.
    let running = client(&station).guard().start().expect("it starts");
    assert_eq!(running.state().standing, Standing::Licensed);
}

/// `spec/offline.md` §4.6.
#[test]
fn of_a_proof_and_a_bundle_the_later_one_counts_and_a_proof_outlives_a_bundle() {
    let station = Station::activated(Some(heard()));
    let mut made = bundle(&station, 1, own(&station.client()));
    made.terms.conditions.policy = None;
    let ends = |station: &Station| guard(station).state().license_ends;
    // Signed before the proof: it is kept, and the proof counts.
    activate(&client(&station), &file(&between(made.clone(), NOW - DAY, NOW + 5 * DAY))).expect("activated");
    assert!(!client(&station).bundle().expect("it verifies").expect("kept").is_in_use);
    let of_license = ends(&station);
    assert_eq!(of_license, Some(at(NOW + 20 * DAY)));
    made.serial = 2;
    made.bundle = sealgate_artifact::BundleId::from_bytes([9; 16]);
    activate(&client(&station), &file(&between(made.clone(), NOW + 1, NOW + 5 * DAY))).expect("activated");
    assert!(client(&station).bundle().expect("it verifies").expect("kept").is_in_use);
    assert_eq!(ends(&station), Some(at(NOW + 5 * DAY)));
    // Not heard for two days, and it does not matter.
    station.machine.pass(2 * DAY);
    assert_eq!(guard(&station).state().standing, Standing::Licensed);
    // Heard again before the bundle ends: then the license goes on.
    station.machine.pass(3 * DAY - HOUR);
    station.client().heartbeat().expect("admitted");
    assert_eq!(ends(&station), Some(at(NOW + 5 * DAY)));
    station.machine.pass(HOUR);
    assert_eq!((guard(&station).state().standing, ends(&station)), (Standing::Licensed, of_license));
    assert!(!client(&station).bundle().expect("it verifies").expect("kept").is_in_use);
    // Where the proof gives nothing either, what is told is the bundle's end.
    station.machine.pass(4 * DAY);
    let running = guard(&station);
    assert_eq!(
        (lack(&running), running.state().license_ends),
        (Some(Lack::Expired), Some(at(NOW + 5 * DAY)))
    );
    drop(running);
    station.client().activate(&key()).expect("admitted");
    assert_eq!((guard(&station).state().standing, ends(&station)), (Standing::Licensed, of_license));
}

/// Of bundles of different licenses, the one that was activated last counts.
#[test]
fn the_bundle_that_was_activated_last_counts() {
    let station = activated();
    let mut other = bundle(&station, 1, own(&client(&station)));
    other.terms.license = LicenseId::from_bytes([99; 16]);
    other.terms.tier = Tier::Licensed;
    activate(&client(&station), &file(&other)).expect("activated");
    assert_eq!(guard(&station).tier(), Tier::Licensed);
    activate(&client(&station), &file(&bundle(&station, 2, own(&client(&station))))).expect("activated");
    assert_eq!(guard(&station).tier(), Tier::Enterprise);
}

/// `spec/offline.md` §4.8: a state that was copied to a machine with another key gives nothing.
#[test]
fn a_state_beside_another_devices_key_gives_nothing() {
    let (station, elsewhere) = (activated(), Station::new(None));
    request(&client(&elsewhere));
    let mut stolen: serde_json::Value = serde_json::from_slice(&station.state()).expect("JSON");
    let own: serde_json::Value = serde_json::from_slice(&elsewhere.state()).expect("JSON");
    for seed in ["device_seed", "sealing_seed"] {
        stolen[seed] = own[seed].clone();
    }
    let before = elsewhere.state();
    let store = FileStore::new(elsewhere.folder());
    assert!(store.replace(Some(&before), stolen.to_string().as_bytes()).expect("it writes"));
    assert_eq!(client(&elsewhere).bundle().expect_err("another device's").code(), "device_not_named");
    let (running, lines) = told(|| guard(&elsewhere));
    assert_eq!(lack(&running), Some(Lack::NoLicense));
    says(&lines, "WARN", &["[License] what is held does not count", "bundle"]);
}

/// One for a pool is for whichever machine has it.
#[test]
fn a_pools_bundle_runs_on_any_machine() {
    let made = bundle(&Station::new(None), 1, Machines::Pool(2));
    for _ in 0..3 {
        let station = Station::new(None);
        activate(&client(&station), &file(&made)).expect("no machine sees how many others there are");
        assert_eq!(guard(&station).state().standing, Standing::Licensed);
    }
}

/// Keys that have ended since the bundle was accepted end nothing.
#[test]
fn a_bundle_outlives_the_keys_by_which_it_was_accepted() {
    let station = Station::new(None);
    let made = between(bundle(&station, 1, own(&client(&station))), NOW, NOW + 600 * DAY);
    activate(&client(&station), &file(&made)).expect("activated");
    drop(guard(&station));
    // Of starts by a clock that shows the right time.
    for _ in 0..10 {
        station.machine.clocks.sleep(50 * DAY);
        assert_eq!(guard(&station).state().standing, Standing::Licensed);
    }
    let next = between(bundle(&station, 2, own(&client(&station))), NOW + 500 * DAY, NOW + 700 * DAY);
    assert_eq!(
        crate::bundle::refused(&client(&station), &file_of(&signed(&next, &[200]), None)),
        "signature_invalid"
    );
    station.machine.clocks.sleep(100 * DAY);
    assert_eq!(lack(&guard(&station)), Some(Lack::Expired));
}

/// A machine whose clock stands in 1970.
#[test]
fn a_machine_without_a_clock_takes_a_bundle_that_reads_none() {
    let clock = ClockPolicy { tolerance: None, mode: Some(ClockMode::RunTime) };
    let station = with_policy(Some(Policy { clock: Some(clock), ..Policy::default() }));
    station.machine.set_clock(-i64::try_from(NOW).expect("small"));
    let made = between(bundle(&station, 1, own(&client(&station))), NOW, NOW + 2 * DAY);
    // It carries newer keys than the build: they count from when they were signed.
    let keys = station.machine.site.authority().clone();
    activate(&client(&station), &file_of(&signed(&made, &[ISSUER]), Some(&keys))).expect("activated");
    let running = guard(&station);
    assert_eq!(running.state().standing, Standing::Licensed);
    station.machine.clocks.sleep(2 * DAY);
    assert!(!running.has_feature("rule-engine"), "so long it ran");
    drop(running);
    assert_eq!(lack(&guard(&station)), Some(Lack::Expired));
    // With a clock that is read, the bundle is activated, and the guard says what is wrong.
    let station = Station::new(None);
    activate(&client(&station), &file(&bundle(&station, 1, own(&client(&station))))).expect("activated");
    station.machine.set_clock(-i64::try_from(NOW).expect("small"));
    assert_eq!(lack(&guard(&station)), Some(Lack::ClockRolledBack));
}

/// Its `issued_at` is newer time: a clock that runs behind it is noticed.
#[test]
fn a_bundle_raises_the_signed_floor_and_vouches() {
    let station = Station::new(None);
    let made = between(bundle(&station, 1, own(&client(&station))), NOW + 20 * DAY, NOW + 60 * DAY);
    activate(&client(&station), &file(&made)).expect("the clock is behind, not the file");
    assert_eq!(client(&station).signed_time().expect("it reads"), at(NOW + 20 * DAY));
    assert_eq!(lack(&guard(&station)), Some(Lack::ClockRolledBack));
    station.machine.clocks.sleep(20 * DAY);
    let running = guard(&station);
    assert_eq!((running.state().standing, running.state().needs_refresh), (Standing::Licensed, None));
    let vouched = client(&station).revocations().expect("it reads").vouched_at;
    assert_eq!(vouched, Some(at(NOW + 20 * DAY)));
    // What is refused raises nothing.
    let theirs = between(bundle(&station, 2, others()), NOW + 30 * DAY, NOW + 60 * DAY);
    assert_eq!(crate::bundle::refused(&client(&station), &file(&theirs)), "device_not_named");
    assert_eq!(client(&station).signed_time().expect("it reads"), at(NOW + 20 * DAY));
}

/// What the license wants of the machine, a bundle wants, too.
#[test]
fn a_bundles_policy_is_enforced() {
    let station = with_policy(Some(Policy { integrity: Some(Integrity::WhereListed), ..Policy::default() }));
    activate(&client(&station), &file(&bundle(&station, 1, own(&client(&station))))).expect("activated");
    assert_eq!(guard(&station).state().standing, Standing::Licensed, "nothing is listed");
}

/// What lies beside the program gives way to a bundle, and comes back where the bundle is over and it gives rights.
#[test]
fn files_beside_the_program_count_where_no_bundle_gives_rights() {
    let station = activated();
    let license = {
        let mut authority = station.machine.site.authority();
        authority.license.tier = Tier::Licensed;
        authority.license.expires_at = Some(at(NOW + 90 * DAY));
        authority.license()
    };
    let start =
        |files| client(&station).guard().files(files, None).without_threads().start().expect("it starts");
    assert_eq!(start(Some(license.clone())).tier(), Tier::Enterprise);
    station.machine.clocks.sleep(DAYS * DAY);
    assert_eq!(start(Some(license)).tier(), Tier::Licensed);
    assert_eq!(lack(&start(None)), Some(Lack::Expired));
    assert_eq!(
        client(&station).bundle().expect("it verifies").expect("kept").denied.map(|it| it.code),
        Some("expired".to_owned())
    );
}
