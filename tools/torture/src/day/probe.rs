//! Whether all is well again: every server that should answer is ready, serves every customer, and admits a new one.

use super::installation::Day;
use super::place::{PATIENCE, Place};
use crate::client::{Answer, Client};
use crate::random::Random;
use harness::failure::{Failure, Result};
use std::thread;
use std::time::{Duration, Instant};

const WELL_WITHIN: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until all is well; returns how long that took.
pub(super) fn until_well(day: &Day) -> Result<Duration> {
    let (begin, mut random) = (Instant::now(), Random::new(u64::from(std::process::id())));
    loop {
        let Err(why) = is_well(day, &mut random) else { return Ok(begin.elapsed()) };
        if begin.elapsed() > WELL_WITHIN {
            day.notes.refused(format!("{WELL_WITHIN:?} after the trouble ended: {why}"));
            return Err(Failure::new(format!("all is not well again: {why}\n{}", day.logs())));
        }
        thread::sleep(PAUSE);
    }
}

fn is_well(day: &Day, random: &mut Random) -> Result<()> {
    for (at, place) in day.places.iter().enumerate().filter(|(_, place)| place.is_up()) {
        is_ready(place)?;
        seated_at(day, (at, place), random)?;
        if !day.places[0].is_up() {
            // Nobody sells.
            continue;
        }
        let license = day.vendor().issue(&day.app, "newcomer")?;
        day.ledger.issued(0, &license);
        let (client, device) = (Client::within(&place.url, "", PATIENCE), random.hex(4));
        match client.ask(&day.app, &license, &device, &random.hex(2)) {
            Answer::Yes => day.ledger.bound(&license, &device),
            other => return Err(Failure::new(format!("a newcomer at {}: {other:?}", place.url))),
        }
    }
    Ok(())
}

/// Whether everybody who has a seat is served at every server that should answer.
pub(super) fn seated_are_served(day: &Day, random: &mut Random) -> Result<()> {
    let up = day.places.iter().enumerate().filter(|(_, place)| place.is_up());
    up.into_iter().try_for_each(|place| seated_at(day, place, random))
}

fn seated_at(day: &Day, (at, place): (usize, &Place), random: &mut Random) -> Result<()> {
    for customer in &day.customers {
        match customer.ask(&day.app, (at, place), random) {
            Answer::Yes => day.notes.served(),
            other => return Err(Failure::new(format!("{} at {}: {other:?}", customer.name(), place.url))),
        }
    }
    Ok(())
}

fn is_ready(place: &Place) -> Result<()> {
    let (status, body) = Client::within(&place.url, "", PATIENCE).get("/readyz")?;
    if (status == 200) == place.is_doubted() {
        return Err(Failure::new(format!("{}/readyz: HTTP {status}: {body}", place.url)));
    }
    Ok(())
}
