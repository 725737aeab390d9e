//! Bundles on a machine without a network (`spec/offline.md`): the request, what a file holds, and its activation.
//!
//! Nothing here asks anybody. Nothing here activates a bundle by itself: a program shows a person what is in it first.

mod activate;
mod error;
mod held;
mod judge;
mod look;
mod request;
mod says;

pub use error::BundleError;
pub(crate) use held::HeldBundle;
pub use request::{AskedLicense, OfflineRequestFile};
pub use says::{BundleMachines, BundleSays, KeptBundle, LookedBundle};
