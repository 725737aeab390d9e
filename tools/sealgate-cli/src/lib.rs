//! The vendor's program, as a library for its own binary and for tests.
//!
//! This crate must never hold a rule: it reads arguments, starts a server or talks to one, and prints what it says.

mod address;
mod again;
mod args;
mod client;
mod commands;
mod confirm;
mod container;
mod credentials;
mod dates;
mod demo;
mod failure;
mod files;
mod log;
mod names;
mod once;
mod output;
mod parts;
mod profiles;
mod prompt;
mod run;
mod signals;
mod streams;
mod unwritten;

pub use run::run;
