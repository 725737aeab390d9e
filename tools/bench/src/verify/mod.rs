//! `verify-peers`: from the bytes of a license with 8 features to what it says, beside other libraries and the floor.

mod floor;
mod ours;
#[cfg(feature = "peers")]
mod peers;
#[cfg(not(feature = "peers"))]
mod peers {
    /// None without the feature `peers`, which takes minutes to build.
    pub fn all() -> Vec<super::Peer> {
        Vec::new()
    }
}

use std::io::Result;
use std::path::Path;
use std::time::Instant;

use crate::report;

/// What every license grants.
const FEATURES: usize = 8;
const RATIO: f64 = 1.2;
const BYTES: f64 = 868.0;

/// One library with a license of its own making.
struct Peer {
    name: &'static str,
    bytes: usize,
    /// Verifies and reads the license; panics where it does not verify or says something else.
    read: Box<dyn Fn()>,
}

pub fn run(sealgate: &Path, rounds: u32, reads: u32) -> Result<()> {
    let (file, trust, key, message) = ours::license(sealgate)?;
    let floor = floor::peer(key, message, &file);
    let others = peers::all();
    let all: Vec<Peer> = [ours::peer(file, trust)].into_iter().chain(others).collect();

    let (mut limits, mut values) = (Vec::new(), vec![Vec::new(); all.len()]);
    // Once without counting.
    for round in 0..=rounds {
        let limit = micros(&floor, reads);
        for (peer, values) in all.iter().zip(&mut values) {
            let value = micros(peer, reads);
            if round > 0 {
                values.push(value);
            }
        }
        if round > 0 {
            limits.push(limit);
        }
    }
    for (peer, values) in all.iter().zip(&values) {
        let is_ours = peer.name == ours::NAME;
        report::ratio(&format!("verify-{}", peer.name), "µs", values, &limits, is_ours.then_some(RATIO));
        report::bytes(&format!("verify-{}-bytes", peer.name), peer.bytes, is_ours.then_some(BYTES));
    }
    Ok(())
}

fn micros(peer: &Peer, reads: u32) -> f64 {
    let began = Instant::now();
    for _ in 0..reads {
        (peer.read)();
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(reads)
}

/// The names of the features.
pub fn names() -> impl Iterator<Item = String> {
    (0..FEATURES).map(|n| format!("export-{n}"))
}
