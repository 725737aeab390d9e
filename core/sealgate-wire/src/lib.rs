//! Shapes of HTTP requests and answers (`spec/http.md`).
//!
//! This crate must never decide anything: it names fields and their types. Artifacts travel inside these shapes as
//! opaque text.

mod api;
mod auth;
mod time;

pub use api::{
    AppCreated, AppView, CreateApp, IssueLicenses, IssuedLicense, KeyRevoked, KeyView, LicenseView,
    LicensesIssued, LookUpLicense, Page, Problem, RevokeKey, RevokeLicense, RotateKey, Seats, Trust,
};
pub use auth::{Failed, ValidateAnswer, ValidatePayload, ValidateRequest};
pub use time::Timestamp;
