//! `validate-first`: each question binds a new device, so each answer waits for a durable write.

use std::io::Result;
use std::path::Path;

use crate::books::Books;
use crate::report;
use crate::server::Server;

pub async fn run(sealgate: &Path, licenses: u32, rounds: u32) -> Result<()> {
    let books = Books::open(sealgate)?;
    let bare = Server::bare_with_insert(&books.dir.path().join("bare.db"))?;
    let (mut ours, mut limits) = (Vec::new(), Vec::new());
    // Once without counting: connections, statements and caches are then as they stay.
    for round in 0..=rounds {
        let load = books.issue(licenses)?;
        let limit = load.each_once(&bare.address).await?;
        let value = load.each_once(&books.server.address).await?;
        eprintln!("round {round}: bare {limit:.0}/s, sealgate {value:.0}/s");
        if round > 0 {
            limits.push(limit);
            ours.push(value);
        }
    }
    report::ratio("validate-first", "answers/s", &ours, &limits, 0.50);
    let peak = books.server.memory()?.1;
    report::figure("validate-first-memory-peak", "MiB resident", &[peak as f64 / 1024.0]);
    Ok(())
}
