//! Decisions, as pure functions of facts and time.
//!
//! This crate must never decide from something it fetched itself: facts and time are parameters, so that the device
//! and the server, given the same facts, say the same. Each rule exists here once.

#[cfg(test)]
mod agreement;
mod allowance;
mod bundles;
mod continues;
mod end;
mod facts;
mod fingerprint;
mod gives_less;
mod guard;
mod heartbeat;
mod in_force;
mod lists;
mod may_leave;
mod moves;
mod rate;
mod rhythm;
mod slots;
mod status;
mod trial;
mod validate;

pub use allowance::releases_left;
pub use bundles::{Bundling, NoBundle, SeatsTaken, Wanted};
pub use end::{End, OutOfForce};
pub use facts::{Facts, Seat, Standing, Window};
pub use fingerprint::{Component, ComponentFingerprint, is_same_machine, likeness, machine_named};
pub use gives_less::gives_less;
pub use guard::{
    Admission, ClockRolledBack, ClockShows, DAYS_BEFORE_END, Effective, Enforced, FREE_FEATURES, Features,
    Finding, Findings, GraceWhy, Held, Known, Lack, Latch, Learned, LeftBehind, Local, LocalFloor, Moment,
    Revocations, Rights, Session, ShardSays, TenantCounts, TenantRefused, TimeFloors, Timeline, effective,
    ends_soon_at, revocations, stale_at, vouched_at,
};
pub use heartbeat::{Beat, Heard, HeldActivation, HeldBeat, Shown, hear};
pub use lists::{Effect, ListEntry, Matcher, lists_allow, parse_net};
pub use may_leave::Leaving;
pub use moves::{Holder, MOST_MOVES, seat_that_moves};
pub use rate::{Bucket, Rate};
pub use rhythm::{Ending, Rhythm, due, spread};
pub use slots::{Outlook, Sample, SlotWindow};
pub use status::Status;
pub use trial::TrialStanding;
pub use validate::Verdict;
