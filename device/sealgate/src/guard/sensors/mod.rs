//! Sensors: does somebody look into this program while it runs, or change it? (`spec/guard.md` §9)
//!
//! They show a debugger, a profiler or foreign code to people who do not want to hide it. Whoever hides from them can also change
//! the program; no right comes from here.

#[cfg(target_os = "linux")]
mod linux;
mod seen;

use sealgate_rules::Finding;

#[cfg(target_os = "linux")]
pub use linux::{LinuxProcess, Process, look_at};
pub use seen::Seen;

/// Looks at the running program. Tests and platforms give their own.
pub trait Sensors: Send + Sync {
    /// What each sensor says now. `allows` says whether the vendor allows a monitoring agent of this name.
    fn look(&self, allows: &dyn Fn(&str) -> bool) -> Vec<Seen>;
}

/// The sensors of the platform. Where none was built and tried, the answer is that nobody knows (`spec/guard.md` §9.3).
#[derive(Debug, Clone, Copy, Default)]
pub struct PlatformSensors;

impl Sensors for PlatformSensors {
    #[cfg(target_os = "linux")]
    fn look(&self, allows: &dyn Fn(&str) -> bool) -> Vec<Seen> {
        look_at(&LinuxProcess::default(), allows)
    }

    #[cfg(not(target_os = "linux"))]
    fn look(&self, _: &dyn Fn(&str) -> bool) -> Vec<Seen> {
        let what = "this platform has no sensors yet".to_owned();
        vec![Seen { sensor: "platform", finding: Finding::Unknown, what }]
    }
}

/// What all of them say together: what one found counts, else what one could not look at.
pub(crate) fn together(seen: &[Seen]) -> Finding {
    let has = |finding: Finding| seen.iter().any(|seen| seen.finding == finding);
    match () {
        () if has(Finding::Something) => Finding::Something,
        () if has(Finding::Unknown) || seen.is_empty() => Finding::Unknown,
        () => Finding::Nothing,
    }
}
