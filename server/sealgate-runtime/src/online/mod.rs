//! Our own clients' wire (`spec/online.md`).

mod activate;
mod adopt;
mod approval;
mod chain;
mod count;
mod desk;
mod heartbeat;
mod known;
mod lease;
mod proofs;
mod release;
mod repeat;
mod seats_shown;
mod trust;
mod validate;

pub use desk::Online;
pub use trust::TrustUpdates;
