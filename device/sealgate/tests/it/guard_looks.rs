//! How a guard takes what its sensors say: lines A and X of `docs/assurance.md`, "The catalogue of the guard". The sensors themselves are tried in
//! `sensors.rs`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sealgate::Guard;
use sealgate::guard::sensors::{Seen, Sensors};
use sealgate::guard::{Finding, GuardConfig, Lack, Standing};
use sealgate_artifact::{AntiTamper, Fail, Limit, Policy, Unknown};

use crate::authority::DAY;
use crate::guard::{Machine, heard, lack};
use crate::told::{says, told};

const SENSORS: [&str; 4] = ["debugger", "preload", "profiler", "breakpoints"];

/// Sensors of which one says what a test wants, and which count how often somebody looks.
#[derive(Clone)]
pub(crate) struct Looker {
    sensor: &'static str,
    finding: Arc<Mutex<Finding>>,
    looks: Arc<AtomicU64>,
}

impl Looker {
    fn new(sensor: &'static str, finding: Finding) -> Self {
        Self { sensor, finding: Arc::new(Mutex::new(finding)), looks: Arc::default() }
    }

    pub(crate) fn clean() -> Self {
        Self::new("debugger", Finding::Nothing)
    }

    pub(crate) fn blind() -> Self {
        Self::new("debugger", Finding::Unknown)
    }

    fn now_finds(&self, finding: Finding) {
        *self.finding.lock().expect("nobody panicked with it") = finding;
    }

    pub(crate) fn looks(&self) -> u64 {
        self.looks.load(Ordering::SeqCst)
    }
}

impl Sensors for Looker {
    fn look(&self, _: &dyn Fn(&str) -> bool) -> Vec<Seen> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        let own = *self.finding.lock().expect("nobody panicked with it");
        let said = |sensor| {
            let finding = if sensor == self.sensor { own } else { Finding::Nothing };
            Seen { sensor, finding, what: "a test says so".to_owned() }
        };
        SENSORS.map(said).to_vec()
    }
}

fn watched(fail: Fail, unknown: Option<Unknown>) -> Policy {
    Policy { anti_tamper: Some(AntiTamper { unknown, agents: vec![] }), fail: Some(fail), ..heard() }
}

fn start(machine: &Machine, sensors: &Looker) -> Guard {
    machine.client().guard().without_threads().sensors(sensors.clone()).start().expect("it starts")
}

/// A1, A2, A8. Each sensor, from the start, hard and soft: an event that names it, and what is free works. Hard is about files.
#[test]
fn each_sensor_alone_is_told_and_ends_the_rights() {
    for fail in [Fail::Soft, Fail::Hard] {
        for sensor in SENSORS {
            let machine = Machine::new(Some(watched(fail, None)));
            let (guard, lines) = told(|| start(&machine, &Looker::new(sensor, Finding::Something)));
            assert_eq!(guard.state().standing, Standing::Free(Lack::Tampered), "{sensor}");
            assert!(guard.ensure_valid("db.query").is_ok());
            says(&lines, "WARN", &["[AntiTamper] ", sensor, "a test says so"]);
            says(&lines, "ERROR", &["[AntiTamper] ", "Downgrading to Free tier. (tamper_detected)"]);
            assert_eq!(guard.counters().anti_tamper(), 2, "what was seen, and what followed");
        }
    }
}

/// A2. A sensor that cannot look is not clean where the license says so, hard or soft; and is silent where it does not.
#[test]
fn a_sensor_that_cannot_look_is_not_clean_where_the_license_says_so() {
    for fail in [Fail::Soft, Fail::Hard] {
        for (unknown, expected) in [(Some(Unknown::Tamper), Some(Lack::Tampered)), (None, None)] {
            let machine = Machine::new(Some(watched(fail, unknown)));
            let (guard, lines) = told(|| start(&machine, &Looker::blind()));
            assert_eq!(lack(&guard), expected, "{fail:?} {unknown:?}");
            assert_eq!(lines.iter().any(|line| line.contains("[AntiTamper]")), expected.is_some());
        }
    }
}

/// A3. No action looks, of whichever tenant: looking needs milliseconds, and happens at the start and from time to time.
#[test]
fn no_action_of_any_tenant_looks_at_the_machine() {
    let (machine, sensors) = (Machine::new(Some(watched(Fail::Soft, None))), Looker::clean());
    let guard = start(&machine, &sensors);
    for action in 0..300 {
        let tenant = ["tenant-xyz", "tenant-abc", "__host__"][action % 3];
        assert!(guard.ensure_valid_for(tenant, "rule-engine").is_ok());
    }
    assert_eq!(sensors.looks(), 1, "the start");
}

/// A4. A program that wants a look before each action asks for it.
#[test]
fn a_program_may_look_before_each_action() {
    let (machine, sensors) = (Machine::new(Some(watched(Fail::Soft, None))), Looker::clean());
    let guard = start(&machine, &sensors);
    for looked in 1..=5 {
        assert_eq!(guard.verify_integrity().standing, Standing::Licensed);
        assert!(guard.ensure_valid("rule-engine").is_ok());
        assert_eq!(sensors.looks(), 1 + looked);
    }
    sensors.now_finds(Finding::Something);
    guard.verify_integrity();
    assert_eq!(guard.ensure_valid("rule-engine").expect_err("seen").code().as_str(), "tamper_detected");
}

