//! A guarded program from its start to its end (`spec/guard.md`). No test waits for time.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealgate::guard::sensors::{Seen, Sensors};
use sealgate::guard::{ActionRefused, Finding, GraceWhy, GuardState, Lack, Local, Standing};
use sealgate::{
    BeatSaid, Client, Clock, Guard, HttpAnswer, MemoryStore, Store, Tier, Unanswered, UnixSeconds,
};
use sealgate_artifact::{
    AntiTamper, ClockPolicy, Fail, Feature, Heartbeat, Integrity, Limit, Policy, SeatHold, Unknown,
};

use crate::activation::{drop_answers, site};
use crate::authority::{DAY, NOW, at, key};
use crate::site::{ORIGIN, Site};

pub(crate) const HOUR: u64 = 3_600;
/// When the licenses of these tests end.
const END: u64 = 20 * DAY;

/// A machine's clocks: one that somebody sets, and one that nobody does.
#[derive(Clone)]
pub(crate) struct Clocks {
    time: Arc<AtomicU64>,
    ahead: Arc<AtomicI64>,
}

impl Clock for Clocks {
    fn now(&self) -> UnixSeconds {
        let time = self.time.load(Ordering::SeqCst);
        at(time.saturating_add_signed(self.ahead.load(Ordering::SeqCst)))
    }

    fn running(&self) -> Duration {
        Duration::from_secs(self.time.load(Ordering::SeqCst) - NOW)
    }
}

/// A vendor's server, and a machine that was activated there.
pub(crate) struct Machine {
    pub(crate) site: Arc<Site>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clocks: Clocks,
}

pub(crate) fn heard() -> Policy {
    Policy {
        heartbeat: Some(Heartbeat { interval: 4 * HOUR, grace: DAY, longest_grace: None }),
        ..Policy::default()
    }
}

