//! What customers and the vendor do all day, chosen by seeded numbers.

use super::installation::Day;
use super::place::{PATIENCE, Place};
use crate::client::{Answer, Client};
use crate::random::Random;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Between two questions of one client, so that the machine is busy and not buried.
const PAUSE: Duration = Duration::from_millis(3);
/// So long after its database went away a server may answer from memory. What a busy machine takes is in it.
const FROM_MEMORY: Duration = Duration::from_millis(1_250);
/// A question to it is answered within two seconds, and what a busy machine takes.
const SAID_WITHIN: Duration = Duration::from_secs(3);

/// `spec/http.md` §1.5.
const SHOWN_WITHIN: Duration = Duration::from_secs(1);

/// Asks until it is stopped.
pub(super) fn run(day: &Day, mut random: Random, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let at_work = day.at_work();
        match random.below(100) {
            0..50 => ask_as_customer(day, &mut random),
            50..60 => sell(day, &mut random),
            60..80 => race_for_a_seat(day, &mut random),
            80..85 => revoke(day, &mut random),
            85..90 => ask_who_is_cut_off(day, &mut random),
            _ => ask_with_a_revoked_license(day, &mut random),
        }
        drop(at_work);
        thread::sleep(PAUSE);
    }
}

/// Somebody who has a seat must get a yes from every server, whenever all is well.
fn ask_as_customer(day: &Day, random: &mut Random) {
    let Some(at) = a_place(day, random) else { return };
    let customer = &day.customers[below(random, day.customers.len())];
    let begin = day.notes.weather.moment();
    let excused = day.places[at].promises().excuses.cover(customer.kind);
    let mut answer = customer.ask(&day.app, (at, &day.places[at]), random);
    // A keyset that one server made is shown by the others within a second: until then, who has it asks again.
    if matches!(&answer, Answer::No(why) | Answer::Unanswered(why) if why.starts_with("version_rollback")) {
        thread::sleep(SHOWN_WITHIN);
        answer = customer.ask(&day.app, (at, &day.places[at]), random);
    }
    match answer {
        Answer::Yes => day.notes.served(),
        Answer::No(why) | Answer::Unanswered(why) if !excused && day.notes.weather.was_fair_since(begin) => {
            day.notes.refused(format!("{} at {}: {why}", customer.name(), day.places[at].url));
        }
        Answer::No(_) | Answer::Unanswered(_) => {}
    }
}

fn sell(day: &Day, random: &mut Random) {
    if !day.places[0].serves() {
        return;
    }
    let begin = day.notes.weather.moment();
    let seats = 1 + random.below(3);
    let order = json!({ "app_id": day.app.id, "count": 1, "max_devices": seats, "label": random.hex(1) });
    let asked = Instant::now();
    let outcome = day.vendor().order(&order);
    if outcome.as_ref().is_err_and(|why| day.is_refused_for_the_clock(why)) {
        return;
    }
    wrote(day, 0, asked, outcome.is_ok());
    match outcome {
        Ok(license) => day.ledger.issued(0, &license),
        Err(why) if day.notes.weather.was_fair_since(begin) => day.notes.refused(format!("an order: {why}")),
        Err(_) => {}
    }
}

/// A new device on a license that others want too: most of them are told that no seat is left.
fn race_for_a_seat(day: &Day, random: &mut Random) {
    let (Some(at), Some(license)) = (a_place(day, random), day.ledger.recent(random.next())) else { return };
    let (device, begin) = (random.hex(4), day.notes.weather.moment());
    let (client, asked) = (Client::within(&day.places[at].url, "", PATIENCE), Instant::now());
    let answer = client.ask(&day.app, &license, &device, &random.hex(2));
    wrote(day, at, asked, !matches!(answer, Answer::Unanswered(_)));
    match answer {
        Answer::Yes => day.ledger.bound(&license, &device),
        Answer::Unanswered(why) if day.notes.weather.was_fair_since(begin) => {
            day.notes.refused(format!("a new device at {}: {why}", day.places[at].url));
        }
        Answer::No(_) | Answer::Unanswered(_) => {}
    }
}

/// A write went through that server, or did not, which may speak against what its health says.
fn wrote(day: &Day, at: usize, asked: Instant, well: bool) {
    let place = &day.places[at];
    if let Some(dead_for) = place.pulse.beat(asked, well) {
        day.notes
            .unhealthy(format!("{}/readyz: ready, although nothing was written for {dead_for:?}", place.url));
    }
}

/// A license of its own, which a device uses and which is then revoked.
fn revoke(day: &Day, random: &mut Random) {
    let Some(at) = a_place(day, random).filter(|_| day.places[0].serves()) else { return };
    let (vendor, device) = (day.vendor(), random.hex(4));
    let Ok(license) = vendor.issue(&day.app, "condemned") else { return };
    let client = Client::within(&day.places[at].url, "", PATIENCE);
    if client.ask(&day.app, &license, &device, &random.hex(2)) != Answer::Yes {
        return;
    }
    if vendor.revoke(&license.id).is_ok() {
        day.revoked(license, device);
    }
}

fn ask_with_a_revoked_license(day: &Day, random: &mut Random) {
    let Some(at) = a_place(day, random) else { return };
    // How long it has been revoked is read before the question is asked, so that a slow answer is not taken for a late one.
    let Some((license, device, since)) = day.condemned.any(random.next()) else { return };
    let client = Client::within(&day.places[at].url, "", PATIENCE);
    if client.ask(&day.app, &license, &device, &random.hex(2)) == Answer::Yes && day.condemned.holds(&license)
    {
        day.notes.yes_after_revocation(since, &format!("license {} at {}", license.id, day.places[at].url));
    }
}

/// A server without its database says so soon, and neither yes nor no.
fn ask_who_is_cut_off(day: &Day, random: &mut Random) {
    let silent = |place: &Place| place.database.since().is_some_and(|since| since.elapsed() > FROM_MEMORY);
    let Some(at) = day.places.iter().position(|place| place.is_up() && silent(place)) else { return };
    let (place, customer) = (&day.places[at], &day.customers[below(random, day.customers.len())]);
    let (turns, begin) = (place.turns(), Instant::now());
    let answer = customer.ask(&day.app, (at, place), random);
    if place.turns() != turns {
        return;
    }
    match answer {
        Answer::Unanswered(_) if begin.elapsed() < SAID_WITHIN => {}
        answer => day.notes.wrong(format!(
            "{} at {}, whose database is away: {answer:?} after {:?}",
            customer.name(),
            place.url,
            begin.elapsed()
        )),
    }
}

/// One of the servers that should answer.
fn a_place(day: &Day, random: &mut Random) -> Option<usize> {
    let up: Vec<usize> = (0..day.places.len()).filter(|at| day.places[*at].serves()).collect();
    if up.is_empty() { None } else { Some(up[below(random, up.len())]) }
}

fn below(random: &mut Random, limit: usize) -> usize {
    usize::try_from(random.below(limit as u64)).expect("below a usize")
}
