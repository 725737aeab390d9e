//! Whether writes go through a server, seen from outside.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// So many failures in a row are no accident.
const IN_A_ROW: u32 = 3;

/// Failures since the last success.
#[derive(Default)]
pub(crate) struct Pulse(Mutex<Failures>);

#[derive(Default)]
struct Failures {
    count: u32,
    first: Option<Instant>,
}

impl Pulse {
    /// A write went through, or did not.
    pub(crate) fn beat(&self, well: bool) {
        let mut failures = self.lock();
        if well {
            *failures = Failures::default();
        } else {
            failures.count += 1;
            failures.first.get_or_insert_with(Instant::now);
        }
    }

    /// Since when no write has gone through, if several did not.
    pub(crate) fn dead_since(&self) -> Option<Instant> {
        let failures = self.lock();
        failures.first.filter(|_| failures.count >= IN_A_ROW)
    }

    fn lock(&self) -> MutexGuard<'_, Failures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_ends_a_row_of_failures() {
        let pulse = Pulse::default();
        pulse.beat(false);
        pulse.beat(false);
        assert!(pulse.dead_since().is_none());
        pulse.beat(false);
        assert!(pulse.dead_since().is_some());
        pulse.beat(true);
        assert!(pulse.dead_since().is_none());
    }
}
