//! Trials in a guarded program (`spec/license.md` §2.11, `spec/activation.md` §4.7): a server says until when, and the device keeps that.

use std::sync::Arc;

use sealgate::guard::{GraceWhy, Lack, Standing};
use sealgate::{Guard, MemoryStore, Store, Tier, Trial};
use sealgate_artifact::{KeyState, KeyUse, Outcome, Policy};
use serde_json::Value;

use crate::authority::{DAY, NOW, at, key};
use crate::guard::{Machine, grace, heard, lack};
use crate::told::{says, told};

const HOUR: u64 = 3_600;
/// When the trial of these tests ends, of fourteen days: it was begun four days ago, on another key of the machine.
const ENDS: u64 = NOW + 10 * DAY;

/// A machine whose license is a trial of so many days, and that is not activated yet.
fn unactivated(policy: Option<Policy>, days: u32) -> Machine {
    let machine = Machine::unactivated(policy);
    machine.site.authority().license.trial_days = Some(days);
    machine
}

/// The next activation is told that the trial ends then.
fn says_until(machine: &Machine, ends: Option<u64>) {
    let Outcome::Allowed { license, license_statement, variables, .. } = machine.site.authority().allowance()
    else {
        panic!("an allowance")
    };
    let trial_ends = ends.map(at);
    machine.site.decide(Outcome::Allowed { license, license_statement, trial_ends, variables });
}

fn tried(policy: Option<Policy>) -> Machine {
    let machine = unactivated(policy, 14);
    says_until(&machine, Some(ENDS));
    machine.client().activate(&key()).expect("admitted");
    machine
}

fn offline(machine: &Machine) -> Guard {
    machine.client().guard().without_threads().offline().start().expect("it starts")
}

fn edit(machine: &Machine, change: impl FnOnce(&mut Value)) {
    let now = machine.store.load().expect("memory").expect("a state");
    let mut state: Value = serde_json::from_slice(&now).expect("JSON");
    change(&mut state);
    assert!(machine.store.replace(Some(&now), state.to_string().as_bytes()).expect("memory"));
}

/// Without a network, over restarts: full until exactly the end that the server named, and free from then on.
#[test]
fn a_trial_runs_offline_to_exactly_its_end() {
    let machine = tried(None);
    machine.cut();
    for _ in 0..9 {
        machine.pass(DAY);
        let guard = offline(&machine);
        assert_eq!((guard.tier(), guard.state().standing), (Tier::Enterprise, Standing::Licensed));
        assert_eq!(guard.state().license_ends, Some(at(ENDS)), "what a user is shown");
        let license = guard.payload().expect("a license");
        assert_eq!(license.trial(), Some(Trial { days: 14, ends_at: at(ENDS) }));
        assert_eq!(license.expires_at(), Some(at(ENDS)));
    }
    machine.pass(DAY - 1);
    let guard = offline(&machine);
    assert!(guard.has_feature("rule-engine"));
    machine.pass(1);
    assert!(!guard.has_feature("rule-engine"), "exactly then, in the same run");
    assert_eq!(lack(&guard), Some(Lack::Expired));
    drop(guard);
    let (guard, lines) = told(|| offline(&machine));
    assert_eq!((lack(&guard), guard.ensure_valid("db.query").is_ok()), (Some(Lack::Expired), true));
    says(&lines, "WARN", &["[License] ", "(expired)"]);
}

/// With heartbeats: they bring no more time than was said, and silence ends the rights before.
#[test]
fn heartbeats_lengthen_no_trial() {
    let machine = tried(Some(heard()));
    let guard = machine.start();
    for _ in 0..19 {
        machine.pass(12 * HOUR);
        guard.heartbeat().expect("answered");
        assert_eq!(guard.state().standing, Standing::Licensed);
    }
    machine.pass(12 * HOUR);
    assert_eq!(lack(&guard), Some(Lack::Expired));
    guard.heartbeat().expect("answered");
    assert_eq!((lack(&guard), guard.state().restart_helps), (Some(Lack::Expired), false));
    let silent = tried(Some(heard()));
    let guard = silent.start();
    silent.cut();
    silent.pass(12 * HOUR);
    assert!(guard.heartbeat().is_err());
    assert_eq!(guard.state().standing, grace(NOW + DAY, GraceWhy::Unheard));
    silent.pass(12 * HOUR);
    assert_eq!(lack(&guard), Some(Lack::Unheard));
}

