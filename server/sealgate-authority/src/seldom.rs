//! Warnings that must not fill the log.

use std::sync::Mutex;

const MINUTE: u64 = 60_000;

/// Lets one of many like things through each minute, and counts the others. Blocks a log that whoever is warned of can
/// fill.
#[derive(Debug, Default)]
pub struct Seldom {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// From then on the next one is let through, in milliseconds of the caller's time.
    next: u64,
    held_back: u64,
}

impl Seldom {
    /// Whether this one is let through; then, how many were held back since the last. `now` is in milliseconds, and never
    /// goes back.
    pub fn due(&self, now: u64) -> Option<u64> {
        let mut state = self.state.lock().expect("no holder of this lock panics");
        if now < state.next {
            state.held_back += 1;
            return None;
        }
        state.next = now.saturating_add(MINUTE);
        Some(std::mem::take(&mut state.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::{MINUTE, Seldom};

    #[test]
    fn one_a_minute_is_let_through_and_the_others_are_counted() {
        let seldom = Seldom::default();
        assert_eq!(seldom.due(5), Some(0));
        assert_eq!((seldom.due(5), seldom.due(MINUTE + 4)), (None, None));
        assert_eq!(seldom.due(MINUTE + 5), Some(2));
        assert_eq!((seldom.due(MINUTE + 6), seldom.due(2 * MINUTE + 5)), (None, Some(1)));
    }
}
