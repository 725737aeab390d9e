//! Our own clients' wire (`spec/online.md`).

mod activate;
mod adopt;
mod approval;
mod chain;
mod count;
mod heartbeat;
mod lease;
mod proofs;
mod release;
mod seats_shown;
mod trust;
mod validate;

pub use trust::TrustUpdates;
pub use validate::Online;
