//! What a guard says before an action: lines G of `docs/assurance.md`, "The catalogue of the guard".

use std::collections::BTreeSet;

use sealgate::guard::{GraceWhy, Lack, Standing};
use sealgate::{Guard, Tier};
use sealgate_artifact::{
    AntiTamper, ClockPolicy, Fail, Feature, Freshness, Integrity, Limit, Policy, Unknown,
};

use crate::authority::{DAY, NOW, at, key};
use crate::guard::{Machine, grace, heard, lack};
use crate::guard_looks::Looker;

const HOUR: u64 = 3_600;
const PREMIUM: [&str; 3] = ["rule-engine", "audit-trail", "multi-tenant"];
const FREE: [&str; 3] = ["db.query", "http.request", "api.validate"];

/// A guard in each standing: licensed, in grace, and free.
fn in_each_standing() -> [Guard; 3] {
    let licensed = Machine::new(Some(heard())).start();
    let in_grace = {
        let machine = Machine::new(Some(heard()));
        let guard = machine.start();
        machine.cut();
        machine.pass(HOUR);
        assert!(guard.heartbeat().is_err());
        guard
    };
    [licensed, in_grace, Machine::unactivated(Some(heard())).start()]
}

/// G1, G2. The three ways to ask agree, whatever the standing.
#[test]
fn all_ways_to_ask_agree_in_each_standing() {
    for guard in in_each_standing() {
        let standing = guard.state().standing;
        for feature in PREMIUM.into_iter().chain(FREE) {
            let allowed = guard.ensure_valid(feature);
            assert_eq!(allowed.is_ok(), guard.has_feature(feature), "{feature} while {standing:?}");
            assert_eq!(
                guard.ensure_valid_for("tenant-xyz", feature),
                allowed,
                "{feature} while {standing:?}"
            );
        }
        for needed in [Tier::Free, Tier::Licensed, Tier::Enterprise] {
            let reaches = guard.tier() as u8 >= needed as u8;
            assert_eq!(guard.require_tier(needed).is_ok(), reaches, "{} while {standing:?}", needed.as_str());
        }
        assert_eq!(guard.state().tier, guard.tier());
    }
}

/// G3. Each standing has its tier, and grace is no less than the license.
#[test]
fn each_standing_has_its_tier() {
    let [licensed, in_grace, free] = in_each_standing();
    assert_eq!((licensed.tier(), licensed.state().standing), (Tier::Enterprise, Standing::Licensed));
    assert_eq!(in_grace.state().standing, grace(NOW + DAY, GraceWhy::Unheard));
    assert_eq!((in_grace.tier(), free.tier()), (Tier::Enterprise, Tier::Free));
}

/// G4, G5. A license that gives no rights, hard or soft: the program starts, what is free works, and what is sold is denied. Hard is about the
/// program's files alone.
#[test]
fn a_license_that_is_over_starts_hard_and_soft_and_denies_what_is_sold() {
    for fail in [Fail::Soft, Fail::Hard] {
        let machine = Machine::new(Some(Policy { fail: Some(fail), ..heard() }));
        machine.cut();
        machine.pass(DAY);
        let guard = machine.start();
        assert_eq!(lack(&guard), Some(Lack::Unheard), "{fail:?}");
        for feature in FREE {
            assert!(guard.ensure_valid(feature).is_ok(), "{fail:?}: {feature}");
        }
        for feature in PREMIUM {
            assert_eq!(
                guard.ensure_valid(feature).expect_err("over").code().as_str(),
                "grace_over",
                "{fail:?}"
            );
        }
    }
}

/// A machine whose license is as `change` makes it, activated, and started with its server out of reach after `later`.
fn fallen(policy: Policy, later: u64) -> Guard {
    let machine = Machine::new(Some(policy));
    machine.cut();
    machine.pass(later);
    machine.client().guard().without_threads().sensors(Looker::clean()).start().expect("it starts")
}