impl Clocks {
    /// Time passes while the machine sleeps.
    pub(crate) fn sleep(&self, seconds: u64) {
        self.time.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Machine {
    pub(crate) fn new(policy: Option<Policy>) -> Self {
        let machine = Self::unactivated(policy);
        machine.client().activate(&key()).expect("admitted");
        machine
    }

    pub(crate) fn unactivated(policy: Option<Policy>) -> Self {
        let site = site();
        {
            let mut authority = site.authority();
            let feature = |name: &str| Feature { name: name.to_owned(), value: None };
            authority.license.features = vec![feature("rule-engine"), feature("audit-trail")];
            authority.license.tier = Tier::Enterprise;
            authority.license.expires_at = Some(at(NOW + END));
            authority.license.conditions.policy = policy;
        }
        let clocks = Clocks { time: Arc::new(AtomicU64::new(NOW)), ahead: Arc::new(AtomicI64::new(0)) };
        Self { site, store: Arc::new(MemoryStore::new()), clocks }
    }

    pub(crate) fn client(&self) -> Arc<Client> {
        let client = Client::builder(self.site.trust())
            .server(ORIGIN)
            .store(self.store.clone())
            .clock(self.clocks.clone())
            .transport(self.site.clone());
        Arc::new(client.build().expect("configured"))
    }

    pub(crate) fn start(&self) -> Guard {
        self.client().guard().without_threads().start().expect("it starts")
    }

    /// Time passes, here and at the server.
    pub(crate) fn pass(&self, seconds: u64) {
        let now = self.clocks.time.fetch_add(seconds, Ordering::SeqCst) + seconds;
        self.site.time.fetch_add(seconds, Ordering::SeqCst);
        let certificate = &mut self.site.authority().certificate;
        (certificate.issued_at, certificate.expires_at) = (at(now - 15 * DAY), at(now + 15 * DAY));
    }

    /// Another process of the program on this machine, with a clock of its own: whatever passes here, it does not see.
    pub(crate) fn with_clocks_of_its_own(&self) -> Self {
        let (time, ahead) = (&self.clocks.time, &self.clocks.ahead);
        let time = Arc::new(AtomicU64::new(time.load(Ordering::SeqCst)));
        let ahead = Arc::new(AtomicI64::new(ahead.load(Ordering::SeqCst)));
        Self { site: self.site.clone(), store: self.store.clone(), clocks: Clocks { time, ahead } }
    }

    pub(crate) fn set_clock(&self, ahead: i64) {
        self.clocks.ahead.store(ahead, Ordering::SeqCst);
    }

    pub(crate) fn cut(&self) {
        drop_answers(&self.site);
    }

    pub(crate) fn mend(&self) {
        self.site.nobody_between();
    }

    pub(crate) fn admit(&self) {
        self.site.admissions().only().ended = None;
    }

    pub(crate) fn end(&self, code: &'static str, grace_until: u64) {
        self.site.admissions().only().ended = Some((code, grace_until));
    }
}

pub(crate) fn lack(guard: &Guard) -> Option<Lack> {
    guard.state().standing.lack().cloned()
}

pub(crate) fn grace(until: u64, why: GraceWhy) -> Standing {
    Standing::Grace { until: at(until), why }
}

#[test]
fn a_license_gives_its_features_and_no_others() {
    let guard = Machine::new(Some(heard())).start();
    assert_eq!((guard.tier(), guard.state().standing), (Tier::Enterprise, Standing::Licensed));
    for (feature, has) in
        [("rule-engine", true), ("db.query", true), ("multi-tenant", false), ("no-such", false)]
    {
        assert_eq!(guard.has_feature(feature), has, "{feature}");
        assert_eq!(guard.ensure_valid(feature).is_ok(), has, "{feature}");
    }
    let refused = guard.ensure_valid("multi-tenant").expect_err("not sold");
    assert_eq!(refused.code().as_str(), "feature_not_licensed");
    assert!(guard.require_tier(Tier::Enterprise).is_ok());
    assert_eq!(guard.payload().expect("a license").expires_at(), Some(at(NOW + END)));
}

/// An action that is allowed costs no memory, however its name is spelt.
#[test]
fn asking_takes_no_memory() {
    let guard = Machine::new(Some(heard())).start();
    let taken = allocation_counter::measure(|| {
        for feature in ["rule-engine", " Rule-Engine ", "db.query", "no-such"] {
            let _ = guard.has_feature(feature);
        }
        assert!(guard.ensure_valid("rule-engine").is_ok() && guard.tier() == Tier::Enterprise);
    });
    assert_eq!(taken.count_total, 0);
}

#[test]
fn without_a_license_what_is_free_works() {
    let machine = Machine::unactivated(Some(heard()));
    let guard = machine.start();
    assert_eq!((guard.tier(), lack(&guard)), (Tier::Free, Some(Lack::NoLicense)));
    assert!(guard.ensure_valid("db.query").is_ok() && !guard.has_feature("rule-engine"));
    assert_eq!(guard.require_tier(Tier::Licensed).expect_err("free").code().as_str(), "license_missing");
    assert!(machine.site.record.lock().unwrap().is_empty(), "nobody was asked");
    machine.client().activate(&key()).expect("admitted");
    assert_eq!(guard.heartbeat().expect("answered").server_time, at(NOW));
    assert_eq!(guard.tier(), Tier::Free, "what was nothing at the start stays so");
    assert!(guard.state().restart_helps);
    assert_eq!(machine.start().tier(), Tier::Enterprise);
}

/// Trigger "Heartbeat failed + grace expired": full until exactly the deadline, then free, and for good.
#[test]
fn a_server_that_is_never_reached_ends_the_rights_at_the_deadline() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    machine.cut();
    for failures in 1..=10 {
        machine.pass(2 * HOUR);
        assert!(guard.heartbeat().is_err());
        assert_eq!(guard.state().standing, grace(NOW + DAY, GraceWhy::Unheard), "after {failures} failures");
    }
    machine.pass(4 * HOUR - 1);
    assert!(guard.has_feature("rule-engine"));
    machine.pass(1);
    assert!(!guard.has_feature("rule-engine"), "exactly then, without a heartbeat");
    assert_eq!(lack(&guard), Some(Lack::Unheard));
    assert!(guard.ensure_valid("db.query").is_ok(), "what is free goes on");
    drop(guard);
    let guard = machine.start();
    assert_eq!(lack(&guard), Some(Lack::Unheard), "a restart while offline changes nothing");
    machine.mend();
    assert!(guard.heartbeat().is_ok());
    assert_eq!(lack(&guard), Some(Lack::Unheard), "nor does an answer in the same run");
    assert!(guard.state().restart_helps);
    drop(guard);
    assert_eq!(machine.start().state().standing, Standing::Licensed);
}

#[test]
fn off_from_friday_to_monday_is_full_on_monday() {
    let machine = Machine::new(Some(heard()));
    drop(machine.start());
    machine.pass(3 * DAY);
    assert_eq!(machine.start().state().standing, Standing::Licensed, "one heartbeat, before all is judged");
}

#[test]
fn a_right_that_is_held_waits_for_no_server_at_the_start() {
    let machine = Machine::new(Some(heard()));
    drop(machine.start());
    let asked = machine.site.record.lock().unwrap().len();
    machine.pass(12 * HOUR);
    assert_eq!(machine.start().tier(), Tier::Enterprise);
    assert_eq!(machine.site.record.lock().unwrap().len(), asked);
}

#[test]
fn an_expiry_has_no_grace_and_a_renewal_comes_with_a_heartbeat() {
    let machine = Machine::new(Some(heard()));
    machine.pass(END - HOUR);
    let guard = machine.start();
    assert_eq!(guard.state().standing, Standing::Licensed);
    machine.site.authority().next_license().expires_at = Some(at(NOW + 2 * END));
    guard.heartbeat().expect("answered");
    machine.pass(HOUR);
    assert_eq!(guard.state().license_ends, Some(at(NOW + 2 * END)));
    assert!(guard.has_feature("rule-engine"));
    machine.pass(20 * HOUR);
    guard.heartbeat().expect("answered");
    machine.cut();
    machine.pass(END - 20 * HOUR - 1);
    drop(guard);
    machine.mend();
    let guard = machine.start();
    assert!(guard.has_feature("rule-engine"));
    machine.pass(1);
    assert_eq!(lack(&guard), Some(Lack::Expired), "at once, in the same run");
    drop(guard);
    assert_eq!(lack(&machine.start()), Some(Lack::Expired));
    machine.site.authority().next_license().expires_at = Some(at(NOW + 3 * END));
    assert_eq!(machine.start().state().standing, Standing::Licensed, "a license that ends later");
}

#[test]
fn a_revocation_has_one_fixed_grace_and_a_restart_does_not_revive_it() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    machine.end("revoked", NOW + DAY);
    for _ in 0..5 {
        guard.heartbeat().expect("answered");
        assert_eq!(guard.state().standing, grace(NOW + DAY, GraceWhy::Ended("revoked".to_owned())));
        machine.pass(4 * HOUR);
    }
    machine.cut();
    assert!(guard.heartbeat().is_err());
    assert_eq!(
        guard.state().standing,
        grace(NOW + DAY, GraceWhy::Ended("revoked".to_owned())),
        "no outage revives it"
    );
    machine.pass(4 * HOUR);
    assert_eq!(lack(&guard), Some(Lack::Ended("revoked".to_owned())));
    assert_eq!(guard.ensure_valid("rule-engine").expect_err("over").code().as_str(), "revoked");
    drop(guard);
    assert_eq!(lack(&machine.start()), Some(Lack::Ended("revoked".to_owned())));
    machine.mend();
    machine.admit();
    assert_eq!(machine.start().state().standing, Standing::Licensed, "an answer that admits it again");
}

