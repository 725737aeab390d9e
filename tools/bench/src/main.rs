//! Benches: ratios taken in one run against the cheapest program that could do the job at all.
//!
//! Run them by `cargo xtask bench NAME`. Each prints one JSON line per figure.

mod bare;
mod idle;
mod load;
mod report;
mod server;
mod validate;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Args {
    /// The release binary of the product
    #[arg(long, env = "SEALGATE_BIN", default_value = "target/release/sealgate")]
    sealgate: PathBuf,
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// `/auth/validate` against a bare handler that parses and signs
    Validate {
        /// Licenses in the database, each with its device bound
        #[arg(long, default_value_t = 100_000)]
        licenses: u32,
        /// Alternating rounds
        #[arg(long, default_value_t = 5)]
        rounds: u32,
        /// Seconds a round
        #[arg(long, default_value_t = 4)]
        seconds: u64,
    },
    /// Start to first answer, and resident memory
    Idle {
        /// Starts to take the median of
        #[arg(long, default_value_t = 7)]
        rounds: u32,
    },
    /// The bare handler itself, for `validate` to start
    #[command(hide = true)]
    Bare,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let args = Args::parse();
    match args.bench {
        Bench::Validate { licenses, rounds, seconds } => validate::run(&args.sealgate, licenses, rounds, seconds).await,
        Bench::Idle { rounds } => idle::run(&args.sealgate, rounds).await,
        Bench::Bare => std::thread::spawn(bare::serve).join().expect("the bare server ends cleanly"),
    }
}