fn by_file(change: impl FnOnce(&mut sealgate_artifact::License)) -> Guard {
    let machine = Machine::unactivated(None);
    change(&mut machine.site.authority().license);
    let license = machine.site.authority().license();
    machine
        .client()
        .guard()
        .without_threads()
        .offline()
        .files(Some(license), None)
        .start()
        .expect("it starts")
}

fn rolled_back() -> Guard {
    let machine =
        Machine::new(Some(Policy { clock: Some(ClockPolicy { tolerance: Some(0), mode: None }), ..heard() }));
    drop(machine.start());
    machine.cut();
    machine.set_clock(-3_600);
    machine.start()
}

fn revoked() -> Guard {
    let machine = Machine::new(Some(heard()));
    machine.end("revoked", NOW + HOUR);
    machine.client().heartbeat().expect("answered");
    machine.cut();
    machine.pass(HOUR);
    machine.start()
}

fn tampered() -> Guard {
    let policy = Policy {
        anti_tamper: Some(AntiTamper { unknown: Some(Unknown::Tamper), agents: vec![] }),
        ..heard()
    };
    let machine = Machine::new(Some(policy));
    machine.client().guard().without_threads().sensors(Looker::blind()).start().expect("it starts")
}

/// G6. Each reason has a code of its own, with what it means and what to do, and the refusal of an action says it.
#[test]
fn each_reason_is_said_by_its_code() {
    let freshness = Some(Freshness { warn: None, restrict: Some(4), block: None });
    let cases: [(&str, Guard); 11] = [
        ("license_missing", Machine::unactivated(Some(heard())).start()),
        ("not_activated", {
            let machine = Machine::unactivated(Some(heard()));
            let license = machine.site.authority().license();
            machine
                .client()
                .guard()
                .without_threads()
                .offline()
                .files(Some(license), None)
                .start()
                .expect("it starts")
        }),
        ("clock_rolled_back", rolled_back()),
        ("not_yet_valid", by_file(|license| license.not_before = at(NOW + 1))),
        ("expired", by_file(|license| license.expires_at = Some(at(NOW)))),
        ("trial_not_begun", by_file(|license| license.trial_days = Some(14))),
        ("grace_over", fallen(heard(), DAY)),
        ("revoked", revoked()),
        ("revocations_stale", fallen(Policy { freshness, ..Policy::default() }, 4 * DAY)),
        ("unapproved_module", fallen(Policy { integrity: Some(Integrity::Required), ..heard() }, 0)),
        ("tamper_detected", tampered()),
    ];
    let mut codes = BTreeSet::new();
    for (code, guard) in cases {
        let refused = guard.ensure_valid("rule-engine").expect_err(code);
        assert_eq!(refused.code().as_str(), code);
        assert_eq!(guard.require_tier(Tier::Licensed).expect_err(code).code().as_str(), code);
        assert!(refused.to_string().contains(refused.code().meaning()), "{refused}");
        assert!(guard.ensure_valid("db.query").is_ok(), "{code}: what is free works");
        codes.insert(code);
    }
    assert_eq!(codes.len(), 11);
}

/// G6. What the license does not list, and what a tenant does too often, are refused by codes of their own, while everything else goes on.
#[test]
fn a_feature_and_a_tenant_are_refused_by_codes_of_their_own() {
    let machine = Machine::unactivated(Some(Policy {
        tenant_limits: vec![Limit { name: "api".to_owned(), value: 1 }],
        ..heard()
    }));
    machine.site.authority().license.features.push(Feature::named("api.list"));
    machine.client().activate(&key()).expect("admitted");
    let guard = machine.start();
    assert_eq!(guard.ensure_valid("grpc").expect_err("not sold").code().as_str(), "feature_not_licensed");
    assert!(guard.ensure_valid_for("tenant-xyz", "api.list").is_ok());
    let refused = guard.ensure_valid_for("tenant-xyz", "api.list").expect_err("too often");
    assert_eq!(refused.code().as_str(), "tenant_limited");
    assert!(guard.ensure_valid("rule-engine").is_ok());
}
