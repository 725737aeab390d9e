//! Where a license file for a machine without a network may lie (`spec/offline.md` §4.5).
//!
//! It must never activate anything, follow a link on somebody's drive, or wait for a drive that does not answer. What it finds are names
//! of files: nothing in them is believed.

mod cause;
mod disk;
#[cfg(target_os = "linux")]
mod drives;
mod found;
mod search;

pub use cause::Cause;
pub use found::{Candidate, Candidates, Overlooked, Source, Why};
pub use search::BundleSearch;
