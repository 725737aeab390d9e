//! A program that is activated once, records what it does, and sends heartbeats while it runs. Run it with a license key:
//! `cargo run -p sealgate --example activation -- KEY`. The trust.json beside it belongs to nobody: put your own in its place.

use std::process::ExitCode;
use std::sync::Arc;

use sealgate::{Activation, Beat, BeatSaid, Client, Clock, Error, SystemClock};

const TRUST: &[u8] = include_bytes!("trust.json");

fn main() -> ExitCode {
    let key = std::env::args().nth(1).unwrap_or_default();
    match run(&key) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Error::License(no)) => {
            eprintln!("not activated: {no}. {}", no.fix());
            // Not signed: for people to look at.
            no.unverified_modules().iter().for_each(|module| eprintln!("not approved: {}", module.name));
        }
        Err(error) => eprintln!("not known now ({}): {error}. {}", error.code(), error.fix()),
    }
    ExitCode::FAILURE
}

fn run(key: &str) -> Result<(), Error> {
    let client =
        Client::builder(TRUST).server("https://license.example.com").state_dir("./sealgate-state").build()?;
    let client = Arc::new(client);
    let activation = activated(&client, key)?;
    println!("activation {}, until {}", activation.id(), activation.rights_until());

    let heartbeats = client.start_heartbeats(heard)?;
    let log = client.chain_log()?;
    match log.record(None, "rule.evaluate", [7; 32], SystemClock.now()) {
        Ok(head) => println!("recorded as number {}", head.seq),
        Err(error) => eprintln!("not recorded: {error}. {}", error.fix()),
    }
    // When the program ends: the instance, and a seat that is lent, are free for another.
    heartbeats.stop_and_leave();
    Ok(())
}

/// The activation that is kept, or a new one.
fn activated(client: &Client, key: &str) -> Result<Activation, Error> {
    match client.activation()? {
        Some(activation) => Ok(activation),
        None => client.activate(key),
    }
}

/// Runs in the thread of the heartbeats.
fn heard(beat: Result<Beat, Error>) {
    match beat.map(|beat| beat.said) {
        Ok(BeatSaid::Admitted) => {}
        Ok(BeatSaid::Ended { code, grace_until }) => eprintln!("{code}: the rights end at {grace_until}"),
        Ok(BeatSaid::Refused { code, .. }) => eprintln!("{code}: this heartbeat did not count"),
        Ok(_) => eprintln!("an answer of a newer server"),
        Err(error) => eprintln!("{}: the deadline stays where it is", error.code()),
    }
}
