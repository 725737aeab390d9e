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
    for (at, place) in day.places.iter().enumerate().filter(|(_, place)| place.serves()) {
        is_ready(place)?;
        for customer in &day.customers {
            if place.promises().excuses.cover(customer.kind) {
                continue;
            }
            match customer.ask(&day.app, (at, place), random) {
                Answer::Yes => day.notes.served(),
                other => {
                    return Err(Failure::new(format!("{} at {}: {other:?}", customer.name(), place.url)));
                }
            }
        }
        let is_sold = day.places[0].serves();
        let license = match is_sold.then(|| day.vendor().issue(&day.app, "newcomer")) {
            Some(Ok(license)) => license,
            Some(Err(why)) if day.is_refused_for_the_clock(&why) => continue,
            Some(Err(why)) => return Err(why),
            // Nobody sells, but seats are given.
            None => day.open_house.clone(),
        };
        let (client, device) = (Client::within(&place.url, "", PATIENCE), random.hex(4));
        let is_excused = place.promises().excuses.newcomers;
        let answer = (!is_excused).then(|| client.ask(&day.app, &license, &device, &random.hex(2)));
        if is_sold {
            // Only now, or others would take its seat.
            day.ledger.issued(0, &license);
        }
        match answer {
            None => {}
            Some(Answer::Yes) => day.ledger.bound(&license, &device),
            Some(other) => return Err(Failure::new(format!("a newcomer at {}: {other:?}", place.url))),
        }
    }
    Ok(())
}

fn is_ready(place: &Place) -> Result<()> {
    let (status, body) = Client::within(&place.url, "", PATIENCE).get("/readyz")?;
    let wrong = place.promises().readiness.judge(status, &body.to_string());
    wrong.map_or(Ok(()), |wrong| Err(Failure::new(format!("{}/readyz: {wrong}", place.url))))
}