/// A license that ends before its trial does ends then.
#[test]
fn a_trial_ends_no_later_than_its_license() {
    let machine = unactivated(None, 14);
    machine.site.authority().license.expires_at = Some(at(NOW + 2 * DAY));
    says_until(&machine, Some(ENDS));
    machine.client().activate(&key()).expect("admitted");
    let guard = offline(&machine);
    assert_eq!(guard.state().license_ends, Some(at(NOW + 2 * DAY)));
    machine.pass(2 * DAY);
    assert_eq!(lack(&guard), Some(Lack::Expired));
}

/// A clock that is set back gives no day of it, and one that is set ahead takes none for good.
#[test]
fn no_clock_lengthens_a_trial() {
    let machine = tried(None);
    machine.cut();
    drop(offline(&machine));
    machine.set_clock(12 * 86_400);
    assert_eq!(lack(&offline(&machine)), Some(Lack::Expired), "while the clock shows it");
    machine.set_clock(0);
    assert_eq!(lack(&offline(&machine)), None);
    for day in 1..=10 {
        machine.pass(DAY);
        machine.set_clock(-86_400 * i64::from(day % 2));
        let guard = offline(&machine);
        assert_eq!(guard.has_feature("rule-engine"), day < 10 || day % 2 == 1, "day {day}");
    }
}

/// Who buys goes on: the vendor makes the license one that is no trial, and the start after the end hears of it.
#[test]
fn a_trial_that_is_bought_goes_on() {
    let machine = tried(Some(heard()));
    machine.pass(10 * DAY);
    machine.cut();
    assert_eq!(lack(&machine.start()), Some(Lack::Expired));
    machine.mend();
    {
        let mut authority = machine.site.authority();
        let license = authority.next_license();
        (license.trial_days, license.expires_at) = (None, Some(at(NOW + 400 * DAY)));
    }
    let guard = machine.start();
    assert_eq!(guard.state().standing, Standing::Licensed);
    assert_eq!(guard.state().license_ends, Some(at(NOW + 400 * DAY)));
    assert_eq!(guard.payload().expect("a license").trial(), None);
}

/// A license that became a trial on the way has no end that anybody said: free, and told so, until the device is activated again.
#[test]
fn a_license_that_became_a_trial_needs_an_activation() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    machine.site.authority().next_license().trial_days = Some(14);
    guard.heartbeat().expect("answered");
    assert_eq!(lack(&guard), Some(Lack::TrialNotBegun));
    assert_eq!(guard.ensure_valid("rule-engine").expect_err("a trial").code().as_str(), "trial_not_begun");
    drop(guard);
    assert_eq!(lack(&machine.start()), Some(Lack::TrialNotBegun));
    says_until(&machine, Some(ENDS));
    machine.client().activate(&key()).expect("admitted");
    assert_eq!(machine.start().state().license_ends, Some(at(ENDS)));
}

/// Files of a license and a proof say of no trial until when it runs, nor does a state of which that was taken away.
#[test]
fn without_the_servers_word_there_is_no_trial() {
    let machine = tried(None);
    let held = machine.client().activation().expect("it verifies").expect("kept");
    assert_eq!(held.trial_ends(), Some(at(ENDS)));
    edit(&machine, |state| {
        state["activated"].as_object_mut().expect("an object").remove("began").expect("it was there");
    });
    machine.cut();
    assert_eq!(lack(&offline(&machine)), Some(Lack::TrialNotBegun));
    machine.mend();
    machine.client().deactivate().expect("given back");
    let files = (Some(held.license_carrier().to_vec()), Some(held.proof_carrier().to_vec()));
    let guard = machine.client().guard().without_threads().offline().files(files.0, files.1);
    assert_eq!(lack(&guard.start().expect("it starts")), Some(Lack::TrialNotBegun));
}

