//! `activate`: a new device of a new license is admitted, durably, and gets a signed proof. Beside it, the crate
//! `zlicenser-server` does its own activation: an offer, and a grant for a signed receipt.

use std::cell::Cell;
use std::io::{Error, Result};
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::Instant;

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use tokio::task::LocalSet;

use crate::activated::{admits, wish};
use crate::books::Books;
use crate::load::{CONNECTIONS, Connection, post, send};
use crate::native::device_key;
use crate::report;
use crate::server::Server;

/// The product of `zlicenser/src/main.rs`.
const PRODUCT: &str = "00000000-0000-0000-0000-000000000001";
/// Devices that want one seat at the same time.
const RACERS: u64 = 64;

pub async fn run(sealgate: &Path, beside: Option<&Path>, licenses: u32, rounds: u32) -> Result<()> {
    let books = Books::open(sealgate)?;
    let pinned = books.pinned()?;
    let peer = beside.map(|program| peer(program, &books.dir.path().join("beside.db"))).transpose()?;
    let (mut ours, mut theirs, mut slowest) = (Vec::new(), Vec::new(), Vec::new());
    // The first round does not count: connections, statements and caches are then as they stay.
    for round in 0..=rounds {
        let first = u64::from(round) * u64::from(licenses);
        let limit = match &peer {
            Some(peer) => Some(enroll(&peer.address, first, licenses).await?),
            None => None,
        };
        let keys = books.keys(licenses, 1)?;
        let wishes = (first..).zip(&keys).map(|(n, key)| wish(&pinned, key, n)).collect::<Result<Vec<_>>>()?;
        let answers = send(&books.server.address, CONNECTIONS, wishes).await?;
        if !answers.bodies.iter().all(|answer| admits(answer)) {
            return Err(Error::other("a device was not admitted"));
        }
        eprintln!("round {round}: sealgate {:.0}/s, beside {limit:.0?}/s", answers.per_second);
        if round > 0 {
            ours.push(answers.per_second);
            theirs.extend(limit);
            slowest.push(report::hundredth(&answers.times));
        }
    }
    match theirs.is_empty() {
        true => report::figure("activate", "activations/s", &ours),
        false => report::ratio("activate", "activations/s", &ours, &theirs, 20.0),
    }
    report::figure("activate-p99", "µs", &slowest);
    let granted = race(&books, u64::from(licenses) * u64::from(rounds + 1)).await?;
    report::figure_with_goal("activate-racers", "grants of 1 seat to 64 at once", &[granted as f64], 1.0);
    Ok(())
}

/// How many of the racers for one seat were admitted.
async fn race(books: &Books, first: u64) -> Result<usize> {
    let (pinned, keys) = (books.pinned()?, books.keys(1, 1)?);
    let wishes = (first..first + RACERS).map(|n| wish(&pinned, &keys[0], n)).collect::<Result<Vec<_>>>()?;
    let answers = send(&books.server.address, RACERS as usize, wishes).await?;
    Ok(answers.bodies.iter().filter(|answer| admits(answer)).count())
}

fn peer(program: &Path, database: &Path) -> Result<Server> {
    let mut command = Command::new(program);
    command.arg(database);
    Server::start(command)
}

/// Grants a second of the other library, each to a customer of its own.
async fn enroll(address: &str, first: u64, count: u32) -> Result<f64> {
    let (next, end) = (Rc::new(Cell::new(first)), first + u64::from(count));
    let (local, begin) = (LocalSet::new(), Instant::now());
    let workers: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (address, next) = (address.to_owned(), Rc::clone(&next));
            local.spawn_local(async move {
                let mut connection = Connection::open(&address).await?;
                while next.get() < end {
                    enroll_one(&mut connection, next.replace(next.get() + 1)).await?;
                }
                Result::Ok(())
            })
        })
        .collect();
    local.await;
    for worker in workers {
        worker.await.map_err(Error::other)??;
    }
    Ok(f64::from(count) / begin.elapsed().as_secs_f64())
}

async fn enroll_one(connection: &mut Connection, n: u64) -> Result<()> {
    let key: SigningKey = device_key(n);
    let mut machine = [0; 32];
    machine[..8].copy_from_slice(&n.to_be_bytes());
    let wish = json!({
        "product_id": PRODUCT, "protocol_version": 1, "client_version": "1.0.0", "fingerprint_commitment": machine,
        "customer_pubkey": key.verifying_key().to_bytes(), "identity_name": "bench", "identity_field_values": "{}",
        "identity_email": format!("{n}@example.com"),
    });
    let offer: Value = serde_json::from_slice(connection.exchange(&post("/enroll/request", &wish.to_string())).await?)?;
    let nonce: Vec<u8> = serde_json::from_value(offer["offer_nonce"].clone())?;
    let receipt = json!({
        "offer_nonce": nonce, "customer_signature": key.sign(&nonce).to_bytes().to_vec(),
        "consent": { "checkboxes_ticked": ["terms"], "accepted_at_ns": 1, "ip_address": "127.0.0.1" },
    });
    let session = offer["session_id"].as_str().unwrap_or_default();
    connection.exchange(&post(&format!("/enroll/receipt/{session}"), &receipt.to_string())).await?;
    Ok(())
}
