//! The policy that a guard enforces: lines P of `docs/assurance.md`, "The catalogue of the guard". It is a part of the signed license, and has no
//! file of its own that could be taken away or exchanged.

use sealgate::Guard;
use sealgate::guard::{Lack, Standing};
use sealgate_artifact::{Heartbeat, Integrity, Limit, Policy};

use crate::authority::{DAY, NOW, at};
use crate::guard::{Machine, heard, lack};
use crate::told::{says, told};

const HOUR: u64 = 3_600;

fn by_files(machine: &Machine, license: Vec<u8>, proof: Vec<u8>) -> (Guard, Vec<String>) {
    let guard = machine.client().guard().without_threads().offline().files(Some(license), Some(proof));
    told(|| guard.start().expect("it starts"))
}

/// The carriers of a machine that then gave its activation back, so that only files count.
fn carriers(machine: &Machine) -> (Vec<u8>, Vec<u8>) {
    let held = machine.client().activation().expect("it verifies").expect("kept");
    let carriers = (held.license_carrier().to_vec(), held.proof_carrier().to_vec());
    machine.client().deactivate().expect("given back");
    carriers
}

/// P1. One number of the policy changed: the license is not the vendor's any more.
#[test]
fn a_policy_that_was_changed_is_not_signed() {
    let machine = Machine::new(Some(heard()));
    let (license, proof) = carriers(&machine);
    assert_eq!(by_files(&machine, license.clone(), proof.clone()).0.state().standing, Standing::Licensed);
    let mut envelope: serde_json::Value = serde_json::from_slice(&license).expect("JSON");
    let payload = envelope["payload"].as_str().expect("base64").to_owned();
    let bytes = sealgate_artifact::decode_base64(&payload, "payload").expect("base64");
    let text = String::from_utf8(bytes).expect("JSON");
    for (old, new) in [("\"grace\":86400", "\"grace\":96400"), ("\"interval\":14400", "\"interval\":84400")] {
        assert!(text.contains(old), "{text}");
        let longer = text.replacen(old, new, 1);
        envelope["payload"] = sealgate_artifact::encode_base64(longer.as_bytes()).into();
        let (guard, lines) = by_files(&machine, envelope.to_string().into_bytes(), proof.clone());
        assert_eq!(lack(&guard), Some(Lack::NoLicense));
        says(&lines, "WARN", &["[License] what is held does not count", "signature"]);
    }
}

/// P2. Another license of the same vendor has a milder policy: the proof does not go with it.
#[test]
fn the_policy_of_another_license_does_not_count() {
    let machine = Machine::new(Some(heard()));
    let (_, proof) = carriers(&machine);
    let milder = {
        let mut authority = machine.site.authority();
        authority.license.license = sealgate_artifact::LicenseId::from_bytes([77; 16]);
        authority.license.conditions.policy = Some(Policy {
            heartbeat: Some(Heartbeat { interval: 4 * HOUR, grace: 40 * DAY, longest_grace: None }),
            ..Policy::default()
        });
        authority.license()
    };
    let (guard, lines) = by_files(&machine, milder, proof);
    assert_eq!(lack(&guard), Some(Lack::NoLicense));
    says(&lines, "WARN", &["[License] what is held does not count", "license"]);
}

/// P3. An older version of the license, with the policy of that time, is refused once the newer one was seen.
#[test]
fn an_older_policy_does_not_come_back() {
    let machine = Machine::new(Some(heard()));
    let held = machine.client().activation().expect("it verifies").expect("kept");
    let (older, proof) = (held.license_carrier().to_vec(), held.proof_carrier().to_vec());
    machine.site.authority().next_license().conditions.policy = Some(Policy {
        heartbeat: Some(Heartbeat { interval: HOUR, grace: 2 * HOUR, longest_grace: None }),
        ..Policy::default()
    });
    let guard = machine.start();
    guard.heartbeat().expect("answered");
    machine.cut();
    machine.pass(2 * HOUR);
    assert_eq!(lack(&guard), Some(Lack::Unheard), "the newer policy counts in the same run");
    drop(guard);
    machine.mend();
    machine.client().deactivate().expect("given back");
    let (guard, lines) = by_files(&machine, older, proof);
    assert_eq!(lack(&guard), Some(Lack::NoLicense));
    says(&lines, "WARN", &["[License] what is held does not count", "older"]);
}

/// P4. A policy ends with its license, in the middle of a run, and what is free is limited by none.
#[test]
fn a_policy_ends_with_its_license() {
    let limits = vec![Limit { name: "rule".to_owned(), value: 1 }];
    let machine = Machine::new(Some(Policy { tenant_limits: limits, ..heard() }));
    machine.site.authority().next_license().expires_at = Some(at(NOW + HOUR));
    let guard = machine.start();
    guard.heartbeat().expect("answered");
    machine.pass(HOUR - 1);
    assert!(guard.ensure_valid("rule-engine").is_ok());
    machine.pass(1);
    assert_eq!(guard.ensure_valid("rule-engine").expect_err("over").code().as_str(), "expired");
    assert!(guard.ensure_valid("db.query").is_ok(), "and nothing that is free is blocked for it");
}

/// P5. A license without a policy has the defaults: nothing is asked for, and nothing is blocked.
#[test]
fn a_license_without_a_policy_blocks_nothing() {
    let guard = Machine::new(None).start();
    assert_eq!(guard.state().standing, Standing::Licensed);
    for action in ["db.query", "rule-engine", "audit-trail"] {
        assert!(guard.ensure_valid(action).is_ok(), "{action}");
    }
}

/// P5. A question that enforces nothing refuses a license that has a policy: who cannot enforce it gets no rights by it.
#[test]
fn whoever_enforces_no_policy_gets_no_rights_by_one() {
    let machine = Machine::new(Some(Policy { integrity: Some(Integrity::WhereListed), ..heard() }));
    let refused = machine.client().validate_license(&crate::authority::key()).expect_err("it has a policy");
    assert_eq!(refused.code(), "crit_unknown");
    assert_eq!(machine.start().state().standing, Standing::Licensed, "the guard enforces it");
}

/// P6. Exact at the boundary, in a window that slides, for each tenant alone.
#[test]
fn a_tenants_limit_is_exact_and_slides() {
    let limits = vec![Limit { name: "db".to_owned(), value: 3 }];
    let machine = Machine::new(Some(Policy { tenant_limits: limits, ..heard() }));
    let guard = machine.start();
    let ask = |tenant: &str| guard.ensure_valid_for(tenant, "db.query").is_ok();
    assert!(ask("a"));
    machine.pass(30);
    assert!(ask("a") && ask("a") && !ask("a"), "three within a minute");
    assert!(ask("b") && ask("b") && ask("b") && !ask("b"), "each tenant alone");
    machine.pass(29);
    assert!(!ask("a"), "59 seconds after the first one");
    machine.pass(1);
    assert!(ask("a") && !ask("a"), "the first one is a minute old, and no other is");
    machine.pass(30);
    assert!(ask("a") && ask("a") && !ask("a"), "and now the two of then");
}