/// The outcomes of decisions 6.1, for a tolerance of a day and of nothing.
#[test]
fn each_wrong_clock_has_its_outcome() {
    const YEAR: i64 = 365 * 86_400;
    let rolled_back = Some(Lack::ClockRolledBack);
    for (tolerance, ahead, expected) in [
        (None, -3_600, None),
        (Some(0), -3_600, rolled_back.clone()),
        (None, -YEAR, rolled_back.clone()),
        (Some(0), -YEAR, rolled_back.clone()),
        (None, -1_800_000_000, rolled_back.clone()),
        (None, 3_600, None),
    ] {
        let clock = Some(ClockPolicy { tolerance, mode: None }).filter(|_| tolerance.is_some());
        let machine = Machine::new(Some(Policy { clock, ..heard() }));
        drop(machine.start());
        machine.cut();
        machine.set_clock(ahead);
        assert_eq!(lack(&machine.start()), expected, "{tolerance:?} {ahead}");
        machine.set_clock(0);
        assert_eq!(lack(&machine.start()), None, "and setting it right helps: {tolerance:?} {ahead}");
    }
}

#[test]
fn a_clock_that_is_ten_years_ahead_is_no_right_now_and_no_harm_later() {
    let machine = Machine::new(None);
    drop(machine.start());
    machine.cut();
    machine.set_clock(10 * 365 * 86_400);
    let guard = machine.start();
    assert_eq!(guard.tier(), Tier::Free);
    drop(guard);
    machine.set_clock(0);
    assert_eq!(machine.start().state().standing, Standing::Licensed);
}

