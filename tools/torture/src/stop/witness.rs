//! Customers who ask one server without a pause, from before it stands still until after it goes on, while their licenses are
//! revoked at the other one. What they had asked before is the hard case: no yes may come later than a second after the
//! revocation was acknowledged, whenever it was asked for. One thing no server can help: it decided, and is stopped before
//! the answer has left it. Such answers are counted apart, and must stay few.

use super::tally::Tally;
use crate::client::{Answer, Issued};
use crate::day::{Customer, Day};
use crate::random::Random;
use harness::failure::{Failure, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Witnesses on each wire.
const EACH: usize = 2;
/// What an answer needs from the server to who waits for it, on a busy machine.
const ON_ITS_WAY: Duration = Duration::from_millis(250);
const SECOND: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(1);
/// They go on asking for so long after the server went on.
const STAY: Duration = Duration::from_millis(300);

/// Those of one round.
pub(super) struct Witnesses<'a> {
    day: &'a Day,
    at: usize,
    all: Vec<Witness>,
    tally: &'a Tally,
    /// When their server was stopped.
    stopped: Mutex<Option<Instant>>,
    home: AtomicBool,
}

struct Witness {
    license: Issued,
    name: String,
    customer: Customer,
    revoked: Mutex<Option<Instant>>,
}

impl<'a> Witnesses<'a> {
    /// Each has a license with a seat. Without a vendor nothing can be revoked, so there are none at the first server.
    pub(super) fn sit((day, tally): (&'a Day, &'a Tally), at: usize, random: &mut Random) -> Result<Self> {
        let mut all = vec![];
        for n in 0..if at == 0 { 0 } else { 2 * EACH } {
            let license = day.vendor().issue(&day.app, "witness")?;
            let name = random.hex(2);
            let customer = if n < EACH {
                Customer::named(license.clone(), name.clone())
            } else {
                day.customer_with_sdk(license.clone())?
            };
            match customer.ask(&day.app, (at, &day.places[at]), random) {
                Answer::Yes => day.notes.served(),
                other => return Err(Failure::new(format!("a witness has no seat: {other:?}"))),
            }
            day.ledger.issued(0, &license);
            all.push(Witness { license, name, customer, revoked: Mutex::default() });
        }
        Ok(Self { day, at, all, tally, stopped: Mutex::default(), home: AtomicBool::new(false) })
    }

    /// Their server stands still from now on.
    pub(super) fn stopped(&self) {
        *lock(&self.stopped) = Some(Instant::now());
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    pub(super) fn licenses(&self) -> impl Iterator<Item = &Issued> {
        self.all.iter().map(|witness| &witness.license)
    }

    /// The revocation of this license was acknowledged.
    pub(super) fn revoked(&self, license_id: &str) {
        for witness in self.all.iter().filter(|witness| witness.license.id == license_id) {
            *lock(&witness.revoked) = Some(Instant::now());
            self.day.revoked(witness.license.clone(), witness.name.clone());
        }
    }

    /// How long the last of them has been revoked.
    pub(super) fn revoked_for(&self) -> Duration {
        let last = self.all.iter().filter_map(|witness| *lock(&witness.revoked)).max();
        last.map_or(Duration::MAX, |last| last.elapsed())
    }

    /// They go home, after they have asked the server that goes on.
    pub(super) fn go_home(&self) {
        if !self.all.is_empty() {
            thread::sleep(STAY);
        }
        self.home.store(true, Ordering::Relaxed);
    }

    /// One of them asks until all go home.
    pub(super) fn ask(&self, n: usize, mut random: Random) {
        let (witness, place) = (&self.all[n], &self.day.places[self.at]);
        while !self.home.load(Ordering::Relaxed) {
            let asked = Instant::now();
            let answer = witness.customer.ask(&self.day.app, (self.at, place), &mut random);
            let came = Instant::now();
            if answer == Answer::Yes
                && let Some(revoked) = *lock(&witness.revoked)
            {
                self.judge(witness, (asked, came), revoked);
            }
            thread::sleep(PAUSE);
        }
    }

    /// A yes was asked for, and came, when the license had been revoked at that time.
    fn judge(&self, witness: &Witness, (asked, came): (Instant, Instant), revoked: Instant) {
        let (asked_after, came_after) =
            (asked.saturating_duration_since(revoked), came.saturating_duration_since(revoked));
        let mut late = asked_after;
        if came_after > SECOND + ON_ITS_WAY {
            // Asked before its server was stopped: nobody sees from outside whether that was decided, and given, by then.
            if lock(&self.stopped).is_some_and(|stopped| asked < stopped) {
                self.tally.was_on_its_way();
            } else {
                late = came_after;
            }
        }
        let (name, url) = (witness.customer.name(), &self.day.places[self.at].url);
        self.day.notes.yes_after_revocation(
            late,
            &format!("{name} at {url}, asked after {asked_after:?}, came after {came_after:?}"),
        );
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
