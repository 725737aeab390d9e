//! The ground that both sides of the server stand on: time and identifiers, secrets, rate limits, what was observed,
//! rows of the records, seats.
//!
//! This crate must never hold a private key, speak HTTP, or know what a vendor or running software wants: that is for
//! `sealgate-control` and `sealgate-runtime`, which never name each other. It signs through [`sealgate_trust::Signer`].

mod accepted_clock;
pub mod authforge_file;
pub mod bundled;
mod certificate_window;
pub mod certificates;
mod checks;
mod clock_watch;
mod customer_limit;
mod envelope;
mod error;
mod health;
mod ids;
mod job_view;
pub mod lease;
mod limits;
pub mod lists;
mod moving;
mod observed;
mod pending;
pub mod ports;
mod rows;
pub mod seats;
pub mod secrets;
mod seen;
mod seldom;
mod slots;
mod snapshot_file;
mod source;

pub use certificate_window::CertificateWindow;
pub use checks::{Check, NotReady};
pub use clock_watch::{CLOCK_TOLERANCE_SECONDS, ClockWatch, Doubt, Side};
pub use customer_limit::leaves_room_for;
pub use envelope::{SignedEnvelope, as_json};
pub use error::{AuthorityError, BUSY, broken};
pub use health::{Checked, Health};
pub use ids::{Ids, Moment};
pub use job_view::{JobStatus, job_view};
pub use limits::{Limiter, Limits, network};
pub use observed::{About, Barred, Observed};
pub use rows::{Actor, Entry, audit_row, event_row, stored};
pub use secrets::SharedSecrets;
pub use seldom::Seldom;
pub use slots::Slots;
pub use snapshot_file::{SnapshotFile, SnapshotFiles};
pub use source::Source;
