//! Customers whom nothing but a new beginning can help, by what a wrong clock signed for them.

use super::installation::Day;
use super::setting::ENDS_AFTER;
use crate::client::Answer;
use crate::random::Random;
use harness::failure::{Failure, Result};
use sealgate::{Clock, SystemClock};
use serde_json::json;
use std::thread;
use std::time::{Duration, Instant};

const CURED_WITHIN: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

impl Day {
    /// Clients of the SDK that took what servers signed that were started with the same wrong clock as theirs. They remember
    /// that time: those for which certificates end soon, as a doubted clock makes them, are refused although all clocks are
    /// right. They get another license on a device that remembers nothing. Returns how many.
    pub(crate) fn list_apart(&self, random: &mut Random) -> Result<u64> {
        let (since, mut apart) = (Instant::now(), 0);
        for customer in self.customers.iter().filter(|customer| customer.kind.has_sdk) {
            let ends = customer.kind.ends.then(|| SystemClock.now().plus(ENDS_AFTER.as_secs()).to_string());
            let order = json!({ "app_id": self.app.id, "count": 1, "max_devices": 1, "expires_at": ends });
            let license = self.vendor().order(&order)?;
            let anew = self.customer_with_sdk(license.clone())?;
            while anew.ask(&self.app, (0, &self.places[0]), random) != Answer::Yes {
                if since.elapsed() > 2 * CURED_WITHIN {
                    return Err(Failure::new(format!("{} is refused", anew.name())));
                }
                thread::sleep(PAUSE);
            }
            customer.begin_anew(anew);
            // Only now, or others would take its seat.
            self.ledger.issued(0, &license);
            apart += 1;
        }
        Ok(apart)
    }
}