#[test]
fn a_clock_a_day_ahead_does_no_harm_where_the_server_is_up() {
    let machine = Machine::new(Some(heard()));
    machine.set_clock(25 * 3_600);
    let guard = machine.start();
    assert_eq!(guard.state().standing, Standing::Licensed, "the start asked, and knows the time");
    machine.pass(23 * HOUR);
    assert!(guard.has_feature("rule-engine"), "by the server's time");
}

#[test]
fn a_clock_that_is_set_while_the_program_runs_changes_nothing() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    for ahead in [-10 * 86_400, 10 * 86_400] {
        machine.set_clock(ahead);
        assert_eq!(guard.state().standing, Standing::Licensed);
    }
    machine.set_clock(-86_400);
    machine.pass(DAY);
    assert_eq!(lack(&guard), Some(Lack::Unheard), "time runs by another clock");
}

#[test]
fn a_state_that_is_gone_or_damaged_gives_nothing() {
    let machine = Machine::new(Some(heard()));
    let whole = machine.store.load().expect("memory").expect("a state");
    let put = |state: &[u8]| {
        let now = machine.store.load().expect("memory");
        assert!(machine.store.replace(now.as_deref(), state).expect("memory"));
    };
    put(&whole[..whole.len() / 2]);
    let guard = machine.start();
    assert_eq!((lack(&guard), guard.counters().license() > 0), (Some(Lack::NoLicense), true));
    put(&whole);
    assert_eq!(lack(&machine.start()), None);
    let gone = Machine { store: Arc::new(MemoryStore::new()), ..machine };
    assert_eq!(lack(&gone.start()), Some(Lack::NoLicense));
}

/// Whoever puts an older copy back runs its time again, and no longer: the deadline stands in it.
#[test]
fn an_older_state_gives_no_more_than_it_gave() {
    let machine = Machine::new(Some(heard()));
    drop(machine.start());
    let older = machine.store.load().expect("memory").expect("a state");
    machine.cut();
    machine.pass(DAY);
    assert_eq!(lack(&machine.start()), Some(Lack::Unheard));
    let now = machine.store.load().expect("memory");
    assert!(machine.store.replace(now.as_deref(), &older).expect("memory"));
    assert_eq!(lack(&machine.start()), Some(Lack::Unheard), "the clock says so");
}

#[test]
fn configuration_only_narrows() {
    let machine = Machine::new(Some(heard()));
    let start = |local: Local| {
        machine.client().guard().without_threads().narrowed(local).offline().start().expect("it starts")
    };
    let longer = start(Local { heartbeat: Some((40 * HOUR, 40 * DAY)), ..Local::default() });
    let shorter = start(Local { heartbeat: Some((HOUR, 2 * HOUR)), ..Local::default() });
    machine.pass(2 * HOUR);
    assert_eq!((lack(&longer), lack(&shorter)), (None, Some(Lack::Unheard)));
    drop(shorter);
    machine.pass(22 * HOUR);
    assert_eq!(lack(&longer), Some(Lack::Unheard), "offline or not, the license's own deadline");
}

#[test]
fn a_seat_that_is_lent_ends_with_its_lease() {
    let machine = Machine::new(Some(Policy { seat: Some(SeatHold::Lease), ..heard() }));
    machine.cut();
    assert_eq!(lack(&machine.start()), Some(Lack::Unheard), "nobody said until when");
}

#[test]
fn a_tenant_that_does_too_much_waits() {
    let limits = vec![Limit { name: "db".to_owned(), value: 2 }];
    let machine = Machine::new(Some(Policy { tenant_limits: limits, ..heard() }));
    let guard = machine.start();
    for _ in 0..2 {
        assert!(guard.ensure_valid_for("tenant-xyz", "db.query").is_ok());
    }
    let refused = guard.ensure_valid_for("tenant-xyz", "db.query").expect_err("too much");
    assert!(
        refused.to_string().starts_with("[Policy] API rate limit exceeded for tenant tenant-xyz"),
        "{refused}"
    );
    assert!(matches!(refused, ActionRefused::Tenant { .. }));
    assert_eq!((refused.code().as_str(), guard.counters().policy()), ("tenant_limited", 1));
    assert!(guard.ensure_valid_for("tenant-abc", "db.query").is_ok());
    machine.pass(60);
    assert!(guard.ensure_valid_for("tenant-xyz", "db.query").is_ok());
}

