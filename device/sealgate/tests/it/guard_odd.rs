//! A guard in odd hands: numbers that nobody means, watchers that panic or come back, answers that come late, and moments between two seconds.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use sealgate::guard::sensors::{Seen, Sensors};
use sealgate::guard::{Finding, GraceWhy, GuardConfig, Lack, Local, Standing};
use sealgate::{
    Client, Clock, HttpQuestion, HttpTransport, MemoryStore, Store, Tier, Transport, UnixSeconds,
};
use sealgate_artifact::{Heartbeat, Policy, Unknown};

use crate::authority::{DAY, NOW, at};
use crate::guard::{Clocks, HOUR, Machine, Told, grace, heard, lack, watched};
use crate::site::ORIGIN;

#[test]
fn a_configured_interval_may_be_of_any_length() {
    let machine = Machine::new(None);
    for minutes in [0, 1, u64::MAX / 120, u64::MAX / 60] {
        let text = format!(
            r#"{{"LicenseConfigs":{{"Mode":"Online","Online":{{"EnableHeartbeat":true,"HeartbeatIntervalMinutes":{minutes}}}}}}}"#
        );
        let local = GuardConfig::from_json(&text).expect("it reads").local;
        let guard = machine.client().guard().without_threads().narrowed(local).start().expect("it starts");
        assert_eq!(guard.state().standing, Standing::Licensed, "{minutes} minutes");
    }
    let most = Local { heartbeat: Some((u64::MAX, u64::MAX)), ..Local::default() };
    let guard = machine.client().guard().without_threads().narrowed(most).start().expect("it starts");
    assert_eq!(guard.state().standing, Standing::Licensed);
}

#[test]
fn a_watcher_that_panics_harms_nobody() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    let (calls, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(vec![])));
    let (theirs, seen) = (calls.clone(), told.clone());
    guard.on_change(move |_| {
        theirs.fetch_add(1, Ordering::SeqCst);
        panic!("a test says so");
    });
    guard.on_change(move |state| seen.lock().unwrap().push(state.tier));
    machine.cut();
    assert!(guard.heartbeat().is_err());
    machine.pass(DAY);
    assert!(!guard.has_feature("rule-engine"), "the action is answered");
    assert_eq!(calls.load(Ordering::SeqCst), 2, "it is told of the next state, too");
    assert_eq!(*told.lock().unwrap(), [Tier::Enterprise, Tier::Free], "and so is the other one");
}

