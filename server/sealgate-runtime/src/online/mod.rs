//! Our own clients' wire (`spec/online.md`).

mod activate;
mod approval;
mod heartbeat;
mod proofs;
mod release;
mod seats_shown;
mod trust;
mod validate;

pub use trust::TrustUpdates;
pub use validate::Online;
