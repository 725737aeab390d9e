//! The thread that sends heartbeats when they are due. No test waits for time: it sets the clock, and wakes the thread.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use sealgate::{
    Beat, BeatSaid, Client, Error, Heartbeats, HttpAnswer, HttpQuestion, MemoryStore, Transport, Unanswered,
};

use crate::activation::{client, drop_answers, sent_ids, site};
use crate::authority::{NOW, key};
use crate::site::{Device, ORIGIN, Site, TestClock};

/// Longer than any test takes: a thread that does not answer fails the test instead of holding it.
const PATIENCE: Duration = Duration::from_mins(1);
const INTERVAL: u64 = 14_400;

struct Running {
    site: Arc<Site>,
    clock: TestClock,
    heartbeats: Heartbeats,
    beats: Receiver<Result<Beat, Error>>,
}

/// A device that is activated, and its thread.
fn running() -> Running {
    let site = site();
    let device = Device::new(site.trust(), site.clone());
    device.client.activate(&key()).expect("admitted");
    let (clock, client) = (device.clock.clone(), Arc::new(device.client));
    let (send, beats) = channel();
    let heartbeats = client.start_heartbeats(move |beat| report(&send, beat)).expect("a thread");
    Running { site, clock, heartbeats, beats }
}

fn report(send: &Sender<Result<Beat, Error>>, beat: Result<Beat, Error>) {
    // Whoever stopped listening wants to hear no more.
    let _ = send.send(beat);
}

impl Running {
    fn next(&self) -> Result<Beat, Error> {
        self.beats.recv_timeout(PATIENCE).expect("the thread reports")
    }

    fn admitted(&self) {
        assert_eq!(self.next().expect("answered").said, BeatSaid::Admitted);
    }

    /// Sets the clock here and there.
    fn at(&self, seconds: u64) {
        self.site.time.store(NOW + seconds, Ordering::SeqCst);
        self.clock.set(NOW + seconds);
        self.heartbeats.wake();
    }

    /// The machine wakes then. When it asked: half a minute after it noticed, at most.
    fn wakes_at(&self, seconds: u64) -> u64 {
        for later in 0..u64::MAX {
            self.at(seconds + later);
            if let Ok(beat) = self.beats.recv_timeout(Duration::from_millis(10)) {
                assert_eq!(beat.expect("answered").said, BeatSaid::Admitted);
                return seconds + later;
            }
        }
        unreachable!("it asks before the end of time")
    }
}

#[test]
fn heartbeats_are_sent_when_they_are_due() {
    let running = running();
    running.admitted();
    running.at(INTERVAL - 1);
    running.at(INTERVAL);
    running.admitted();
    running.at(2 * INTERVAL);
    running.admitted();
    running.heartbeats.beat_now();
    running.admitted();
    running.heartbeats.stop();
    assert_eq!(sent_ids(&running.site).len(), 5, "one activation, and no heartbeat that was not due");
}

#[test]
fn after_a_failure_it_tries_again_ever_more_seldom() {
    let running = running();
    running.admitted();
    drop_answers(&running.site);
    let mut time = INTERVAL;
    for wait in [60, 120, 240] {
        running.at(time);
        assert_eq!(running.next().expect_err("dropped").code(), "server_unreachable");
        running.at(time + wait - 1);
        time += wait;
    }
    running.site.nobody_between();
    running.at(time);
    running.admitted();
    running.heartbeats.stop();
    // Each failure was sent twice.
    assert_eq!(sent_ids(&running.site).len(), 2 + 6 + 1);
}

#[test]
fn a_server_says_when_to_come_back() {
    let running = running();
    running.admitted();
    running.site.between(|_| {
        let mut answer = crate::site::problem(503, "unavailable", "Later.");
        answer.retry_after = Some(Duration::from_mins(15));
        Ok(answer)
    });
    running.at(INTERVAL);
    running.next().expect_err("busy");
    running.site.nobody_between();
    running.at(INTERVAL + 899);
    running.at(INTERVAL + 900);
    running.admitted();
    running.heartbeats.stop();
    assert_eq!(sent_ids(&running.site).len(), 4);
}

/// A clock that was far ahead and is set right must not silence the thread until then.
#[test]
fn a_clock_that_is_set_back_delays_nothing() {
    let running = running();
    running.admitted();
    running.wakes_at(1_000_000);
    running.at(0);
    running.at(INTERVAL);
    running.admitted();
    running.heartbeats.stop();
}

