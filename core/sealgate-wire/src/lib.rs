//! Shapes of HTTP requests and answers (`spec/http.md`).
//!
//! This crate must never decide or verify anything: it names fields and their types. Our own artifacts travel inside
//! these shapes as opaque text. AuthForge's wire (`/auth/*`) is the crate `sealgate-authforge`.

mod api;
mod signed;
mod time;
mod when;

pub use api::*;
pub use signed::variables;
pub use time::Timestamp;
pub use when::When;
