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
        for (who, answer) in day.answers(at, 0, random) {
            match answer {
                Answer::Yes => day.notes.served(),
                other => return Err(Failure::new(format!("{who} at {}: {other:?}", place.url))),
            }
        }
        let license = if day.places[0].serves() {
            let license = day.vendor().issue(&day.app, "newcomer")?;
            day.ledger.issued(0, &license);
            license
        } else {
            // Nobody sells, but seats are given.
            day.open_house.clone()
        };
        let (client, device) = (Client::within(&place.url, "", PATIENCE), random.hex(4));
        match client.ask(&day.app, &license, &device, &random.hex(2)) {
            Answer::Yes => day.ledger.bound(&license, &device),
            other => return Err(Failure::new(format!("a newcomer at {}: {other:?}", place.url))),
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