#[test]
fn whoever_watches_is_told_of_each_change_once() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    let told: Arc<Mutex<Vec<GuardState>>> = Arc::default();
    let theirs = told.clone();
    guard.on_change(move |state| theirs.lock().unwrap().push(state.clone()));
    machine.cut();
    for _ in 0..3 {
        machine.pass(HOUR);
        assert!(guard.heartbeat().is_err());
    }
    machine.pass(DAY);
    assert_eq!(guard.tier(), Tier::Free);
    assert_eq!(guard.tier(), Tier::Free);
    let standings: Vec<Standing> = told.lock().unwrap().iter().map(|state| state.standing.clone()).collect();
    assert_eq!(standings, [grace(NOW + DAY, GraceWhy::Unheard), Standing::Free(Lack::Unheard)]);
}

/// Whoever watches may ask the guard.
#[test]
fn a_watcher_may_ask_the_guard() {
    let machine = Machine::new(Some(heard()));
    let guard = Arc::new(machine.start());
    let (theirs, told) = (Arc::downgrade(&guard), Arc::new(AtomicU64::new(0)));
    let count = told.clone();
    guard.on_change(move |_| {
        let guard = theirs.upgrade().expect("it is there");
        count.fetch_add(1, Ordering::SeqCst);
        assert!(guard.heartbeat().is_err() && guard.tier() == guard.verify_integrity().tier);
        guard.on_change(|_| {});
    });
    machine.cut();
    assert!(guard.heartbeat().is_err());
    assert_eq!(told.load(Ordering::SeqCst), 1);
}

/// A signed refusal reached a server, and is no admission.
#[test]
fn a_refusal_neither_lengthens_a_grace_nor_ends_one() {
    let heartbeat = Heartbeat { interval: 4 * HOUR, grace: DAY, longest_grace: Some(3 * DAY) };
    let machine = Machine::new(Some(Policy { heartbeat: Some(heartbeat), ..Policy::default() }));
    let guard = machine.start();
    machine.site.admissions().only().proof.generation += 1;
    machine.pass(12 * HOUR);
    let beat = guard.heartbeat().expect("answered");
    assert!(matches!(beat.said, BeatSaid::Refused { .. }), "{beat:?}");
    assert_eq!(guard.state().standing, grace(NOW + DAY, GraceWhy::Unheard));
    machine.pass(12 * HOUR);
    assert_eq!(lack(&guard), Some(Lack::Unheard));
}

/// Somebody between device and server keeps an answer back, and hands it out when the device asks with the same bytes again: it tells
/// of an old admission, and does not turn the time back to it.
#[test]
fn an_answer_that_was_kept_back_gives_no_time() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    let kept: Arc<Mutex<Option<HttpAnswer>>> = Arc::default();
    let theirs = kept.clone();
    machine.site.between(move |answer| {
        theirs.lock().unwrap().get_or_insert(answer);
        Err(Unanswered("kept back".to_owned()))
    });
    assert!(guard.heartbeat().is_err());
    drop(guard);
    machine.pass(DAY - HOUR);
    let guard = machine.start();
    let answer = kept.lock().unwrap().take().expect("an answer");
    let mut once = Some(answer);
    machine.site.between(move |_| once.take().ok_or_else(|| Unanswered("nothing else".to_owned())));
    assert!(guard.heartbeat().is_ok(), "it verifies");
    assert_eq!(guard.state().standing, grace(NOW + DAY, GraceWhy::Unheard));
    machine.pass(HOUR);
    assert_eq!(lack(&guard), Some(Lack::Unheard));
}

/// A store that cannot be written.
struct ReadOnly(Arc<MemoryStore>);

impl Store for ReadOnly {
    fn load(&self) -> std::io::Result<Option<Vec<u8>>> {
        self.0.load()
    }

    fn replace(&self, _: Option<&[u8]>, _: &[u8]) -> std::io::Result<bool> {
        Err(std::io::Error::other("a disk that is full"))
    }
}