/// The word of another trial does not count: of another device, of an earlier activation of the same one, of a server that is none, or of what was asked
/// for something else.
#[test]
fn the_word_of_another_trial_does_not_count() {
    let state = |machine: &Machine| -> Value {
        serde_json::from_slice(&machine.store.load().expect("memory").expect("a state")).expect("JSON")
    };
    let machine = tried(None);
    let earlier = state(&machine)["activated"]["began"].clone();
    says_until(&machine, Some(NOW + 2 * DAY));
    machine.client().activate(&key()).expect("admitted again, and the trial is shorter now");
    assert_eq!(offline(&machine).state().license_ends, Some(at(NOW + 2 * DAY)));
    let other = Machine { store: Arc::new(MemoryStore::new()), ..tried(None) };
    says_until(&other, Some(ENDS));
    other.client().activate(&key()).expect("admitted");
    let of_another = state(&other)["activated"]["began"].clone();
    let genuine = state(&machine)["activated"]["began"].clone();
    let mut changed = genuine.clone();
    let payload = changed["answer"]["payload"].as_str().expect("base64").to_owned();
    let text = String::from_utf8(sealgate_artifact::decode_base64(&payload, "payload").expect("base64"));
    let ends = (NOW + 2 * DAY).to_string();
    let later =
        text.expect("JSON").replace(&format!("\"trial_ends\":{ends}"), &format!("\"trial_ends\":{ENDS}"));
    changed["answer"]["payload"] = sealgate_artifact::encode_base64(later.as_bytes()).into();
    let mut elsewhere = genuine.clone();
    elsewhere["origin"] = "https://elsewhere.example.com".into();
    let mut uncertified = genuine.clone();
    uncertified["certificate"] = state(&machine)["memory"]["statements"]["keyset"].clone();
    for (what, word) in [
        ("an earlier activation's", earlier),
        ("another device's", of_another),
        ("one that was changed", changed),
        ("one of another origin", elsewhere),
        ("one of no server", uncertified),
    ] {
        edit(&machine, |state| state["activated"]["began"] = word);
        assert_eq!(lack(&offline(&machine)), Some(Lack::TrialNotBegun), "{what}");
    }
    edit(&machine, |state| state["activated"]["began"] = genuine);
    assert_eq!(lack(&offline(&machine)), None);
}

/// A license that was changed to fewer days than what was said is no trial that began: no server would have said so.
#[test]
fn an_end_that_the_license_does_not_allow_is_none() {
    let machine = tried(Some(heard()));
    let guard = machine.start();
    machine.site.authority().next_license().trial_days = Some(9);
    guard.heartbeat().expect("answered");
    assert_eq!(lack(&guard), Some(Lack::TrialNotBegun));
    let longer = tried(Some(heard()));
    let guard = longer.start();
    longer.site.authority().next_license().trial_days = Some(30);
    guard.heartbeat().expect("answered");
    assert_eq!(guard.state().license_ends, Some(at(ENDS)), "what was said counts, and is not lengthened");
}

/// A certificate that ended meanwhile ends no trial: the server was certified when it decided.
#[test]
fn a_certificate_that_ended_ends_no_trial() {
    let machine = unactivated(None, 60);
    machine.site.authority().license.expires_at = None;
    says_until(&machine, Some(NOW + 40 * DAY));
    machine.client().activate(&key()).expect("admitted");
    machine.cut();
    machine.pass(30 * DAY);
    let guard = offline(&machine);
    assert_eq!(
        (guard.state().standing, guard.state().license_ends),
        (Standing::Licensed, Some(at(NOW + 40 * DAY)))
    );
    machine.pass(10 * DAY);
    assert_eq!(lack(&guard), Some(Lack::Expired));
}

/// A server's key that was revoked since vouches for no trial any more: the device is activated again.
#[test]
fn a_revoked_server_vouches_for_no_trial() {
    let machine = tried(Some(heard()));
    let guard = machine.start();
    {
        let mut authority = machine.site.authority();
        let stolen = authority.server;
        authority.server = 44;
        authority.certificate.public_key = crate::authority::public_key(44);
        authority.keyset_keys.push((KeyUse::Server, stolen, KeyState::Revoked));
        authority.keyset_version += 1;
    }
    machine.pass(HOUR);
    guard.heartbeat().expect("answered by the new key");
    drop(guard);
    assert_eq!(lack(&machine.start()), Some(Lack::TrialNotBegun));
    machine.client().activate(&key()).expect("admitted");
    assert_eq!(machine.start().state().license_ends, Some(at(ENDS)));
}
