//! How long a client waits.

use std::time::Duration;

/// Blocks a wait without end, and a time that is too far for the machine to name, by a word of whoever sits between, or of a
/// server that was stolen.
const LONGEST: Duration = Duration::from_hours(24);

/// `spec/online.md` §6.9: nobody makes a client wait longer than a day.
pub(crate) fn bounded(said: Duration) -> Duration {
    said.min(LONGEST)
}

/// Before something is looked at again of which the system tells nobody, such as a file's lock that may be free by now.
#[expect(clippy::disallowed_methods, reason = "there is no event to wait for")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}
