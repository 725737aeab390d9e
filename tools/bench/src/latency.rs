//! `latency`: the slowest hundredth of `validate` at 70 % of its peak, beside the bare handler at the same rate.

use std::io::Result;
use std::path::Path;

use crate::books::Books;
use crate::pace::Pace;
use crate::report;
use crate::server::Server;

/// The share of the peak that is asked.
const SHARE: f64 = 0.70;

pub async fn run(sealgate: &Path, licenses: u32, rounds: u32, seconds: u64) -> Result<()> {
    let books = Books::open(sealgate)?;
    let load = books.issue_and_bind(licenses).await?;
    let bare = Server::bare()?;
    let mut peaks = Vec::new();
    for _ in 0..rounds {
        peaks.push(load.for_seconds(&books.server.address, seconds).await?);
    }
    let pace = Pace { rate: report::median(&peaks) * SHARE, seconds };
    report::figure("latency-rate", "questions/s", &[pace.rate]);

    let (mut ours, mut limits) = (Vec::new(), Vec::new());
    // Once without counting.
    for round in 0..=rounds {
        let limit = pace.latencies(&load, &bare.address).await?;
        let value = pace.latencies(&load, &books.server.address).await?;
        eprintln!("round {round}: p99 bare {:.0} µs, sealgate {:.0} µs", at(&limit, 0.99), at(&value, 0.99));
        if round > 0 {
            limits.push(limit);
            ours.push(value);
        }
    }
    for (name, share, goal) in [("latency-p99", 0.99, Some(2.0)), ("latency-p50", 0.50, None)] {
        let of = |rounds: &[Vec<f64>]| rounds.iter().map(|sorted| at(sorted, share)).collect::<Vec<_>>();
        report::ratio(name, "µs", &of(&ours), &of(&limits), goal);
    }
    Ok(())
}

fn at(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}