#[test]
fn a_machine_whose_files_do_not_last_is_told() {
    let machine = Machine::new(Some(heard()));
    assert!(machine.start().state().is_kept);
    let client = Client::builder(machine.site.trust())
        .server(ORIGIN)
        .store(ReadOnly(machine.store.clone()))
        .clock(machine.clocks.clone())
        .transport(machine.site.clone());
    let client = Arc::new(client.build().expect("configured"));
    machine.pass(HOUR);
    let guard = client.guard().without_threads().start().expect("it starts");
    assert_eq!((guard.tier(), guard.state().is_kept), (Tier::Enterprise, false));
}

/// What the sensors of a machine say, as tests set it.
#[derive(Clone)]
pub(crate) struct Told(pub(crate) Arc<Mutex<Finding>>);

impl Sensors for Told {
    fn look(&self, _: &dyn Fn(&str) -> bool) -> Vec<Seen> {
        let finding = *self.0.lock().expect("nobody panicked with it");
        vec![Seen { sensor: "debugger", finding, what: "a test says so".to_owned() }]
    }
}

pub(crate) fn watched(unknown: Option<Unknown>) -> Policy {
    Policy { anti_tamper: Some(AntiTamper { unknown, agents: vec![] }), ..heard() }
}

#[test]
fn a_debugger_that_comes_while_the_program_runs_ends_its_rights() {
    let machine = Machine::new(Some(watched(None)));
    let told = Told(Arc::new(Mutex::new(Finding::Nothing)));
    let start =
        || machine.client().guard().without_threads().sensors(told.clone()).start().expect("it starts");
    let guard = start();
    assert_eq!(guard.verify_integrity().standing, Standing::Licensed);
    *told.0.lock().unwrap() = Finding::Something;
    assert_eq!(guard.verify_integrity().standing, Standing::Free(Lack::Tampered));
    assert!(guard.counters().anti_tamper() > 0 && guard.ensure_valid("db.query").is_ok());
    assert_eq!(guard.ensure_valid("rule-engine").expect_err("seen").code().as_str(), "tamper_detected");
    *told.0.lock().unwrap() = Finding::Nothing;
    assert_eq!(guard.verify_integrity().standing, Standing::Free(Lack::Tampered), "it sticks");
    guard.heartbeat().expect("answered");
    assert_eq!(lack(&guard), Some(Lack::Tampered), "whatever the server says");
    drop(guard);
    assert_eq!(start().state().standing, Standing::Licensed, "a clean start");
}

#[test]
fn a_sensor_that_cannot_look_counts_as_the_license_says() {
    for (unknown, expected) in [(None, None), (Some(Unknown::Tamper), Some(Lack::Tampered))] {
        let machine = Machine::new(Some(watched(unknown)));
        let blind = Told(Arc::new(Mutex::new(Finding::Unknown)));
        let guard = machine.client().guard().without_threads().sensors(blind).start().expect("it starts");
        assert_eq!(lack(&guard), expected);
    }
}

#[test]
fn who_is_not_asked_to_look_does_not() {
    let machine = Machine::new(Some(heard()));
    let told = Told(Arc::new(Mutex::new(Finding::Something)));
    let plain = machine.client().guard().without_threads().sensors(told.clone()).start().expect("it starts");
    assert_eq!(lack(&plain), None);
    let local = Local { anti_tamper: true, ..Local::default() };
    let narrowed =
        machine.client().guard().without_threads().sensors(told).narrowed(local).start().expect("it starts");
    assert_eq!(lack(&narrowed), Some(Lack::Tampered), "the program's own configuration asks for it");
}

/// Without a list of approved modules, a license that requires one is hard or soft.
#[test]
fn a_check_of_modules_that_cannot_pass_is_hard_or_soft() {
    for fail in [Fail::Soft, Fail::Hard] {
        let policy = Policy { integrity: Some(Integrity::Required), fail: Some(fail), ..heard() };
        let machine = Machine::new(Some(policy));
        let started = machine.client().guard().without_threads().start();
        match (fail, started) {
            (Fail::Soft, Ok(guard)) => assert_eq!(lack(&guard), Some(Lack::Unapproved)),
            (Fail::Hard, Err(refused)) => {
                assert_eq!(refused.code().as_str(), "unapproved_module");
                assert!(refused.to_string().starts_with("[Integrity] "), "{refused}");
            }
            (fail, started) => panic!("{fail:?}: {started:?}"),
        }
    }
    let waived = Policy { integrity: Some(Integrity::WhereListed), fail: Some(Fail::Hard), ..heard() };
    assert_eq!(lack(&Machine::new(Some(waived)).start()), None, "there is no list");
}
