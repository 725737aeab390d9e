//! Honest customers, whose time is taken.

use crate::client::{Answer, Client, Issued};
use crate::day::Day;
use crate::random::Random;
use harness::failure::Result;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any of them waits with a good will.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(4);

/// Times of answers within one window, in microseconds.
#[derive(Default)]
pub(super) struct Times(Mutex<Vec<u64>>);

impl Times {
    /// Forgets what was taken, and returns the slowest hundredth of it and how many there were.
    pub(super) fn take(&self) -> (u64, usize) {
        let mut taken = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        taken.sort_unstable();
        let count = taken.len();
        (taken.get(count * 99 / 100).copied().unwrap_or(0), count)
    }

    fn add(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(took);
    }
}

/// A license with one seat, and its device, which may always use it.
pub(super) struct Honest {
    license: Issued,
    device: String,
    /// Whether all its questions go over one connection.
    keeps: bool,
}

impl Honest {
    /// Buys it, and takes its seat.
    pub(super) fn new(day: &Day, keeps: bool) -> Result<Self> {
        let license = day.vendor().order(&json!({ "app_id": day.app.id, "count": 1, "max_devices": 1 }))?;
        day.ledger.issued(0, &license);
        let honest = Self { license, device: format!("honest-{keeps}"), keeps };
        connect(day).validate(
            &day.app,
            &honest.license,
            &honest.device,
            "0123456789abcdef0123456789abcdef",
        )?;
        day.ledger.bound(&honest.license, &honest.device);
        Ok(honest)
    }

    /// Asks until it is told to stop.
    pub(super) fn ask(&self, day: &Day, mut random: Random, times: &Times, stop: &AtomicBool) {
        let mut client = connect(day);
        while !stop.load(Ordering::Relaxed) {
            if !self.keeps {
                client = connect(day);
            }
            let (nonce, begin) = (random.hex(2), Instant::now());
            match client.ask(&day.app, &self.license, &self.device, &nonce) {
                Answer::Yes => day.notes.served(),
                Answer::No(why) | Answer::Unanswered(why) => {
                    day.notes.refused(format!("{}: {why}", self.device));
                }
            }
            times.add(begin.elapsed());
            thread::sleep(PAUSE);
        }
    }
}

fn connect(day: &Day) -> Client<'_> {
    Client::within(&day.places[0].url, "", PATIENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_hundredth_is_taken_once() {
        let times = Times::default();
        (1..=200).for_each(|n| times.add(Duration::from_micros(n)));
        assert_eq!(times.take(), (199, 200));
        assert_eq!(times.take(), (0, 0));
    }
}
