//! Heartbeats, grace, and rights that fell.

use sealgate::guard::{Fell, Lack};
use sealgate::{Client, Clock, SystemClock};
use sealgate_artifact::{Code, UnixSeconds};

use super::check::{Check, Found, check};
use super::program::Program;
use crate::client::Here;
use crate::commands::heartbeat::{AGAIN, meaning};
use crate::commands::held::{PRESENT, deadline};
use crate::commands::revocations::Beside;
use crate::failure::Failure;
use crate::settings::Settings;

const SEND: &str = "send one: `sglic heartbeat`, or keep `sglic heartbeat --watch` running";
const ITS_OWN: &str = "The program sends heartbeats itself while it runs: do what the check server says, and start the program if it does not run.";
const RESTART: &str = "Start the program again: rights that fell stay down while it runs.";

pub(super) fn heartbeat(here: &Here, client: &Client, program: &Program, has_bundle: bool) -> Check {
    if has_bundle {
        return check("heartbeat", Ok("a license file asks for none".to_owned()));
    }
    let check = check("heartbeat", due(here, client).map_err(|why| program.not_activated(why)));
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
        // spec/guard.md §3.3: nothing depends on it.
        Some(due) if due <= now && asks_for_none(client)? => {
            Ok(format!("one is due since {due}, and the license asks for none"))
        }
        Some(due) if due <= now => {
            let message = "a heartbeat is due";
            // A program that activated itself left nothing of `sglic`'s here, and sends its own.
            let fix = if here.settings == Settings::default() { ITS_OWN } else { SEND };
            Err(Failure::new(Code::CheckFailed, message).fix(fix))
        }
        Some(due) => Ok(format!("the next one is due at {due}")),
    }
}

fn asks_for_none(client: &Client) -> Result<bool, Failure> {
    let held = client.kept_activation()?;
    Ok(held.is_some_and(|held| held.deadline(None).is_none()))
}

/// Until when everything works without an answer, where the program reached nobody.
fn grace(client: &Client) -> Result<Option<String>, Failure> {
    let (Some(held), left) = (client.kept_activation()?, client.last_run()?) else { return Ok(None) };
    let Some(at) = left.unheard_at.filter(|at| *at >= held.admitted_at()) else { return Ok(None) };
    let Some(until) = deadline(client, &held)? else { return Ok(None) };
    let now = client.trusted_time()?;
    let is = if now < until { "is active" } else { "was" };
    Ok(Some(format!("the program asked at {at} and reached no server: the grace period {is} until {until}")))
}

/// "Features still blocked after grace period": why, since when, what lifts it, and whether a restart does.
pub(super) fn fell(client: &Client, beside: &Beside) -> Found {
    judged(client.last_run_for(beside.files())?.fell)
}

fn judged(mut fell: Vec<Fell>) -> Found {
    // What keeps a restart from helping is told first.
    fell.sort_by_key(|fell| fell.restart_helps);
    let Some((first, others)) = fell.split_first() else {
        return Ok("no right of the program fell when it ran last".to_owned());
    };
    let besides = |other: &Fell| format!("at {} besides: {}", other.at, why(&other.lack));
    let mut failure = told(first);
    failure.lines.extend(others.iter().map(besides));
    Err(failure)
}

fn told(fell: &Fell) -> Failure {
    let code = match &fell.lack {
        Lack::Ended(code) => code.clone(),
        lack => lack.code().to_string(),
    };
    let message = format!("the program fell to its free tier at {}: {}", fell.at, why(&fell.lack));
    let (lifted, fix) = match (&fell.lack, fell.restart_helps) {
        (Lack::Tampered, _) => (
            "a start whose sensors find nothing lifts it",
            "End what the checks debugger, preload, profiler and breakpoints show, then start the program again.",
        ),
        (Lack::Unapproved, _) => (
            "a start with the approved files lifts it",
            "Install the program as it was published (`sglic doctor --root DIR` names what differs), end what the check preload shows, then start it again.",
        ),
        (_, true) => ("what lifts it is there since", RESTART),
        (Lack::Revoked, false) => (
            "a newer version of the license, or a new proof, lifts it, where it is not taken back, too",
            PRESENT,
        ),
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

/// Of what was taken back no server told, and it may be a version of the license alone.
fn why(lack: &Lack) -> &'static str {
    match lack {
        Lack::Revoked => "imported revocation data lists the license's version or the activation",
        lack => lack.code().meaning(),
    }
}

#[cfg(test)]
mod tests {
    use sealgate::UnixSeconds;
    use sealgate::guard::{Fell, Lack};

    use super::judged;

    /// Several processes of a program may have left a reason each.
    #[test]
    fn what_a_restart_does_not_lift_comes_first_and_the_others_are_named() {
        let at = UnixSeconds::new(1_800_000_000).expect("in range");
        let fell = |lack, restart_helps| Fell { lack, at, restart_helps };
        let told = judged(vec![fell(Lack::Tampered, true), fell(Lack::Unheard, false)]).expect_err("fell");
        assert_eq!(told.code, "grace_over");
        assert!(told.lines.iter().any(|line| line.contains("besides: A debugger")), "{:?}", told.lines);
        assert!(judged(vec![]).is_ok());
    }
}