/// A screen must not go on showing rights that are gone.
#[test]
fn a_watcher_that_is_busy_hears_the_newest_state_afterwards() {
    let machine = Machine::new(Some(heard()));
    let guard = Arc::new(machine.start());
    let (begun, is_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let told = Arc::new(Mutex::new(vec![]));
    let seen = told.clone();
    guard.on_change(move |state| {
        seen.lock().unwrap().push(state.standing.clone());
        let _ = begun.send(());
        let _ = may_go_on.recv();
    });
    machine.cut();
    let other = guard.clone();
    let failing = thread::spawn(move || other.heartbeat().is_err());
    is_begun.recv().expect("it was told of the grace");
    machine.pass(DAY);
    assert_eq!(
        lack(&guard),
        Some(Lack::Unheard),
        "found in this thread while the other one is in the watcher"
    );
    drop(go_on);
    assert!(failing.join().expect("no panic"));
    let grace = grace(NOW + DAY, GraceWhy::Unheard);
    assert_eq!(*told.lock().unwrap(), [grace, Standing::Free(Lack::Unheard)]);
}

/// What a watcher finds by asking it is told, too, after it returned.
#[test]
fn a_watcher_that_asks_hears_what_it_found() {
    let machine = Machine::new(Some(watched(None)));
    let sensor = Told(Arc::new(Mutex::new(Finding::Nothing)));
    let guard =
        machine.client().guard().without_threads().sensors(sensor.clone()).start().expect("it starts");
    let guard = Arc::new(guard);
    let (mine, told) = (Arc::downgrade(&guard), Arc::new(Mutex::new(vec![])));
    let seen = told.clone();
    guard.on_change(move |state| {
        seen.lock().unwrap().push(state.tier);
        mine.upgrade().expect("it is there").verify_integrity();
    });
    *sensor.0.lock().unwrap() = Finding::Something;
    machine.cut();
    assert!(guard.heartbeat().is_err());
    assert_eq!(*told.lock().unwrap(), [Tier::Enterprise, Tier::Free]);
}

/// A machine that sleeps while it waits for an answer, or a process that was stopped: the answer is as old as that.
#[test]
fn an_answer_that_was_slept_through_says_nothing_about_the_time() {
    for is_cut in [false, true] {
        let machine = Machine::new(Some(heard()));
        machine.pass(20 * DAY - HOUR);
        let guard = machine.start();
        assert_eq!(guard.state().standing, Standing::Licensed);
        let (site, mut slept) = (machine.site.clone(), false);
        let clocks = machine.clocks.clone();
        machine.site.between(move |answer| {
            if std::mem::replace(&mut slept, true) && is_cut {
                return Err(sealgate::Unanswered("dropped".to_owned()));
            }
            if clocks.now() < at(NOW + 20 * DAY) {
                clocks.sleep(3 * HOUR);
                site.time.fetch_add(3 * HOUR, Ordering::SeqCst);
            }
            Ok(answer)
        });
        let _ = guard.heartbeat();
        assert_eq!(lack(&guard), Some(Lack::Expired), "two hours ago, {is_cut}");
    }
}

/// A clock that shows parts of seconds.
#[derive(Clone)]
struct Ticks(Arc<AtomicU64>);

impl Clock for Ticks {
    fn now(&self) -> UnixSeconds {
        at(NOW + self.0.load(Ordering::SeqCst) / 1_000)
    }

    fn running(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[test]
fn a_deadline_is_met_whenever_somebody_looked_before_it() {
    for before in [1, 100, 999, 1_000, 1_500, 59 * 60 * 1_000 + 300] {
        let machine = Machine::new(Some(heard()));
        let ticks = Ticks(Arc::default());
        let client = Client::builder(machine.site.trust())
            .server(ORIGIN)
            .store(machine.store.clone())
            .clock(ticks.clone())
            .transport(machine.site.clone());
        let client = Arc::new(client.build().expect("configured"));
        let guard = client.guard().without_threads().offline().start().expect("it starts");
        ticks.0.store(DAY * 1_000 - before, Ordering::SeqCst);
        assert_eq!(guard.verify_integrity().tier, Tier::Enterprise, "{before} ms before");
        ticks.0.store(DAY * 1_000 - 1, Ordering::SeqCst);
        assert!(guard.has_feature("rule-engine"), "a millisecond before, {before}");
        ticks.0.store(DAY * 1_000, Ordering::SeqCst);
        assert!(!guard.has_feature("rule-engine"), "exactly then, where somebody looked {before} ms before");
    }
}

/// A failure at a time that is doubted moves no deadline further than one at the time that is believed.
#[test]
fn a_failure_by_a_doubted_clock_leaves_no_doubted_time() {
    let heartbeat = Heartbeat { interval: 4 * HOUR, grace: DAY, longest_grace: Some(15 * DAY) };
    let machine = Machine::new(Some(Policy { heartbeat: Some(heartbeat), ..Policy::default() }));
    drop(machine.start());
    machine.cut();
    machine.set_clock(10 * 86_400);
    let guard = machine.start();
    assert!(guard.heartbeat().is_err());
    drop(guard);
    machine.set_clock(0);
    assert_eq!(machine.start().state().standing, grace(NOW + DAY, GraceWhy::Unheard));
}

/// Sensors of a program's own.
struct Panicking;

impl Sensors for Panicking {
    fn look(&self, _: &dyn Fn(&str) -> bool) -> Vec<Seen> {
        panic!("a test says so")
    }
}

#[test]
fn sensors_that_panic_cannot_look() {
    for (unknown, expected) in [(None, None), (Some(Unknown::Tamper), Some(Lack::Tampered))] {
        let machine = Machine::new(Some(watched(unknown)));
        let guard = machine.client().guard().without_threads().sensors(Panicking).start().expect("it starts");
        guard.verify_integrity();
        assert_eq!(lack(&guard), expected);
    }
}

/// Nobody waits for longer than a day, whatever a configuration says.
#[test]
fn a_timeout_may_be_of_any_length() {
    for seconds in [1, 86_401, u64::MAX] {
        let timeout = Duration::from_secs(seconds);
        let transport = HttpTransport::builder().timeout(timeout).build().expect("configured");
        assert_eq!(transport.budget(), timeout.min(Duration::from_hours(24)));
        let question = HttpQuestion { url: "http://127.0.0.1:1/", body: None, within: timeout };
        assert!(transport.exchange(&question).is_err(), "nobody is there, {seconds} s");
    }
}

/// A store in which a whole night passes while it writes, where a test says so: the machine slept, or another process held the lock.
struct Slow {
    store: Arc<MemoryStore>,
    clocks: Clocks,
    sleeps: Arc<AtomicBool>,
}

impl Store for Slow {
    fn load(&self) -> std::io::Result<Option<Vec<u8>>> {
        self.store.load()
    }

    fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> std::io::Result<bool> {
        if self.sleeps.swap(false, Ordering::SeqCst) {
            self.clocks.sleep(3 * HOUR);
        }
        self.store.replace(old, new)
    }
}

#[test]
fn what_passes_while_an_answer_is_kept_counts() {
    let machine = Machine::new(Some(heard()));
    machine.pass(20 * DAY - HOUR);
    let sleeps = Arc::new(AtomicBool::new(false));
    let store = Slow { store: machine.store.clone(), clocks: machine.clocks.clone(), sleeps: sleeps.clone() };
    let client = Client::builder(machine.site.trust())
        .server(ORIGIN)
        .store(store)
        .clock(machine.clocks.clone())
        .transport(machine.site.clone());
    let client = Arc::new(client.build().expect("configured"));
    let guard = client.guard().without_threads().start().expect("it starts");
    machine.site.between(move |answer| {
        sleeps.store(true, Ordering::SeqCst);
        Ok(answer)
    });
    assert!(guard.heartbeat().expect("answered").asked_now);
    assert_eq!(lack(&guard), Some(Lack::Expired), "two hours ago");
}
