//! `idle`: from start to the first answer, and memory when nothing happens.

use std::path::Path;
use std::time::Instant;

use crate::report;
use crate::server::Server;

pub async fn run(sealgate: &Path, rounds: u32) -> std::io::Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    // The first start makes keys and schema; what is measured is every later one.
    let began = Instant::now();
    answer(&Server::sealgate(sealgate, &data, None)?)?;
    let first = began.elapsed().as_secs_f64() * 1000.0;
    let (mut starts, mut resident) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let began = Instant::now();
        let server = Server::sealgate(sealgate, &data, None)?;
        answer(&server)?;
        starts.push(began.elapsed().as_secs_f64() * 1000.0);
        resident.push(server.memory()?.0 as f64 / 1024.0);
    }
    report::figure_with_goal("idle-first-start", "ms to first answer", &[first], 150.0);
    report::figure_with_goal("idle-start", "ms to first answer", &starts, 150.0);
    report::figure_with_goal("idle-memory", "MiB resident", &resident, 40.0);
    Ok(())
}

fn answer(server: &Server) -> std::io::Result<()> {
    let answered = ureq::get(format!("http://{}/healthz", server.address)).call();
    answered.map(drop).map_err(std::io::Error::other)
}
