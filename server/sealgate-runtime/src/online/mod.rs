//! Our own clients' wire (`spec/online.md`).

mod trust;
mod validate;

pub use trust::TrustUpdates;
pub use validate::Online;
