//! When a program is told that its bundle ends (`spec/guard.md` §3.7).

use sealgate_artifact::{License, UnixSeconds};

const DAY: u64 = 24 * 60 * 60;
/// A bundle that is shorter is told of in its last quarter.
const SHORT: u64 = 28 * DAY;

/// From how many days before the end a program is told, where it says nothing else.
pub const DAYS_BEFORE_END: u64 = 7;

/// From when on a program is told that its bundle ends, whose terms these are. `None`: they have no end.
pub fn ends_soon_at(terms: &License, days: u64) -> Option<UnixSeconds> {
    let end = terms.expires_at?;
    let length = end.get().saturating_sub(terms.issued_at.get());
    let most = if length < SHORT { length / 4 } else { length };
    Some(end.minus(days.saturating_mul(DAY).min(most)))
}
