//! `sealgate server accept-clock`.

use sealgate_wire::{AcceptClock, ClockView, Timestamp};

use crate::args::{AcceptClockArgs, now};
use crate::client::Client;
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::output::{Output, say};

/// Accepts the clock of the server that answers, as a person saw it.
pub(crate) fn accept(client: &Client, args: &AcceptClockArgs, output: &Output) -> Result<(), Failure> {
    let found: ClockView = client.get("/api/v1/clock")?;
    if !found.in_doubt {
        output.result(&found, |found| say!("The server's clock shows {} and is not in doubt.", found.shown));
        return Ok(());
    }
    if args.yes && !output.json && !output.quiet {
        say!("{}", text(&found));
    }
    let question = "Is the time that the server shows the right one?";
    let why = "a server that signs by a wrong clock harms every customer";
    Consent::new(args.yes, output).ask_seen(|| Ok(text(&found)), question, why)?;
    let accepted: ClockView = client.post("/api/v1/clock/accept", &AcceptClock { set_by: found.set_by })?;
    output.result(&accepted, |accepted| say!("Accepted: the server's clock shows {}.", accepted.shown));
    Ok(())
}

fn text(found: &ClockView) -> String {
    let direction = if found.set_by < 0 { "back" } else { "ahead" };
    Output::pairs_text(&[
        ("the server shows", found.shown.to_string()),
        ("without the setting it would show", found.expected.to_string()),
        ("it was set", format!("{} seconds {direction}", found.set_by.unsigned_abs())),
        ("this machine shows", Timestamp(now()).to_string()),
    ])
}
