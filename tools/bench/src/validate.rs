//! `validate`: how near the server comes to a handler that only parses and signs.

use std::io::Result;
use std::path::Path;

use serde_json::json;

use crate::books::Books;
use crate::load::Load;
use crate::report;
use crate::server::Server;

/// Below this the bare handler itself was disturbed, and a ratio against it says nothing.
const BARE_AT_LEAST: f64 = 30_000.0;
/// More than are used: a grant takes at most so many.
const CREDITS: u32 = 1_000_000_000;

pub async fn run(sealgate: &Path, licenses: u32, rounds: u32, seconds: u64) -> Result<()> {
    let books = Books::open(sealgate)?;
    let load = books.issue_and_bind(licenses).await?;

    let bare = Server::bare()?;
    let (ours, limits) = alternate(&load, (&books.server, &bare), rounds, seconds).await?;
    report::ratio("validate", "answers/s", &ours, &limits, 0.60);
    let (resident, peak) = books.server.memory()?;
    report::figure_with_goal("validate-memory", "MiB resident", &[resident as f64 / 1024.0], 150.0);
    report::figure_with_goal("validate-memory-peak", "MiB resident", &[peak as f64 / 1024.0], 150.0);
    if report::median(&limits) < BARE_AT_LEAST {
        eprintln!(
            "INVALID: the bare handler did fewer than {BARE_AT_LEAST} answers a second on this machine"
        );
    }
    drop(bare);

    let app = books.app["app_id"].as_str().unwrap_or_default();
    books.vendor.post(&format!("/api/v1/apps/{app}/credits"), &json!({ "amount": CREDITS }))?;
    let bare = Server::bare_with_insert(&books.dir.path().join("bare.db"))?;
    let (ours, limits) = alternate(&load, (&books.server, &bare), rounds, seconds).await?;
    report::ratio("validate-credits", "answers/s", &ours, &limits, None);
    Ok(())
}

/// Answers a second of the product and of the program beside it, round by round.
async fn alternate(
    load: &Load,
    (server, bare): (&Server, &Server),
    rounds: u32,
    seconds: u64,
) -> Result<(Vec<f64>, Vec<f64>)> {
    load.for_seconds(&bare.address, 1).await?;
    let (mut ours, mut limits) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let limit = load.for_seconds(&bare.address, seconds).await?;
        let value = load.for_seconds(&server.address, seconds).await?;
        eprintln!("round {round}: bare {limit:.0}/s, sealgate {value:.0}/s");
        limits.push(limit);
        ours.push(value);
    }
    Ok((ours, limits))
}
