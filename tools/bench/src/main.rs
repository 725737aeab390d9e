//! Benches: ratios taken in one run against the cheapest program that could do the job at all.
//!
//! Run them by `cargo xtask bench NAME`. Each prints one JSON line per figure.
#![expect(clippy::disallowed_methods, reason = "a bench reads clocks and files")]

mod activate;
mod activated;
mod asking;
mod bare;
mod bare_beat;
mod beside;
mod books;
mod bulk;
mod dataset;
mod guard;
mod heartbeat;
mod idle;
mod insert;
mod interval;
mod latency;
mod load;
mod million;
mod native;
mod pace;
mod processors;
mod report;
mod scale;
mod server;
mod shard;
mod sizes;
mod stream;
mod timing;
mod validate;
mod validate_first;
mod vendor;
mod verify;
mod welch;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Args {
    /// The product as operators build it, with profile `dist`
    #[arg(long, env = "SEALGATE_BIN", default_value = "target/dist/sealgate")]
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
    /// An action that the guard of a running program allows, beside the least that any guard does
    Guard {
        /// Alternating rounds
        #[arg(long, default_value_t = 7)]
        rounds: u32,
    },
    /// `/auth/validate` by new devices against a bare handler that inserts a row
    ValidateFirst {
        /// Licenses that get their device in a round
        #[arg(long, default_value_t = 20_000)]
        licenses: u32,
        /// Alternating rounds
        #[arg(long, default_value_t = 5)]
        rounds: u32,
    },
    /// `/api/v1/activate` by new devices, beside another library's activation
    Activate {
        /// The program of `tools/bench/zlicenser`; without it there is no ratio
        #[arg(long, env = "BENCH_ZLICENSER")]
        beside: Option<PathBuf>,
        /// Licenses that get their device in a round
        #[arg(long, default_value_t = 5_000)]
        licenses: u32,
        /// Alternating rounds
        #[arg(long, default_value_t = 5)]
        rounds: u32,
    },
    /// `/api/v1/heartbeat` against a bare handler that verifies, replaces a row and signs
    Heartbeat {
        /// Activated devices, each on a license of its own
        #[arg(long, default_value_t = 20_000)]
        devices: u32,
        /// Alternating rounds; each device is heard once in a round
        #[arg(long, default_value_t = 5)]
        rounds: u32,
    },
    /// The slowest hundredth of `/auth/validate` at 70 % of its peak, beside the bare handler at that rate
    Latency {
        /// Licenses in the database, each with its device bound
        #[arg(long, default_value_t = 20_000)]
        licenses: u32,
        /// Alternating rounds
        #[arg(long, default_value_t = 5)]
        rounds: u32,
        /// Seconds a round
        #[arg(long, default_value_t = 4)]
        seconds: u64,
    },
    /// Bytes of answers, files and the program
    Sizes,
    /// Bytes that say what was taken back, beside the fewest there can be, and the time of a look-up
    Shard {
        /// Timed rounds
        #[arg(long, default_value_t = 15)]
        rounds: u32,
    },
    /// Whether a large update is whole, beside SHA-256 of the same file
    Stream {
        /// Bytes of the package in it
        #[arg(long, default_value_t = 100_000_000)]
        bytes: u64,
        /// Alternating rounds
        #[arg(long, default_value_t = 15)]
        rounds: u32,
    },
    /// Whether the time of a refusal tells whose a key is
    Timing {
        /// Questions, of five classes in random order
        #[arg(long, default_value_t = 500_000)]
        questions: u64,
    },
    /// Reading a license file, beside other libraries and one bare verification
    VerifyPeers {
        /// Alternating rounds
        #[arg(long, default_value_t = 7)]
        rounds: u32,
        /// Licenses read in a round, by each
        #[arg(long, default_value_t = 2000)]
        reads: u32,
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
        #[arg(long, default_value_t = 15)]
        rounds: u32,
        /// Requests a round
        #[arg(long, default_value_t = 200)]
        requests: u32,
        /// Two empty PostgreSQL databases, for the many and for the few; SQLite without
        #[arg(long, num_args = 2, value_names = ["URL", "URL"])]
        databases: Option<Vec<String>>,
    },
    /// What others wait for where one license has very many devices, beside the same where it has few
    Million {
        /// Devices on one unlimited license
        #[arg(long, default_value_t = 1_000_000)]
        devices: u32,
        /// Devices on that of the server beside it
        #[arg(long, default_value_t = 1_000)]
        beside: u32,
        /// Alternating rounds; fewer than six have no 95 % interval
        #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(6..))]
        rounds: u32,
        /// Requests of a kind in a round, at each server
        #[arg(long, default_value_t = 100)]
        requests: u32,
        /// Two empty PostgreSQL databases, for the many and for the few; SQLite without
        #[arg(long, num_args = 2, value_names = ["URL", "URL"])]
        databases: Option<Vec<String>>,
    },
    /// This build's program beside a former build's; fails if this one is surely worse
    Beside {
        /// The former program; it must take the flags and the configuration that this one is started with
        former: PathBuf,
        /// Rounds, each with new processes on new data; fewer than six have no 95 % interval
        #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(6..))]
        rounds: u32,
        /// Seconds a round of `validate`, for each program
        #[arg(long, default_value_t = 2)]
        seconds: u64,
        /// Licenses in each program's database
        #[arg(long, default_value_t = 20_000)]
        licenses: u32,
    },
    /// The bare handler itself, for `validate` to start
    #[command(hide = true)]
    Bare {
        /// Inserts a row into a new database before each answer
        #[arg(long)]
        insert: Option<PathBuf>,
    },
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
        Bench::Million { devices, beside, rounds, requests, databases } => {
            let databases = databases.as_deref().map(|urls| (&*urls[0], &*urls[1]));
            million::run(&args.sealgate, &million::Plan { devices, beside, rounds, requests, databases })
                .await
        }
        Bench::ValidateFirst { licenses, rounds } => {
            validate_first::run(&args.sealgate, licenses, rounds).await
        }
        Bench::Activate { beside, licenses, rounds } => {
            activate::run(&args.sealgate, beside.as_deref(), licenses, rounds).await
        }
        Bench::Heartbeat { devices, rounds } => heartbeat::run(&args.sealgate, devices, rounds).await,
        Bench::Latency { licenses, rounds, seconds } => {
            latency::run(&args.sealgate, licenses, rounds, seconds).await
        }
        Bench::Guard { rounds } => guard::run(&args.sealgate, rounds),
        Bench::Sizes => sizes::run(&args.sealgate),
        Bench::Shard { rounds } => shard::run(rounds),
        Bench::Stream { bytes, rounds } => stream::run(bytes, rounds),
        Bench::Timing { questions } => timing::run(&args.sealgate, questions),
        Bench::VerifyPeers { rounds, reads } => verify::run(&args.sealgate, rounds, reads),
        Bench::Beside { former, rounds, seconds, licenses } => {
            beside::run([&args.sealgate, &former], rounds, seconds, licenses).await
        }
        Bench::Bare { insert } => std::thread::spawn(move || bare::serve(insert.as_deref()))
            .join()
            .expect("the bare server ends cleanly"),
    }
}
