//! The running server: what it is put together from, where it listens, and what it does by itself.
//!
//! This crate must never hold a rule or decide about a license: it puts the other crates of the server together. The
//! program `sealgate` and the tests start their servers here.

pub mod assembly;
pub mod config;
mod connections;
mod error;
pub mod files;
pub mod jobs;
pub mod listen;
pub mod recover;
mod role;
mod settings;

pub use assembly::Parts;
pub use error::StartError;
pub use role::Role;
