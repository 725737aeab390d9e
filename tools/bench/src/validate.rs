//! `validate` and, on the way, `validate-first`: how near the server comes to a handler that only parses and signs.

use std::path::Path;
use std::rc::Rc;

use serde_json::json;

use crate::load::{CONNECTIONS, Load, NONCE_AT, question};
use crate::report;
use crate::server::Server;
use crate::vendor::Vendor;

const BATCH: u32 = 1000;
/// Below this the bare handler itself was disturbed, and a ratio against it says nothing.
const BARE_AT_LEAST: f64 = 30_000.0;

pub async fn run(sealgate: &Path, licenses: u32, rounds: u32, seconds: u64) -> std::io::Result<()> {
    let dir = tempfile::tempdir()?;
    let server = Server::sealgate(sealgate, &dir.path().join("data"), None)?;
    let token = std::fs::read_to_string(dir.path().join("data/admin.token"))?;
    eprintln!("issuing {licenses} licenses");
    let requests = Rc::new(issue(&Vendor::new(&server.address, token.trim()), licenses)?);
    let load = Load { connections: CONNECTIONS, requests, nonce_at: NONCE_AT };
    eprintln!("binding a device to each");
    let bound = load.each_once(&server.address).await?;
    eprintln!("bound {bound:.0} a second; warming up");
    load.each_once(&server.address).await?;

    let bare = Server::bare()?;
    load.for_seconds(&bare.address, 1).await?;
    let (mut ours, mut limits) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        limits.push(load.for_seconds(&bare.address, seconds).await?);
        ours.push(load.for_seconds(&server.address, seconds).await?);
        eprintln!(
            "round {round}: bare {:.0}/s, sealgate {:.0}/s",
            limits[limits.len() - 1],
            ours[ours.len() - 1]
        );
    }
    report::ratio("validate", "answers/s", &ours, &limits, 0.60);
    let (resident, peak) = server.memory()?;
    report::figure_with_goal("validate-memory", "MiB resident", &[resident as f64 / 1024.0], 150.0);
    report::figure_with_goal("validate-memory-peak", "MiB resident", &[peak as f64 / 1024.0], 150.0);
    if report::median(&limits) < BARE_AT_LEAST {
        eprintln!(
            "INVALID: the bare handler did fewer than {BARE_AT_LEAST} answers a second on this machine"
        );
    }
    Ok(())
}

/// One request for each new license, with a device of its own.
fn issue(vendor: &Vendor, licenses: u32) -> std::io::Result<Vec<Vec<u8>>> {
    let app = vendor.make("/api/v1/apps", &json!({ "name": "bench" }))?;
    let mut requests = Vec::new();
    while (requests.len() as u32) < licenses {
        let count = BATCH.min(licenses - requests.len() as u32);
        let issued = vendor.make("/api/v1/licenses", &json!({ "app_id": app["app_id"], "count": count }))?;
        for license in issued["licenses"].as_array().into_iter().flatten() {
            let key = license["license_key"].as_str().unwrap_or_default();
            requests.push(question(&app, key, &format!("{:064x}", requests.len())));
        }
    }
    Ok(requests)
}
