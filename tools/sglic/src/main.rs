//! `sglic`, the customer's program: activates this machine for a license, shows what is held, and finds out why something fails.
//!
//! It must never take the keys that it believes from the server or the file that it judges: they are stamped into it, or named by
//! `--trust`. It must never print a license key, or give rights: those come from the license, in the vendor's own program.

mod args;
mod client;
mod commands;
mod confirm;
mod failure;
mod files;
mod modules;
mod output;
mod progress;
mod qr;
mod run;
mod settings;
mod stamp;
mod trust;

fn main() -> std::process::ExitCode {
    run::run(std::env::args_os())
}
