//! Shapes of HTTP requests and answers (`spec/http.md`).
//!
//! This crate must never decide anything: it names fields and their types. Artifacts travel inside these shapes as
//! opaque text.

mod api;
mod auth;
mod time;

pub use api::*;
pub use auth::{
    Failed, HeartbeatRequest, OfflineActivateAnswer, OfflineActivateRequest, SelfBanRequest, SelfBanned,
    ValidateAnswer, ValidatePayload, ValidateRequest,
};
pub use time::Timestamp;
