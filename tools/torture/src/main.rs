//! The real program on its bad days, run as `cargo xtask torture NAME`, with figures and seeds that repeat them.
//!
//! Each torture drives release servers as child processes and asks them as customers do, over both wires. Never part of
//! the product: nothing that ships may depend on this crate.
#![expect(
    clippy::disallowed_methods,
    reason = "this program drives processes, waits for them and times what they do; it holds no rule of the product"
)]

mod books;
mod client;
mod clock;
mod crash;
mod day;
mod failover;
mod founding;
mod full;
mod ledger;
mod lines;
mod options;
mod process;
mod random;
mod server;
mod slow;
mod stop;
mod thief;

use clap::{Parser, Subcommand};
use harness::failure::Result;
use std::path::PathBuf;
use std::process::ExitCode;

/// The real program on its bad days.
#[derive(Parser)]
#[command(name = "cargo xtask torture", bin_name = "cargo xtask torture")]
struct Arguments {
    /// The program `sealgate`
    #[arg(long, value_name = "FILE", hide = true)]
    binary: PathBuf,
    #[command(subcommand)]
    torture: Torture,
}

/// The kinds of violence.
#[derive(Subcommand)]
enum Torture {
    /// Kill -9 the server at random moments under load; what it acknowledged must be there afterwards
    Crash(crash::Options),
    /// Set the clocks of servers and devices wrong and right again; customers must be served
    Clock(clock::Options),
    /// Kill PostgreSQL under two servers, break its connections, or put an older state back
    Failover(failover::Options),
    /// Found installations twice at once, or kill who founds, shares or approves; one installation must come out
    Founding(founding::Options),
    /// Stop one of two servers, or its line to the database, in the middle of whatever it does; the other one must go on
    Stop(stop::Options),
    /// Let somebody in who stole a runtime, with every kind of row; then get rid of him as the guide says
    Thief(thief::Options),
    /// Let disks, descriptors and memory run out under load; nothing may be lost, and all must be well when they are back
    Full(full::Options),
    /// Open thousands of connections that are silent or slow; honest customers must not notice, nor memory
    Slow(slow::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.torture {
        Torture::Crash(options) => crash::run(&arguments.binary, options),
        Torture::Clock(options) => clock::run(&arguments.binary, options),
        Torture::Failover(options) => failover::run(&arguments.binary, options),
        Torture::Founding(options) => founding::run(&arguments.binary, options),
        Torture::Stop(options) => stop::run(&arguments.binary, options),
        Torture::Thief(options) => thief::run(&arguments.binary, options),
        Torture::Full(options) => full::run(&arguments.binary, options),
        Torture::Slow(options) => slow::run(&arguments.binary, options),
    }
}
