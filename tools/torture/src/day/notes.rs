//! What went wrong on a day, and how much went well.

use harness::failure::{Failure, Result};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Complaints of one kind that are kept word by word; the rest is only counted.
const KEPT: usize = 10;

/// Whether all is well, so that what a customer is told can be judged.
#[derive(Default)]
pub(crate) struct Weather(AtomicU64);

/// A moment of the weather.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(u64);

impl Weather {
    /// Trouble begins, if it has not already.
    pub(crate) fn storm(&self) {
        self.0.fetch_or(1, Ordering::SeqCst);
    }

    /// It is over.
    pub(crate) fn clear(&self) {
        // From odd to the next even number.
        if self.0.load(Ordering::SeqCst) % 2 == 1 {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Now, to compare with later.
    pub(crate) fn moment(&self) -> Moment {
        Moment(self.0.load(Ordering::SeqCst))
    }

    /// Whether all was well from that moment until now.
    pub(crate) fn was_fair_since(&self, begin: Moment) -> bool {
        begin.0.is_multiple_of(2) && self.moment() == begin
    }
}

/// Complaints of one kind.
#[derive(Default)]
struct Complaints(Mutex<(u64, Vec<String>)>);

impl Complaints {
    fn add(&self, words: String) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.0 += 1;
        if held.1.len() < KEPT {
            held.1.push(words);
        }
    }

    fn count(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn words(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

/// The figures of a day.
#[derive(Default)]
pub(crate) struct Notes {
    /// Whether all is well.
    pub(crate) weather: Weather,
    /// Whether the database may be away, which `/healthz` tells, too.
    away: AtomicBool,
    /// What the torture does now, in words, for whoever reads the complaints.
    scene: Mutex<String>,
    yes: AtomicU64,
    writes: AtomicU64,
    revocations: AtomicU64,
    recoveries: AtomicU64,
    longest_recovery_ms: AtomicU64,
    latest_yes_ms: AtomicU64,
    health: AtomicU64,
    lost: Complaints,
    over_cap: Complaints,
    late: Complaints,
    refused: Complaints,
    unhealthy: Complaints,
    /// A torture's own.
    other: Complaints,
}

impl Notes {
    /// From now on the database may be away, or may not.
    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// From now on complaints say that this was being done.
    pub(crate) fn set_scene(&self, words: String) {
        *self.scene.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }

    fn in_scene(&self, words: String) -> String {
        let scene = self.scene.lock().unwrap_or_else(PoisonError::into_inner);
        if scene.is_empty() { words } else { format!("{words} ({scene})") }
    }

    /// Whether it may be away.
    pub(crate) fn is_away(&self) -> bool {
        self.away.load(Ordering::SeqCst)
    }

    /// A customer was served.
    pub(crate) fn served(&self) {
        self.yes.fetch_add(1, Ordering::Relaxed);
    }

    /// A revocation was acknowledged.
    pub(crate) fn revoked(&self) {
        self.revocations.fetch_add(1, Ordering::Relaxed);
    }

    /// A question that was asked this long after the revocation was acknowledged got a yes.
    pub(crate) fn yes_after_revocation(&self, after: Duration, what: &str) {
        self.latest_yes_ms.fetch_max(millis(after), Ordering::Relaxed);
        if after > Duration::from_secs(1) {
            self.late.add(format!("{what}: yes {after:?} after its revocation"));
        }
    }

    /// A customer was refused while all was well.
    pub(crate) fn refused(&self, words: String) {
        self.refused.add(self.in_scene(words));
    }

    /// Health was asked.
    pub(crate) fn health_asked(&self) {
        self.health.fetch_add(1, Ordering::Relaxed);
    }

    /// Health was wrong.
    pub(crate) fn unhealthy(&self, words: String) {
        self.unhealthy.add(self.in_scene(words));
    }

    /// An acknowledged write is missing.
    pub(crate) fn lost(&self, license: &str) {
        self.lost.add(license.to_owned());
    }

    /// A license has more devices than seats.
    pub(crate) fn over_cap(&self, license: &str) {
        self.over_cap.add(license.to_owned());
    }

    /// Something that only one torture looks for is wrong.
    pub(crate) fn wrong(&self, words: String) {
        self.other.add(words);
    }

    /// The torture could not go on: what follows from that is not the first thing to look at.
    pub(crate) fn broke_off(&self, failure: &Failure) {
        let words = failure.to_string();
        self.wrong(format!("it broke off: {}", words.lines().next().unwrap_or_default()));
    }

    /// How many writes were acknowledged.
    pub(crate) fn writes(&self, writes: u64) {
        self.writes.store(writes, Ordering::Relaxed);
    }

    /// All was well again after this long.
    pub(crate) fn recovered(&self, took: Duration) {
        self.recoveries.fetch_add(1, Ordering::Relaxed);
        self.longest_recovery_ms.fetch_max(millis(took), Ordering::Relaxed);
    }

    fn kinds(&self) -> [(&'static str, &Complaints); 6] {
        [
            ("lost", &self.lost),
            ("over cap", &self.over_cap),
            ("yes too late", &self.late),
            ("customers refused", &self.refused),
            ("times health wrong", &self.unhealthy),
            ("other faults", &self.other),
        ]
    }

    /// A failure if anything is wrong, or if nothing was tried.
    pub(crate) fn verdict(&self) -> Result<()> {
        let bad: Vec<String> = self
            .kinds()
            .iter()
            .filter(|(_, complaints)| complaints.count() > 0)
            .map(|(kind, complaints)| {
                format!("{} {kind}: {}", complaints.count(), complaints.words().join("; "))
            })
            .collect();
        if !bad.is_empty() {
            return Err(Failure::new(bad.join("\n")));
        }
        let tried = [&self.yes, &self.writes, &self.revocations, &self.health];
        if tried.iter().any(|count| count.load(Ordering::Relaxed) == 0) {
            return Err(Failure::new(format!(
                "something was never tried, so the run says nothing about it: {self}"
            )));
        }
        Ok(())
    }
}

impl fmt::Display for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        write!(
            f,
            "{} customers served, {} acknowledged writes, {} revocations (latest yes after {} ms), {} times health asked, \
             {} recoveries (longest {} ms)",
            count(&self.yes),
            count(&self.writes),
            count(&self.revocations),
            count(&self.latest_yes_ms),
            count(&self.health),
            count(&self.recoveries),
            count(&self.longest_recovery_ms)
        )?;
        self.kinds().iter().try_for_each(|(kind, complaints)| write!(f, ", {} {kind}", complaints.count()))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_fair_from_begin_to_end_is_judged() {
        let weather = Weather::default();
        let begin = weather.moment();
        assert!(weather.was_fair_since(begin));
        weather.storm();
        weather.storm();
        assert!(!weather.was_fair_since(begin));
        let amid = weather.moment();
        assert!(!weather.was_fair_since(amid));
        weather.clear();
        weather.clear();
        assert!(!weather.was_fair_since(begin) && !weather.was_fair_since(amid));
        assert!(weather.was_fair_since(weather.moment()));
    }

    #[test]
    fn a_day_on_which_nothing_was_tried_is_no_good_day() {
        let notes = Notes::default();
        assert!(notes.verdict().is_err());
        notes.served();
        notes.writes(1);
        notes.revoked();
        notes.health_asked();
        notes.verdict().unwrap();
        notes.yes_after_revocation(Duration::from_millis(900), "a");
        notes.verdict().unwrap();
        notes.yes_after_revocation(Duration::from_millis(1_100), "b");
        assert!(notes.verdict().unwrap_err().to_string().contains("yes too late"));
    }
}
