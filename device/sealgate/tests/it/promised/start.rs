//! "Startup protection flow" (`spec/guard.md` §5.1): each step in its order, and what becomes of the start where one fails.

use std::sync::{Arc, Mutex};

use sealgate::guard::sensors::{Seen, Sensors};
use sealgate::guard::{Enhancer, Finding, GuardState, Lack, Standing};
use sealgate::{
    Client, GuardBuilder, HttpAnswer, HttpQuestion, MemoryStore, Store, Tier, Transport, Unanswered,
};
use sealgate_artifact::{AntiTamper, Fail, Integrity, Policy};

use super::log::Log;
use crate::authority::DAY;
use crate::guard::{Machine, heard, lack};
use crate::site::{ORIGIN, Site};

/// What was done, each step once.
#[derive(Clone, Default)]
struct Steps(Arc<Mutex<Vec<&'static str>>>);

impl Steps {
    fn note(&self, step: &'static str) {
        let mut steps = self.0.lock().expect("nobody panicked with it");
        if !steps.contains(&step) {
            steps.push(step);
        }
    }

    fn taken(&self) -> Vec<&'static str> {
        self.0.lock().expect("nobody panicked with it").clone()
    }
}

struct Kept(Arc<MemoryStore>, Steps);

impl Store for Kept {
    fn load(&self) -> std::io::Result<Option<Vec<u8>>> {
        self.1.note("load");
        self.0.load()
    }

    fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> std::io::Result<bool> {
        self.0.replace(old, new)
    }
}

struct Way(Arc<Site>, Steps);

impl Transport for Way {
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        self.1.note("heartbeat");
        self.0.exchange(question)
    }
}

struct Looks(Steps, Finding);

impl Sensors for Looks {
    fn look(&self, _: &dyn Fn(&str) -> bool) -> Vec<Seen> {
        self.0.note("sensors");
        vec![Seen { sensor: "debugger", finding: self.1, what: "a test says so".to_owned() }]
    }
}

struct Adds(Steps, Arc<Mutex<Vec<GuardState>>>);

impl Enhancer for Adds {
    fn on_startup(&self, state: &GuardState) {
        self.0.note("additions");
        self.1.lock().expect("nobody panicked with it").push(state.clone());
    }
}

/// A program that notes each step of its start.
struct Program {
    machine: Machine,
    steps: Steps,
    told: Arc<Mutex<Vec<GuardState>>>,
}

impl Program {
    fn new(integrity: Option<Integrity>, fail: Option<Fail>) -> Self {
        let anti_tamper = Some(AntiTamper::default());
        let policy = Policy { integrity, fail, anti_tamper, ..heard() };
        Self { machine: Machine::new(Some(policy)), steps: Steps::default(), told: Arc::default() }
    }

    fn guard(&self, finding: Finding) -> GuardBuilder {
        let client = Client::builder(self.machine.site.trust())
            .server(ORIGIN)
            .store(Kept(self.machine.store.clone(), self.steps.clone()))
            .clock(self.machine.clocks.clone())
            .transport(Way(self.machine.site.clone(), self.steps.clone()));
        Arc::new(client.build().expect("configured"))
            .guard()
            .without_threads()
            .sensors(Looks(self.steps.clone(), finding))
            .enhancer(Adds(self.steps.clone(), self.told.clone()))
    }
}

/// Load and verify, a heartbeat that is due, modules, sensors, the program's own additions, ready.
#[test]
fn the_start_goes_in_its_order() {
    let program = Program::new(None, None);
    program.machine.pass(3 * DAY);
    let guard = program.guard(Finding::Nothing).start().expect("it starts");
    program.steps.note("ready");
    assert_eq!(program.steps.taken(), ["load", "heartbeat", "sensors", "additions", "ready"]);
    assert_eq!(guard.state().standing, Standing::Licensed, "full license features");
    let told = program.told.lock().expect("kept").clone();
    assert_eq!(told, [guard.state()], "once, with what was judged");
}

/// The check of modules is before the sensors: the log says so.
#[test]
fn modules_are_checked_before_sensors_look() {
    let program = Program::new(Some(Integrity::Required), Some(Fail::Soft));
    let (guard, lines) = Log::of(|| program.guard(Finding::Something).start().expect("soft: it starts"));
    let first = |prefix: &str| lines.iter().position(|line| line.contains(prefix)).expect(prefix);
    assert!(first("[Integrity]") < first("[AntiTamper]"), "{lines:#?}");
    assert_eq!(lack(&guard), Some(Lack::Unapproved), "{lines:#?}");
}

/// "Hash mismatch: exception in hard mode, warning in soft mode": nothing of the program's runs before.
#[test]
fn a_start_that_is_refused_calls_nothing_of_the_programs() {
    let program = Program::new(Some(Integrity::Required), Some(Fail::Hard));
    let refused = program.guard(Finding::Nothing).start().expect_err("hard");
    assert_eq!(refused.code().as_str(), "unapproved_module");
    assert!(!program.steps.taken().contains(&"additions"), "{:?}", program.steps.taken());
    let program = Program::new(Some(Integrity::Required), Some(Fail::Soft));
    let guard = program.guard(Finding::Nothing).start().expect("soft");
    assert_eq!((guard.tier(), lack(&guard)), (Tier::Free, Some(Lack::Unapproved)), "soft is free, too");
    assert!(program.steps.taken().contains(&"additions"));
}

/// "Tampering detected: log security event and degrade to free", in both modes.
#[test]
fn what_a_sensor_finds_at_the_start_is_free_and_starts() {
    for fail in [Fail::Hard, Fail::Soft] {
        let program = Program::new(None, Some(fail));
        let guard = program.guard(Finding::Something).start().expect("it starts");
        assert_eq!((guard.tier(), lack(&guard)), (Tier::Free, Some(Lack::Tampered)), "{fail:?}");
        assert!(guard.ensure_valid("db.query").is_ok() && guard.ensure_valid("rule-engine").is_err());
        let told = program.told.lock().expect("kept").clone();
        assert_eq!(told[0].standing, Standing::Free(Lack::Tampered), "and its additions know");
    }
}

/// Binding: a proof counts on its own machine alone.
#[test]
fn a_proof_of_another_machine_gives_nothing() {
    let (machine, other) = (Machine::new(None), Machine::new(None));
    let held = machine.client().activation().expect("it verifies").expect("kept");
    let (license, proof) = (held.license_carrier().to_vec(), held.proof_carrier().to_vec());
    other.client().deactivate().expect("given back");
    let start = || {
        let files = other.client().guard().without_threads().offline();
        files.files(Some(license), Some(proof)).start().expect("it starts")
    };
    let (guard, lines) = Log::of(start);
    assert_eq!(lack(&guard), Some(Lack::NoLicense));
    assert!(lines.iter().any(|line| line.contains("what is held does not count")), "{lines:#?}");
}

/// Time, then a heartbeat where it may help.
#[test]
fn a_license_that_has_ended_is_free_before_modules_are_looked_at() {
    let program = Program::new(None, None);
    program.machine.pass(21 * DAY);
    program.machine.cut();
    let guard = program.guard(Finding::Nothing).start().expect("it starts");
    assert_eq!((guard.tier(), lack(&guard)), (Tier::Free, Some(Lack::Expired)));
    assert_eq!(program.steps.taken()[..2], ["load", "heartbeat"], "an answer might have brought a renewal");
}