/// A machine that slept for long asks once, and then in its rhythm.
#[test]
fn what_was_missed_in_sleep_is_not_made_up_for() {
    let running = running();
    running.admitted();
    let asked = running.wakes_at(20 * INTERVAL);
    running.at(asked + INTERVAL - 1);
    running.at(asked + INTERVAL);
    running.admitted();
    running.heartbeats.stop();
    assert_eq!(sent_ids(&running.site).len(), 4, "one activation, and three heartbeats");
}

#[test]
fn the_last_heartbeat_leaves() {
    let running = running();
    running.admitted();
    let Running { site, heartbeats, beats, .. } = running;
    heartbeats.stop_and_leave();
    assert_eq!(beats.recv().expect("reported").expect("answered").said, BeatSaid::Admitted);
    assert!(site.admissions().only().left);
    assert!(beats.recv().is_err(), "the thread is gone");
}

#[test]
fn whoever_drops_it_ends_it() {
    let running = running();
    running.admitted();
    drop(running.heartbeats);
    assert!(running.beats.recv().is_err(), "the thread is gone");
}

#[test]
fn a_panic_in_the_program_s_own_code_ends_nothing() {
    let site = site();
    let device = Device::new(site.trust(), site.clone());
    device.client.activate(&key()).expect("admitted");
    let client = Arc::new(device.client);
    let (send, beats) = channel();
    let heartbeats = client.start_heartbeats(move |beat| {
        report(&send, beat);
        panic!("a mistake of the program's");
    });
    let heartbeats = heartbeats.expect("a thread");
    for _ in 0..2 {
        beats.recv_timeout(PATIENCE).expect("reported").expect("answered");
        heartbeats.beat_now();
    }
    heartbeats.stop();
}

#[test]
fn without_an_activation_it_waits_for_one() {
    let (site, store) = (site(), Arc::new(MemoryStore::new()));
    let client = Arc::new(client(&site, store));
    let (send, beats) = channel();
    let heartbeats = client.start_heartbeats(move |beat| report(&send, beat)).expect("a thread");
    heartbeats.wake();
    client.activate(&key()).expect("admitted");
    heartbeats.beat_now();
    beats.recv_timeout(PATIENCE).expect("reported").expect("answered");
    heartbeats.stop();
}

/// Answers nothing before it is told to.
#[derive(Default)]
struct Slow {
    asked: (Mutex<bool>, Condvar),
    opened: (Mutex<bool>, Condvar),
}

impl Slow {
    fn set((flag, changed): &(Mutex<bool>, Condvar)) {
        *flag.lock().expect("nobody panicked with it") = true;
        changed.notify_all();
    }

    fn wait((flag, changed): &(Mutex<bool>, Condvar)) {
        let flag = flag.lock().expect("nobody panicked with it");
        let waited = changed.wait_timeout_while(flag, PATIENCE, |is_set| !*is_set);
        assert!(*waited.expect("nobody panicked with it").0, "nothing came");
    }
}

impl Transport for Slow {
    fn exchange(&self, _: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        Self::set(&self.asked);
        Self::wait(&self.opened);
        Err(Unanswered("slow".to_owned()))
    }
}

/// Stopping waits for what is under way, and for nothing else.
#[test]
fn a_heartbeat_that_is_under_way_ends_before_the_thread_does() {
    let (site, store) = (site(), Arc::new(MemoryStore::new()));
    client(&site, store.clone()).activate(&key()).expect("admitted");
    let slow = Arc::new(Slow::default());
    let client = Client::builder(site.trust()).server(ORIGIN).store(store).transport(slow.clone());
    let client = Arc::new(client.clock(TestClock(Arc::new(NOW.into()))).build().expect("configured"));
    let (send, beats) = channel();
    let heartbeats = client.start_heartbeats(move |beat| report(&send, beat)).expect("a thread");
    Slow::wait(&slow.asked);
    std::thread::scope(|scope| {
        let stopped = scope.spawn(|| heartbeats.stop());
        assert!(!stopped.is_finished(), "it waits");
        Slow::set(&slow.opened);
    });
    beats.recv().expect("reported").expect_err("slow");
    assert!(beats.recv().is_err(), "and no other was begun");
}
