//! Customers who ask one server without a pause, from before it stands still until after it goes on, while their licenses are
//! revoked at the other one. What they had asked before is the hard case: no yes may come later than a second after the
//! revocation was acknowledged, whenever it was asked for.

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
    pub(super) fn sit(day: &'a Day, at: usize, random: &mut Random) -> Result<Self> {
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
        Ok(Self { day, at, all, home: AtomicBool::new(false) })
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
            *witness.lock() = Some(Instant::now());
            self.day.revoked(witness.license.clone(), witness.name.clone());
        }
    }

    /// How long the last of them has been revoked.
    pub(super) fn revoked_for(&self) -> Duration {
        let last = self.all.iter().filter_map(|witness| *witness.lock()).max();
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
                && let Some(revoked) = *witness.lock()
            {
                self.judge(witness, asked.saturating_duration_since(revoked), came - revoked);
            }
            thread::sleep(PAUSE);
        }
    }

    /// A yes was asked for, and came, so long after the revocation was acknowledged.
    fn judge(&self, witness: &Witness, asked: Duration, came: Duration) {
        let late = if came > SECOND + ON_ITS_WAY { came } else { asked };
        let (name, url) = (witness.customer.name(), &self.day.places[self.at].url);
        self.day.notes.yes_after_revocation(
            late,
            &format!("{name} at {url}, asked after {asked:?}, came after {came:?}"),
        );
    }
}

impl Witness {
    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.revoked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
