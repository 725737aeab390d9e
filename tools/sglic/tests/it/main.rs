//! The customer's program against a real server, step by step as a customer meets it.
#![expect(clippy::disallowed_methods, reason = "tests make files of their own")]

mod book;
mod doctor;
mod first;
mod kills;
mod program;
mod seat;
mod stamp;
mod watch;
