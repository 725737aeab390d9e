//! `heartbeat`: each heartbeat is verified, gives the next nonce durably, and is answered under signature.

use std::io::Result;
use std::path::Path;

use crate::activated::{Activated, wish};
use crate::books::Books;
use crate::load::{CONNECTIONS, send};
use crate::report;
use crate::server::Server;

pub async fn run(sealgate: &Path, devices: u32, rounds: u32) -> Result<()> {
    let books = Books::open(sealgate)?;
    let bare = Server::bare_with_insert(&books.dir.path().join("bare.db"))?;
    let mut activated = activate(&books, devices).await?;
    let (mut ours, mut limits, mut slowest) = (Vec::new(), Vec::new(), Vec::new());
    // The first round does not count: it begins an instance for each device.
    for round in 0..=rounds {
        let beats = activated.iter().map(Activated::beat).collect::<Result<Vec<_>>>()?;
        let limit = send(&bare.address, CONNECTIONS, beats.clone()).await?;
        let answers = send(&books.server.address, CONNECTIONS, beats).await?;
        for (device, reply) in activated.iter_mut().zip(&answers.bodies) {
            device.take(reply)?;
        }
        eprintln!("round {round}: bare {:.0}/s, sealgate {:.0}/s", limit.per_second, answers.per_second);
        if round > 0 {
            limits.push(limit.per_second);
            ours.push(answers.per_second);
            slowest.push(report::hundredth(&answers.times));
        }
    }
    report::ratio("heartbeat", "answers/s", &ours, &limits, 0.50);
    report::figure("heartbeat-p99", "µs", &slowest);
    Ok(())
}

/// A device on each of so many new licenses.
async fn activate(books: &Books, devices: u32) -> Result<Vec<Activated>> {
    let (pinned, keys) = (books.pinned()?, books.keys(devices, 1)?);
    let wishes = (0..).zip(&keys).map(|(n, key)| wish(&pinned, key, n)).collect::<Result<Vec<_>>>()?;
    eprintln!("activating a device on each");
    let answers = send(&books.server.address, CONNECTIONS, wishes).await?;
    (0..).zip(&answers.bodies).map(|(n, answer)| Activated::of(answer, n)).collect()
}
