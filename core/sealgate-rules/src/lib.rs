//! Decisions, as pure functions of facts and time.
//!
//! This crate must never decide from something it fetched itself: facts and time are parameters, so that the device
//! and the server, given the same facts, say the same. Each rule exists here once.

mod allowance;
mod in_force;
mod lists;
mod rate;
mod validate;

pub use allowance::releases_left;
pub use in_force::{Window, in_force};
pub use lists::{Effect, ListEntry, Matcher, admits, parse_net};
pub use rate::{Bucket, Rate};
pub use validate::{LicenseFacts, Seat, Verdict, validate};
