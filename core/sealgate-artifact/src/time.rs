//! Points in time as the formats write them.

use crate::limits;

/// Whole seconds since 1970-01-01T00:00:00Z, up to the end of the year 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixSeconds(u64);

impl UnixSeconds {
    /// `None` beyond the year 9999.
    pub fn new(seconds: u64) -> Option<Self> {
        (seconds <= limits::LAST_SECOND).then_some(Self(seconds))
    }

    /// The number itself.
    pub fn get(self) -> u64 {
        self.0
    }

    /// `seconds` later, but at most the end of the year 9999.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds).min(limits::LAST_SECOND))
    }
}
