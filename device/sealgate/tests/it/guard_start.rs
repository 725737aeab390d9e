//! A guarded program starts in one order: lines S of `docs/assurance.md`, "The catalogue of the guard".

use std::sync::{Arc, Mutex};

use sealgate::guard::sensors::{Seen, Sensors};
use sealgate::guard::{Enhancer, Finding, GuardState, Standing, StartRefused};
use sealgate::{Client, Clock, HttpAnswer, HttpQuestion, Store, Transport, Unanswered};
use sealgate_artifact::{AntiTamper, Fail, Integrity, Policy};

use crate::authority::{DAY, key};
use crate::configured::{ONLINE, configured, put};
use crate::guard::{Machine, heard, lack};
use crate::site::ORIGIN;
use crate::told::{says, told};

/// What happened, in its order.
type Steps = Arc<Mutex<Vec<&'static str>>>;

fn step(steps: &Steps, what: &'static str) {
    let mut steps = steps.lock().expect("nobody panicked with it");
    if steps.last() != Some(&what) {
        steps.push(what);
    }
}

/// Everything that a start touches, with a note of each.
struct Noted<T>(T, Steps);

impl<T: Store> Store for Noted<T> {
    fn load(&self) -> std::io::Result<Option<Vec<u8>>> {
        step(&self.1, "load");
        self.0.load()
    }

    fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> std::io::Result<bool> {
        step(&self.1, "keep");
        self.0.replace(old, new)
    }
}

impl<T: Transport> Transport for Noted<T> {
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        step(&self.1, "heartbeat");
        self.0.exchange(question)
    }
}

impl Sensors for Noted<()> {
    fn look(&self, _: &dyn Fn(&str) -> bool) -> Vec<Seen> {
        step(&self.1, "sensors");
        vec![Seen { sensor: "debugger", finding: Finding::Nothing, what: String::new() }]
    }
}

impl Enhancer for Noted<Standing> {
    fn on_startup(&self, state: &GuardState) {
        assert_eq!(state.standing, self.0, "everything is judged before it is asked");
        step(&self.1, "enhancer");
    }
}

/// S1. Load, heartbeat where it may help, checks of the machine, the program's own part: each once, before any action.
#[test]
fn a_start_goes_in_one_order() {
    let policy = Policy { anti_tamper: Some(AntiTamper { unknown: None, agents: vec![] }), ..heard() };
    let machine = Machine::new(Some(policy));
    machine.pass(3 * DAY);
    let steps = Steps::default();
    let client = Client::builder(machine.site.trust())
        .server(ORIGIN)
        .store(Noted(machine.store.clone(), steps.clone()))
        .clock(machine.clocks.clone())
        .transport(Noted(machine.site.clone(), steps.clone()));
    let client = Arc::new(client.build().expect("configured"));
    let guard = client.guard().without_threads();
    let guard = guard.sensors(Noted((), steps.clone())).enhancer(Noted(Standing::Licensed, steps.clone()));
    let guard = guard.start().expect("it starts");
    let all = steps.lock().expect("kept").clone();
    let first = |what| all.iter().position(|step| *step == what).expect(what);
    assert!(first("load") < first("heartbeat"), "{all:?}");
    assert!(first("heartbeat") < first("sensors") && first("sensors") < first("enhancer"), "{all:?}");
    for once in ["heartbeat", "sensors", "enhancer"] {
        assert_eq!(all.iter().filter(|step| **step == once).count(), 1, "{once}: {all:?}");
    }
    assert!(guard.ensure_valid("rule-engine").is_ok());
    assert_eq!(steps.lock().expect("kept").len(), all.len(), "an action touches nothing of it");
}

/// S1. The program's own part sees what fell, and is not asked at all where the program does not start.
#[test]
fn the_programs_own_part_comes_last() {
    let policy = |fail| Policy { integrity: Some(Integrity::Required), fail: Some(fail), ..heard() };
    for (fail, sees) in [(Fail::Soft, true), (Fail::Hard, false)] {
        let (machine, steps) = (Machine::new(Some(policy(fail))), Steps::default());
        let free = Standing::Free(sealgate::guard::Lack::Unapproved);
        let started = machine.client().guard().without_threads().enhancer(Noted(free, steps.clone())).start();
        assert_eq!((started.is_ok(), steps.lock().expect("kept").contains(&"enhancer")), (sees, sees));
    }
}

/// S2, S3, S5. A license that requires approved files, and no list of them: hard, nothing starts and nothing is served; soft, what is free works.
/// Both say so.
#[test]
fn a_list_that_is_missing_is_told_hard_and_soft() {
    for fail in [Fail::Hard, Fail::Soft] {
        let policy = Policy { integrity: Some(Integrity::Required), fail: Some(fail), ..heard() };
        let machine = Machine::new(Some(policy));
        let (started, lines) = told(|| machine.client().guard().without_threads().start());
        says(&lines, "WARN", &["[Integrity] no list of approved modules is there"]);
        match started {
            Ok(guard) => assert!(guard.ensure_valid("db.query").is_ok() && !guard.has_feature("rule-engine")),
            Err(refused) => {
                assert!(matches!(refused, StartRefused::Blocked { .. }));
                assert_eq!((fail, refused.code().as_str()), (Fail::Hard, "unapproved_module"));
            }
        }
    }
}

/// S5. A license of a paid tier that asks for no check has none: the vendor signed that.
#[test]
fn a_paid_license_that_asks_for_no_check_has_none() {
    let guard = Machine::new(Some(heard())).start();
    assert_eq!((lack(&guard), guard.tier()), (None, sealgate::Tier::Enterprise));
    assert_eq!(guard.counters().integrity(), 0);
}

/// S6. An activation at the start counts in that start; one that comes while the program runs from the next start on.
#[test]
fn an_activation_counts_in_its_own_start_or_in_the_next() {
    let (machine, folder) = (Machine::unactivated(Some(heard())), tempfile::tempdir().expect("a folder"));
    put(&folder.path().join("license.key"), key().as_bytes());
    machine.cut();
    let guard = configured(&machine, folder.path(), ONLINE, None).expect("what is free works");
    assert!(!guard.has_feature("rule-engine"));
    machine.mend();
    machine.client().activate(&key()).expect("admitted");
    guard.heartbeat().expect("answered");
    assert!(!guard.has_feature("rule-engine") && guard.state().restart_helps);
    drop(guard);
    assert!(configured(&machine, folder.path(), ONLINE, None).expect("it starts").has_feature("rule-engine"));
    let (other, folder) = (Machine::unactivated(Some(heard())), tempfile::tempdir().expect("a folder"));
    put(&folder.path().join("license.key"), key().as_bytes());
    let (guard, lines) = told(|| configured(&other, folder.path(), ONLINE, None).expect("it starts"));
    assert!(guard.has_feature("rule-engine"), "activated before all is judged");
    says(&lines, "INFO", &["[License] The license is in force."]);
    assert!(other.clocks.now() == machine.clocks.now(), "without waiting for time");
}
