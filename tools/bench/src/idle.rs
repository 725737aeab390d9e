//! `idle`: from start to the first answer, and memory when nothing happens.

use std::path::Path;
use std::time::Instant;

use crate::report;
use crate::server::Server;

pub async fn run(sealgate: &Path, rounds: u32) -> std::io::Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    // The first start makes keys and schema; what is measured is every later one.
    let (first, _) = start(sealgate, &data)?;
    let (mut starts, mut resident) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (time, memory) = start(sealgate, &data)?;
        starts.push(time);
        resident.push(memory);
    }
    report::figure_with_goal("idle-first-start", "ms to first answer", &[first], 150.0);
    report::figure_with_goal("idle-start", "ms to first answer", &starts, 150.0);
    report::figure_with_goal("idle-memory", "MiB resident", &resident, 40.0);
    Ok(())
}

/// Starts the product once: milliseconds to the first answer, and MiB that are resident then.
pub fn start(sealgate: &Path, data: &Path) -> std::io::Result<(f64, f64)> {
    let began = Instant::now();
    let server = Server::sealgate(sealgate, data, None)?;
    answer(&server)?;
    let time = began.elapsed().as_secs_f64() * 1000.0;
    Ok((time, server.memory()?.0 as f64 / 1024.0))
}

fn answer(server: &Server) -> std::io::Result<()> {
    let answered = ureq::get(format!("http://{}/healthz", server.address)).call();
    answered.map(drop).map_err(std::io::Error::other)
}
