//! What the server does by itself.
//!
//! A job is a row in the database with a time when it is due. Whichever server finds it due takes a lease on it and runs
//! it, so each run happens once, however many servers share the database. A process that starts frees the leases of the one that had the
//! vendor's side before it: that one is dead, and nothing waits for it. Jobs belong to the vendor's side: a process of
//! role `runtime` runs none, because its database user may not do what they do.
//!
//! Two things are no rows. Counts that this process keeps in memory can be written by nobody else. Audit rows get their
//! numbers within a second, which is shorter than a lease is worth; the transaction that numbers them excludes other
//! processes by itself, because it takes the change counter first (`docs/design.md`, "Writes").

mod digests;
mod lease;
mod rows;
mod run;
mod slots;
mod snapshots;
mod table;
mod tick;
mod turn;

pub use run::Jobs;
pub use table::{JOBS, Job, Lane, Running};
pub(crate) use tick::Ticker;
pub use turn::{Duties, Turn};
