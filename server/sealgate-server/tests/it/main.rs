//! The running server, through its public door.
#![expect(clippy::disallowed_methods, reason = "tests write the files that a server reads")]

mod config;
mod connections;
mod health;
mod jobs;
mod observed;
