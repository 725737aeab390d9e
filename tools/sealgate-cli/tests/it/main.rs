//! The real program, as people and scripts run it.
#![expect(clippy::disallowed_methods, reason = "a test looks at the program's files, and spoils some")]

mod apps;
mod audit;
mod business;
mod changes;
mod customers;
mod dates;
mod demo;
mod doctor;
mod exit_codes;
mod flags;
mod founding;
mod full_log;
mod held;
mod help;
mod inspect;
mod keys;
mod licenses;
mod manual;
mod passwords;
mod planted;
mod program;
mod proxy;
mod recover;
mod rights;
mod roles;
mod secrets;
mod serve;
mod server;
mod sessions;
mod start;
mod theft;
mod thief;
mod tls;
mod vendor;
mod verify;
