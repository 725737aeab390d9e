//! What crosses to a machine without a network, and back (`spec/offline.md`).

mod bundle;
mod list;
mod offline_request;

pub use bundle::{Bundle, Machines};
pub use offline_request::{LicenseHint, OfflineRequest};