/// A5. No word of a configuration for developers switches a check off that the license asks for.
#[test]
fn no_development_mode_switches_a_check_off() {
    let text = r#"{"LicenseConfigs":{"Mode":"Online","EnforcementMode":"Development","EnableAntiTampering":false,"FailMode":"Soft",
        "SkipSignatureVerification":true,"SkipAssemblyWhitelist":true}}"#;
    let config = GuardConfig::from_json(text).expect("it reads");
    assert_eq!(config.unknown, ["EnforcementMode", "SkipAssemblyWhitelist", "SkipSignatureVerification"]);
    let machine = Machine::new(Some(watched(Fail::Soft, None)));
    let guard =
        machine.client().guard().without_threads().sensors(Looker::new("debugger", Finding::Something));
    let guard = guard.configured(&config, None).expect("nothing lies there").start().expect("it starts");
    assert_eq!(lack(&guard), Some(Lack::Tampered));
}

/// A6, A7. Who comes while the program runs is seen by the next look, and what fell stays down: also when the sensor is clean again, when
/// the server answers, and when a sensor then cannot look.
#[test]
fn whoever_attaches_later_is_seen_and_the_downgrade_sticks() {
    let (machine, sensors) = (Machine::new(Some(watched(Fail::Soft, None))), Looker::clean());
    let guard = start(&machine, &sensors);
    sensors.now_finds(Finding::Something);
    let ((), lines) = told(|| drop(guard.verify_integrity()));
    says(&lines, "ERROR", &["[AntiTamper] ", "Downgrading to Free tier."]);
    for finding in [Finding::Nothing, Finding::Unknown, Finding::NotSought] {
        sensors.now_finds(finding);
        guard.verify_integrity();
        guard.heartbeat().expect("answered");
        assert_eq!(lack(&guard), Some(Lack::Tampered), "{finding:?}");
    }
    drop(guard);
    sensors.now_finds(Finding::Something);
    assert_eq!(lack(&start(&machine, &sensors)), Some(Lack::Tampered));
    sensors.now_finds(Finding::Nothing);
    assert_eq!(lack(&start(&machine, &sensors)), None, "a start that finds nothing");
}

/// X2, X3. Each of the four prefixes in the level that it belongs to, and its own count beside it.
#[test]
fn each_event_has_its_prefix_its_level_and_its_count() {
    let limits = vec![Limit { name: "db".to_owned(), value: 1 }];
    let policy = Policy { tenant_limits: limits, ..watched(Fail::Soft, None) };
    let (machine, sensors) = (Machine::new(Some(policy)), Looker::clean());
    let (guard, lines) = told(|| start(&machine, &sensors));
    says(&lines, "INFO", &["[License] The license is in force. Tier: enterprise"]);
    let counts = |guard: &Guard| {
        let counters = guard.counters();
        [counters.license(), counters.anti_tamper(), counters.policy(), counters.integrity()]
    };
    assert_eq!(counts(&guard), [1, 0, 0, 0]);
    let ((), lines) = told(|| {
        for _ in 0..2 {
            drop(guard.ensure_valid_for("tenant-xyz", "db.query"));
        }
    });
    assert_eq!(lines, ["WARN [Policy] API rate limit exceeded for tenant tenant-xyz."]);
    assert_eq!(counts(&guard), [1, 0, 1, 0]);
    machine.cut();
    let (failed, lines) = told(|| guard.heartbeat());
    assert!(failed.is_err());
    says(&lines, "WARN", &["[License] Heartbeat failed: "]);
    says(&lines, "WARN", &["[License] Heartbeat failed. Grace period active until 2027-01-16T08:00:00Z"]);
    assert_eq!(counts(&guard), [3, 0, 1, 0]);
    sensors.now_finds(Finding::Something);
    let (_, lines) = told(|| guard.verify_integrity());
    says(&lines, "WARN", &["[AntiTamper] debugger: a test says so"]);
    assert_eq!(counts(&guard), [3, 2, 1, 0]);
    machine.pass(DAY);
    let (_, lines) = told(|| guard.state());
    assert_eq!(lines, Vec::<String>::new(), "what fell for one reason is told once");
}

/// X2. The fourth prefix: a check of files that cannot pass.
#[test]
fn a_check_of_files_is_told_under_its_own_prefix() {
    let policy = Policy { integrity: Some(sealgate_artifact::Integrity::Required), ..heard() };
    let (guard, lines) = told(|| Machine::new(Some(policy)).start());
    says(&lines, "WARN", &["[Integrity] no list of approved modules is there"]);
    says(&lines, "ERROR", &["[Integrity] ", "Downgrading to Free tier. (unapproved_module)"]);
    assert_eq!((guard.counters().integrity(), guard.counters().license()), (2, 0));
}
