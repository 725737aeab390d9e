//! What a sensor says.

use sealgate_rules::Finding;

/// What one sensor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Which sensor: `debugger`, `preload`, `profiler` or `breakpoints`; `platform` where none was built.
    pub sensor: &'static str,
    /// What it found.
    pub finding: Finding,
    /// What, for whoever reads the log; empty where it found nothing.
    pub what: String,
}

impl Seen {
    pub(crate) fn nothing(sensor: &'static str) -> Self {
        Self { sensor, finding: Finding::Nothing, what: String::new() }
    }

    pub(crate) fn unknown(sensor: &'static str, why: &dyn std::fmt::Display) -> Self {
        Self { sensor, finding: Finding::Unknown, what: why.to_string() }
    }

    pub(crate) fn something(sensor: &'static str, what: impl Into<String>) -> Self {
        Self { sensor, finding: Finding::Something, what: what.into() }
    }
}
