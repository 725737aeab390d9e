//! The vendor's program, as a library for its own binary and for tests.
//!
//! This crate must never hold a rule: it reads arguments, puts the rooms together and prints what they say.

mod args;
pub mod assembly;
mod client;
mod commands;
mod dates;
mod demo;
mod failure;
mod files;
mod output;
mod run;

pub use run::run;
