//! Somebody who asks after a server's health all day, as a monitoring system does.

use super::installation::Day;
use super::place::Place;
use super::promises::Readiness;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use ureq::Agent;

/// Health answers within a second, whatever is broken. What the network and a busy machine take comes on top.
const WITHIN: Duration = Duration::from_millis(1_500);
/// For how long nothing may have been written while health is green: what it takes to notice.
const NOTICED_WITHIN: Duration = Duration::from_secs(3);
/// Within that time it must be noticed that the database is away, or there again.
const DATABASE_NOTICED_WITHIN: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(100);

/// Asks one server until it is told to stop.
pub(super) fn run(day: &Day, place: &Place, stop: &AtomicBool) {
    let config = Agent::config_builder().timeout_global(Some(WITHIN)).http_status_as_error(false);
    let agent: Agent = config.build().into();
    while !stop.load(Ordering::Relaxed) {
        if place.is_up() {
            look(day, place, &agent);
        }
        thread::sleep(PAUSE);
    }
}

/// What a server said, or why it said nothing.
fn ask(agent: &Agent, place: &Place, path: &str) -> Result<(u16, String), String> {
    let mut answer = agent.get(format!("{}{path}", place.url)).call().map_err(|error| error.to_string())?;
    let body = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
    Ok((answer.status().as_u16(), body))
}

fn look(day: &Day, place: &Place, agent: &Agent) {
    let (begin, turns) = (day.notes.weather.moment(), place.turns());
    let promised = place.promises().readiness;
    let may_be_away = day.notes.is_away();
    let asked = Instant::now();
    let away = place.database.since().map(|since| asked.duration_since(since));
    let cut_off = place.database.was_within(DATABASE_NOTICED_WITHIN);
    for path in ["/healthz", "/readyz"] {
        let said = ask(agent, place, path);
        // It may have been killed, stopped or cut off while it was asked.
        if place.turns() != turns {
            return;
        }
        day.notes.health_asked();
        let fair = day.notes.weather.was_fair_since(begin);
        let wrong = match &said {
            Err(why) => Some(why.clone()),
            Ok((200, _)) if away.is_some_and(|away| away > DATABASE_NOTICED_WITHIN) => {
                Some("well, although its database is away".to_owned())
            }
            Ok((503, _)) if cut_off || may_be_away || day.notes.is_away() => None,
            Ok((status, body)) if path == "/healthz" => Readiness::Ready.judge(*status, body),
            Ok((status, body)) => {
                if *status == 200 {
                    place.pulse.praise(asked, NOTICED_WITHIN);
                }
                promised.judge(*status, body).filter(|_| fair)
            }
        };
        if let Some(wrong) = wrong {
            day.notes.unhealthy(format!("{}{path}: {wrong}", place.url));
        }
    }
}
