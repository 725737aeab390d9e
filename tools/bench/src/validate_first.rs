//! `validate-first`: each question binds a new device, so each answer waits for a durable write.

use std::io::Result;
use std::path::Path;

use crate::books::Books;
use crate::load::Load;
use crate::report;
use crate::server::Server;

pub async fn run(sealgate: &Path, licenses: u32, rounds: u32) -> Result<()> {
    let books = Books::open(sealgate)?;
    let bare = Server::bare_with_insert(&books.dir.path().join("bare.db"))?;
    let figures = in_use(&books, &bare, licenses, rounds).await?;
    report::ratio("validate-first", "answers/s", &figures.ours, &figures.limits, 0.50);
    let figures = just_issued(&books, &bare, licenses, rounds).await?;
    report::ratio("validate-first-unused", "answers/s", &figures.ours, &figures.limits, None);
    let peak = books.server.memory()?.1;
    report::figure("validate-first-memory-peak", "MiB resident", &[peak as f64 / 1024.0]);
    Ok(())
}

#[derive(Default)]
struct Figures {
    ours: Vec<f64>,
    limits: Vec<f64>,
}

/// One more device for each license that others use already: like `validate`, with the licenses in memory.
async fn in_use(books: &Books, bare: &Server, licenses: u32, rounds: u32) -> Result<Figures> {
    let devices = books.issue_for(licenses, rounds + 2)?;
    let mut figures = Figures::default();
    for (round, load) in devices.iter().skip(1).enumerate() {
        devices[0].each_once(&books.server.address).await?;
        figures.take(round, load, books, bare).await?;
    }
    Ok(figures)
}

/// The first device of licenses that nobody asked for yet.
async fn just_issued(books: &Books, bare: &Server, licenses: u32, rounds: u32) -> Result<Figures> {
    let mut figures = Figures::default();
    for round in 0..=rounds as usize {
        figures.take(round, &books.issue(licenses)?, books, bare).await?;
    }
    Ok(figures)
}

impl Figures {
    /// The first round does not count: connections, statements and caches are then as they stay.
    async fn take(&mut self, round: usize, load: &Load, books: &Books, bare: &Server) -> Result<()> {
        let limit = load.each_once(&bare.address).await?;
        let value = load.each_once(&books.server.address).await?;
        eprintln!("round {round}: bare {limit:.0}/s, sealgate {value:.0}/s");
        if round > 0 {
            self.limits.push(limit);
            self.ours.push(value);
        }
        Ok(())
    }
}
