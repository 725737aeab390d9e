//! What was signed while a clock was wrong, judged once it is right.

use crate::client::{Answer, Client, Issued, text};
use crate::day::Day;
use crate::random::Random;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use harness::failure::{Doing, Failure, Result};
use sealgate::{Clock, SystemClock};
use serde_json::Value;
use std::thread;
use std::time::{Duration, Instant};

/// After clocks are right.
const WITHIN: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
/// `spec/keys.md` §5.3: what is signed further ahead is made anew.
const TOLERANCE_SECONDS: u64 = 5 * 60;

/// A license that was sold while a clock was wrong.
pub(super) struct Bought {
    license: Issued,
    name: String,
    tenant: String,
}

impl Bought {
    pub(super) fn new(day: &Day, license: Issued) -> Result<Self> {
        let trust: Value = serde_json::from_slice(day.trust).doing("read what the SDK pins")?;
        Ok(Self { name: format!("late-{}", license.id), tenant: text(&trust, "tenant")?, license })
    }
}

/// Whoever bought it is served on both wires at every server, and nothing is left that was signed in the future.
pub(super) fn is_served(day: &Day, bought: &[Bought], since: Instant, random: &mut Random) -> Result<()> {
    for bought in bought {
        let sdk = day.customer_with_sdk(bought.license.clone())?;
        for (at, place) in day.places.iter().enumerate() {
            let mut ask = || -> Result<()> {
                let client = Client::within(&place.url, "", WITHIN);
                let answer = client.ask(&day.app, &bought.license, &bought.name, &random.hex(2));
                is_yes("AuthForge's wire", &answer)?;
                is_yes("the SDK", &sdk.ask(&day.app, (at, place), random))?;
                nothing_is_from_the_future(&client, &bought.tenant)
            };
            while let Err(why) = ask() {
                if since.elapsed() > WITHIN {
                    let why = format!("{WITHIN:?} after the clocks were right, at {}: {why}", place.url);
                    day.notes.wrong(why);
                    break;
                }
                thread::sleep(PAUSE);
            }
        }
        // Only now, or others would take its seats.
        day.ledger.issued(0, &bought.license);
        day.ledger.bound(&bought.license, &bought.name);
    }
    Ok(())
}

fn is_yes(wire: &str, answer: &Answer) -> Result<()> {
    match answer {
        Answer::Yes => Ok(()),
        other => {
            Err(Failure::new(format!("a license that was sold by a wrong clock, with {wire}: {other:?}")))
        }
    }
}

/// What a server shows to everybody.
fn nothing_is_from_the_future(client: &Client, tenant: &str) -> Result<()> {
    let (status, shown) = client.get(&format!("/api/v1/trust?tenant={tenant}"))?;
    crate::client::expect(status, &[200], "ask for trust", &shown)?;
    let latest = SystemClock.now().plus(TOLERANCE_SECONDS).get();
    for kind in ["keyset", "tenant_keyset", "certificate"] {
        let issued_at = issued_at(&shown[kind])?;
        if issued_at > latest {
            return Err(Failure::new(format!("the {kind} was signed in the future: {issued_at}")));
        }
    }
    Ok(())
}

fn issued_at(envelope: &Value) -> Result<u64> {
    let payload = STANDARD.decode(text(envelope, "payload")?).doing("read a payload")?;
    let payload: Value = serde_json::from_slice(&payload).doing("read a payload")?;
    payload["issued_at"].as_u64().ok_or_else(|| Failure::new(format!("no issued_at in {payload}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_time_of_a_signature_is_read_from_the_payload() {
        let payload = STANDARD.encode(r#"{"issued_at":1795932000}"#);
        assert_eq!(issued_at(&json!({ "payload": payload })).unwrap(), 1_795_932_000);
        assert!(issued_at(&json!(null)).is_err());
    }
}
