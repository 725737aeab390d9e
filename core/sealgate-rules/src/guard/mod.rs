//! What a program may do, from what it holds, what it found and what time it is (`spec/guard.md`).

mod effective;
mod ends_soon;
mod enforced;
mod features;
mod freshness;
mod known;
mod lack;
mod latch;
mod left;
mod session;
mod tenants;
#[cfg(test)]
mod tests;
mod time;

pub use effective::{Effective, GraceWhy, Rights, effective};
pub use ends_soon::{DAYS_BEFORE_END, ends_soon_at};
pub use enforced::{Enforced, Local};
pub use features::{FREE_FEATURES, Features};
pub use freshness::{Revocations, ShardSays, revocations, stale_at, vouched_at};
pub use known::{Admission, Finding, Findings, Held, Known};
pub use lack::Lack;
pub use latch::Latch;
pub use left::{Learned, LeftBehind};
pub use session::Session;
pub use tenants::{TenantCounts, TenantRefused};
pub use time::{ClockRolledBack, ClockShows, LocalFloor, Moment, TimeFloors, Timeline};
