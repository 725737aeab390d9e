//! Shapes of HTTP requests and answers (`spec/http.md`), and AuthForge's files (`spec/authforge.md`).
//!
//! This crate must never decide whether a license holds: it names fields and their types, and says whether a text has
//! the form of its kind. Our own artifacts travel inside these shapes as opaque text.

mod api;
mod auth;
pub mod authforge;
mod time;

pub use api::*;
pub use auth::{
    Failed, HeartbeatRequest, OfflineActivateAnswer, OfflineActivateRequest, SelfBanRequest, SelfBanned,
    ValidateAnswer, ValidatePayload, ValidateRequest,
};
pub use time::Timestamp;
