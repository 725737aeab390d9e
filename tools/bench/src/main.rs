//! Benches: ratios taken in one run against the cheapest program that could do the job at all.
//!
//! Run them by `cargo xtask bench NAME`. Each prints one JSON line per figure.

mod bare;
mod dataset;
mod idle;
mod load;
mod report;
mod scale;
mod server;
mod validate;
mod vendor;

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
    /// Search, lists and issue with many licenses, beside the same with few
    Scale {
        /// Licenses in the large database
        #[arg(long, default_value_t = 1_000_000)]
        licenses: u32,
        /// Licenses in the small one
        #[arg(long, default_value_t = 10_000)]
        beside: u32,
        /// Alternating rounds
        #[arg(long, default_value_t = 5)]
        rounds: u32,
        /// Requests a round
        #[arg(long, default_value_t = 200)]
        requests: u32,
        /// Two empty PostgreSQL databases, for the many and for the few; SQLite without
        #[arg(long, num_args = 2, value_names = ["URL", "URL"])]
        databases: Option<Vec<String>>,
    },
    /// The bare handler itself, for `validate` to start
    #[command(hide = true)]
    Bare,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let args = Args::parse();
    match args.bench {
        Bench::Validate { licenses, rounds, seconds } => {
            validate::run(&args.sealgate, licenses, rounds, seconds).await
        }
        Bench::Idle { rounds } => idle::run(&args.sealgate, rounds).await,
        Bench::Scale { licenses, beside, rounds, requests, databases } => {
            let databases = databases.as_deref().map(|urls| (&*urls[0], &*urls[1]));
            scale::run(&args.sealgate, &scale::Plan { licenses, beside, rounds, requests, databases }).await
        }
        Bench::Bare => std::thread::spawn(bare::serve).join().expect("the bare server ends cleanly"),
    }
}
