//! `guard`: what it costs to ask the guard of a running program, beside the least that any guard does: one relaxed atomic load, one
//! look-up by hash, and a look at the same coarse clock.

use std::collections::HashSet;
use std::hint::black_box;
use std::io::{Error, Result};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sealgate::{Client, Clock, Guard, MemoryStore, SystemClock};

use crate::books::Books;
use crate::report;

/// Calls of one round.
const CALLS: u32 = 5_000_000;
/// Features of a license, as most are sold.
const FEATURES: u32 = 8;
const ASKED: &str = "feature-5";
/// `measures.md`: at most so many times the least, and so many nanoseconds.
const GOAL: f64 = 2.0;

pub fn run(sealgate: &Path, rounds: u32) -> Result<()> {
    let books = Books::open(sealgate)?;
    let license = books.sell((0..FEATURES).map(|n| format!("feature-{n}")))?;
    let guard = guarded(&books, license["license_key"].as_str().unwrap_or_default())?;
    if !guard.has_feature(ASKED) {
        return Err(Error::other(format!("the guard has no feature: {:?}", guard.state())));
    }
    let names: HashSet<String> = (0..FEATURES).map(|n| format!("feature-{n}")).collect();
    let until = AtomicU64::new(u64::MAX);
    let least = || {
        let now = SystemClock.glance().as_secs();
        now < until.load(Ordering::Relaxed) && names.contains(black_box(ASKED))
    };
    let (mut floor, mut has, mut ensure) = (vec![], vec![], vec![]);
    for _ in 0..rounds {
        floor.push(nanoseconds(least));
        has.push(nanoseconds(|| guard.has_feature(black_box(ASKED))));
        ensure.push(nanoseconds(|| guard.ensure_valid(black_box(ASKED)).is_ok()));
    }
    report::ratio("guard-has-feature", "ns", &has, &floor, GOAL);
    report::ratio("guard-ensure-valid", "ns", &ensure, &floor, GOAL);
    Ok(())
}

fn guarded(books: &Books, key: &str) -> Result<Guard> {
    let app = books.app["app_id"].as_str().unwrap_or_default();
    let trust = books.vendor.get(&format!("/api/v1/apps/{app}/trust"))?;
    // The SDK wants a constant of the build.
    let trust: &'static [u8] = trust.into_bytes().leak();
    let client = Client::builder(trust)
        .server(format!("http://{}", books.server.address))
        .store(MemoryStore::new())
        .danger_plain_http()
        .build()
        .map_err(Error::other)?;
    let client = Arc::new(client);
    client.activate(key).map_err(Error::other)?;
    client.guard().start().map_err(Error::other)
}

fn nanoseconds(mut call: impl FnMut() -> bool) -> f64 {
    let began = Instant::now();
    for _ in 0..CALLS {
        assert!(black_box(call()));
    }
    began.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
}
