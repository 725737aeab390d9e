//! How a day goes: customers ask, health is watched, and a torture does its bad things.

use super::installation::Day;
use super::{load, probe, watch};
use crate::random::Random;
use harness::failure::Result;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Who asks at the same time.
const CLIENTS: usize = 4;

impl Day {
    /// Does the bad things while customers ask and health is watched.
    pub(crate) fn work(
        &self,
        seed: u64,
        torture: impl FnOnce(&Self, &mut Random) -> Result<()>,
    ) -> Result<()> {
        let mut random = Random::new(seed);
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                let (seed, stop) = (random.next(), &stop);
                scope.spawn(move || load::run(self, Random::new(seed), stop));
            }
            for place in &self.places {
                let stop = &stop;
                scope.spawn(move || watch::run(self, place, stop));
            }
            let outcome = torture(self, &mut random);
            stop.store(true, Ordering::Relaxed);
            outcome
        })
    }

    /// Everybody who has a seat must be served, at every server that should answer, whatever else goes on.
    pub(crate) fn seated_are_served(&self, random: &mut Random) -> Result<()> {
        probe::seated_are_served(self, random)
    }

    /// The bad thing has ended, or must not matter any more: all must be as it should within ten seconds, at those servers
    /// that should answer. Returns how long that took; if it does not, that is noted, and an error.
    pub(crate) fn well(&self) -> Result<Duration> {
        let took = probe::until_well(self)?;
        self.notes.recovered(took);
        self.notes.weather.clear();
        Ok(took)
    }
}
