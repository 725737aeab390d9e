//! Devices that were let in, and what they said of themselves: kept in memory, written behind (`spec/http.md` §3.10).

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use sealgate_artifact::{Device, LicenseId};
use sealgate_store::table::{Said, Sighting};

/// How often a device is written that says the same.
const SAME: Duration = Duration::from_hours(1);
/// Devices that are remembered, so that they are not written again. Beyond, whoever comes is written more often.
const REMEMBERED: usize = 200_000;
/// Devices that wait to be written. Beyond, they are written when they come again.
const WAITING: usize = 20_000;

/// What a device said last, by a hash that nobody outside knows, and since when.
struct Known {
    words: u64,
    since: Duration,
}

/// Devices that were seen.
#[derive(Default)]
pub(crate) struct Seen {
    hasher: RandomState,
    known: HashMap<u64, Known>,
    waiting: HashMap<u64, Sighting>,
}

impl Seen {
    /// Whether this has to be written: the device was not seen for an hour, or says something else than before.
    pub(crate) fn is_news(&mut self, of: (LicenseId, &Device), said: &Said, now: Duration) -> bool {
        let (device, words) = (self.place(of), self.hasher.hash_one(said));
        let is_same = |known: &Known| known.words == words && now.saturating_sub(known.since) < SAME;
        if self.known.get(&device).is_some_and(is_same) || self.waiting.len() >= WAITING {
            return false;
        }
        if self.known.len() >= REMEMBERED {
            self.known.retain(|_, known| now.saturating_sub(known.since) < SAME);
            if self.known.len() >= REMEMBERED {
                self.known.clear();
            }
        }
        self.known.insert(device, Known { words, since: now });
        true
    }

    /// Keeps it until it is written. What the same device said before needs no writing any more.
    pub(crate) fn wait(&mut self, sighting: Sighting) {
        let place = self.place((sighting.license, &sighting.device));
        self.waiting.insert(place, sighting);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn take(&mut self) -> Vec<Sighting> {
        self.waiting.drain().map(|(_, sighting)| sighting).collect()
    }

    /// Keeps what could not be written, unless the device said something since.
    pub(crate) fn put_back(&mut self, sightings: Vec<Sighting>) {
        for sighting in sightings {
            let place = self.place((sighting.license, &sighting.device));
            self.waiting.entry(place).or_insert(sighting);
        }
    }

    fn place(&self, of: (LicenseId, &Device)) -> u64 {
        self.hasher.hash_one(of)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sealgate_artifact::{Device, LicenseId, UnixSeconds};
    use sealgate_store::table::{Said, Sighting};

    use super::{REMEMBERED, Seen, WAITING};

    fn license(n: u64) -> LicenseId {
        LicenseId::new(n, [0; 10])
    }

    fn desk() -> Device {
        Device::parse("hwid", "desk").expect("a hwid")
    }

    fn said(name: &str) -> Said {
        Said { name: Some(name.to_owned()), ..Said::default() }
    }

    fn sighting(n: u64, name: &str) -> Sighting {
        let at = UnixSeconds::new(1).expect("in range");
        Sighting { license: license(n), device: desk(), said: said(name), at }
    }

    #[test]
    fn a_device_is_news_once_an_hour_and_when_it_says_something_else() {
        let mut seen = Seen::default();
        let mut is_news =
            |n, name: &str, now| seen.is_news((license(n), &desk()), &said(name), Duration::from_secs(now));
        assert!(is_news(1, "a", 0) && is_news(2, "a", 0), "two licenses, two seats");
        assert!(!is_news(1, "a", 3599));
        assert!(is_news(1, "b", 3599), "another name");
        assert!(!is_news(1, "b", 7198));
        assert!(is_news(1, "b", 7199));
    }

    #[test]
    fn what_was_said_last_is_written_and_nothing_newer_is_lost() {
        let mut seen = Seen::default();
        seen.wait(sighting(1, "a"));
        seen.wait(sighting(1, "b"));
        let taken = seen.take();
        assert_eq!(taken, [sighting(1, "b")]);
        seen.wait(sighting(1, "c"));
        seen.put_back(taken);
        assert_eq!(seen.take(), [sighting(1, "c")]);
        assert!(seen.is_empty());
    }

    #[test]
    fn memory_stays_bounded() {
        let mut seen = Seen::default();
        let now = Duration::from_secs(5);
        for n in 0..REMEMBERED as u64 + 10 {
            assert!(seen.is_news((license(n), &desk()), &said("a"), now));
        }
        assert!(seen.known.len() <= REMEMBERED);
        for n in 0..WAITING as u64 {
            seen.wait(sighting(n, "a"));
        }
        assert!(!seen.is_news((license(REMEMBERED as u64 * 2), &desk()), &said("a"), now), "no room");
        seen.take();
        assert!(seen.is_news((license(REMEMBERED as u64 * 2), &desk()), &said("a"), now), "it comes again");
    }
}
