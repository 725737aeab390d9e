//! Heartbeats, grace, and rights that fell.

use sealgate::guard::{Fell, Lack};
use sealgate::{Client, Clock, SystemClock};
use sealgate_artifact::{Code, UnixSeconds};

use super::check::{Check, Found, check};
use crate::client::Here;
use crate::commands::heartbeat::{AGAIN, meaning};
use crate::failure::Failure;

const RESTART: &str = "Start the program again: rights that fell stay down while it runs.";

pub(super) fn heartbeat(here: &Here, client: &Client) -> Check {
    let check = check("heartbeat", due(here, client));
    match grace(client) {
        Ok(Some(line)) => check.with_notes([line]),
        _ => check,
    }
}

fn due(here: &Here, client: &Client) -> Found {
    if let Some(code) = &here.settings.refused_by {
        let message = format!("the last one did not count: {}", meaning(code));
        return Err(Failure::of_code(code, message).fix(AGAIN));
    }
    let due = client.heartbeat_due()?;
    let now: UnixSeconds = SystemClock.now();
    match due {
        None => Err(Failure::not_activated()),
        Some(due) if due <= now => {
            let message = "a heartbeat is due";
            Err(Failure::new(Code::CheckFailed, message)
                .fix("send one: `sglic heartbeat`, or keep `sglic heartbeat --watch` running"))
        }
        Some(due) => Ok(format!("the next one is due at {due}")),
    }
}

/// Until when everything works without an answer, where the program reached nobody.
fn grace(client: &Client) -> Result<Option<String>, Failure> {
    let (Some(held), left) = (client.activation()?, client.last_run()?) else { return Ok(None) };
    let Some(at) = left.unheard_at.filter(|at| *at >= held.admitted_at()) else { return Ok(None) };
    let (until, now) = (held.rights_until(), client.trusted_time()?);
    let is = if now < until { "is active" } else { "was" };
    Ok(Some(format!("the program asked at {at} and reached no server: the grace period {is} until {until}")))
}

/// "Features still blocked after grace period": why, since when, what lifts it, and whether a restart does.
pub(super) fn fell(client: &Client) -> Found {
    let fell = client.last_run()?.fell;
    // What a restart does not lift comes first.
    match fell.iter().find(|fell| !fell.restart_helps).or(fell.first()) {
        None => Ok("no right of the program fell when it ran last".to_owned()),
        Some(fell) => Err(told(fell)),
    }
}

fn told(fell: &Fell) -> Failure {
    let code = match &fell.lack {
        Lack::Ended(code) => code.clone(),
        lack => lack.code().to_string(),
    };
    let why = fell.lack.code().meaning();
    let message = format!("the program fell to its free tier at {}: {why}", fell.at);
    let (lifted, fix) = match (&fell.lack, fell.restart_helps) {
        (Lack::Tampered, _) => (
            "a start whose sensors find nothing lifts it",
            "End what the checks debugger, preload, profiler and breakpoints show, then start the program again.",
        ),
        (Lack::Unapproved, _) => (
            "a start with the approved files lifts it",
            "Install the program as it was published (`sglic doctor --root DIR` names what differs), then start it again.",
        ),
        (_, true) => ("what lifts it is there since", RESTART),
        (Lack::Expired, false) => (
            "a license that ends later lifts it",
            "Renew the license with the vendor, run `sglic heartbeat`, then start the program again.",
        ),
        (_, false) => (
            "an answer that admits this machine, or a new proof, lifts it",
            "Reach the server: `sglic heartbeat` (or activate again), then start the program again.",
        ),
    };
    let mut failure = Failure::of_code(&code, message).fix(fix);
    failure.lines.push(lifted.to_owned());
    failure
}
