//! The customer's program against a real server, step by step as a customer meets it.
#![expect(clippy::disallowed_methods, reason = "tests make files of their own")]

mod book;
mod bundles;
mod doctor;
mod drives;
mod first;
mod import;
mod kills;
mod manifest;
mod plans;
mod program;
mod reactivated;
mod revocations;
mod seat;
mod shop;
mod stamp;
mod stripped;
mod told;
mod unheard;
mod watch;
