//! Whether all is well again: every server that should answer is ready, serves every customer, and admits a new one.

use super::customers::Customer;
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

/// All are asked at once, because a busy machine lets each wait for its turn.
fn is_well(day: &Day, random: &mut Random) -> Result<()> {
    let serving = || day.places.iter().enumerate().filter(|(_, place)| place.serves());
    serving().try_for_each(|(_, place)| is_ready(place))?;
    thread::scope(|scope| {
        let mut asked = vec![];
        for (at, place) in serving() {
            let seed = random.next();
            asked.push(scope.spawn(move || admits_a_newcomer(day, place, Random::new(seed))));
            let is_promised = |customer: &&Customer| !place.promises().excuses.cover(customer.kind);
            for customer in day.customers.iter().filter(is_promised) {
                let seed = random.next();
                asked.push(scope.spawn(move || serves(day, (at, place), customer, Random::new(seed))));
            }
        }
        let all = asked.into_iter().map(|asked| asked.join().expect("nobody panics while asking"));
        all.collect::<Vec<_>>().into_iter().collect()
    })
}

fn serves(day: &Day, (at, place): (usize, &Place), customer: &Customer, mut random: Random) -> Result<()> {
    match customer.ask(&day.app, (at, place), &mut random) {
        Answer::Yes => day.notes.served(),
        other => return Err(Failure::new(format!("{} at {}: {other:?}", customer.name(), place.url))),
    }
    Ok(())
}

fn admits_a_newcomer(day: &Day, place: &Place, mut random: Random) -> Result<()> {
    // Where nobody sells, seats are given all the same.
    let sold = match day.places[0].serves().then(|| day.vendor().issue(&day.app, "newcomer")).transpose() {
        Err(why) if day.is_refused_for_the_clock(&why) => return Ok(()),
        sold => sold?,
    };
    let license = sold.as_ref().unwrap_or(&day.open_house);
    let (client, device) = (Client::within(&place.url, "", PATIENCE), random.hex(4));
    let is_excused = place.promises().excuses.newcomers;
    let answer = (!is_excused).then(|| client.ask(&day.app, license, &device, &random.hex(2)));
    if let Some(sold) = &sold {
        // Not before, because others want its seat.
        day.ledger.issued(0, sold);
    }
    match answer {
        None => {}
        Some(Answer::Yes) => day.ledger.bound(license, &device),
        Some(other) => return Err(Failure::new(format!("a newcomer at {}: {other:?}", place.url))),
    }
    Ok(())
}

fn is_ready(place: &Place) -> Result<()> {
    let (status, body) = Client::within(&place.url, "", PATIENCE).get("/readyz")?;
    let wrong = place.promises().readiness.judge(status, &body.to_string());
    wrong.map_or(Ok(()), |wrong| Err(Failure::new(format!("{}/readyz: {wrong}", place.url))))
}
