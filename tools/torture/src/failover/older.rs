//! A database that comes back as it was some time ago: every server must agree with it within a second, and say so.

use super::cases::Cases;
use crate::client::{Answer, Client};
use crate::day::{Day, Place};
use crate::random::Random;
use harness::Snapshot;
use harness::failure::{Failure, Result};
use harness::postgres::Postgres;
use serde_json::Value;
use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

/// Servers read on, and others write, for so long between the copy and the end, and up to so much more.
const READS_ON_MS: u64 = 500;
const MORE_MS: u64 = 700;
/// Every server agrees with the database so long after it is back.
const AGREES_WITHIN: Duration = Duration::from_secs(1);
/// What asking all of them takes on a busy machine.
const ASKING: Duration = Duration::from_millis(500);
const GIVES_UP: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);
/// What a server's log says then.
const LOGGED: &str = "the database is older than what this server had read from it";

/// What is known before.
pub(super) struct Older<'a> {
    day: &'a Day,
    cases: Cases<'a>,
    snapshot: Cell<Option<Snapshot>>,
    /// What each server says about an earlier gap, and how often its log does.
    gaps: Vec<(Value, usize)>,
}

impl<'a> Older<'a> {
    /// Makes a copy of the database, and goes on.
    pub(super) fn begin(day: &'a Day, postgres: &Postgres, random: &mut Random) -> Result<Self> {
        let mut cases = Cases::before(day, random)?;
        let snapshot = Cell::new(Some(postgres.copy()?));
        cases.after(random)?;
        thread::sleep(Duration::from_millis(READS_ON_MS + random.below(MORE_MS)));
        let gaps = day.places.iter().map(|place| Ok((gap(place)?, logged(place)))).collect::<Result<_>>()?;
        Ok(Self { day, cases, snapshot, gaps })
    }

    /// The copy, once.
    pub(super) fn snapshot(&self) -> Snapshot {
        self.snapshot.take().expect("it is taken once")
    }

    /// The database is back. Returns how long it took until every server agreed with it.
    pub(super) fn judge(&self, random: &mut Random) -> Result<Duration> {
        let back = Instant::now();
        let stored = self.day.licenses_stored()?;
        let cases = self.cases.by(&stored)?;
        let (mut somebody, mut last) = (None, String::new());
        loop {
            let pass = back.elapsed();
            let mut open = self.take_the_seat(&mut somebody, random);
            for (case, yes) in cases.iter().filter(|_| somebody.is_some()) {
                for at in 0..self.day.places.len() {
                    let asked = back.elapsed();
                    let answer = case.ask(&case.device, at, self.day, random);
                    let right = match &answer {
                        Answer::Yes => *yes,
                        Answer::No(_) => !yes,
                        Answer::Unanswered(_) => false,
                    };
                    if !right {
                        let url = &self.day.places[at].url;
                        let words = format!(
                            "a license {} at {url}, {asked:?} after the database came back: {answer:?}",
                            case.what
                        );
                        if asked > AGREES_WITHIN && !matches!(answer, Answer::Unanswered(_)) {
                            self.day.notes.wrong(words.clone());
                        }
                        open = Some(words);
                    }
                }
            }
            open = open.or_else(|| self.gap_is_not_named());
            let Some(why) = open else {
                if pass > AGREES_WITHIN + ASKING {
                    self.day.notes.wrong(format!(
                        "the servers agreed only {pass:?} after the database came back; before: {last}"
                    ));
                }
                return Ok(pass);
            };
            if pass > GIVES_UP {
                return Err(Failure::new(format!("{why}\n{}", self.day.logs())));
            }
            last = why;
            thread::sleep(PAUSE);
        }
    }

    /// Somebody takes the seat that is free again: from then on it is not free, whatever a server remembers.
    fn take_the_seat(&self, somebody: &mut Option<String>, random: &mut Random) -> Option<String> {
        if somebody.is_some() {
            return None;
        }
        let (case, device) = (self.cases.freed(), random.hex(4));
        match case.ask(&device, usize::from(random.below(2) == 0), self.day, random) {
            Answer::Yes => {
                self.day.ledger.bound(&case.license, &device);
                *somebody = Some(device);
                None
            }
            answer => Some(format!("a seat that is free again: {answer:?}")),
        }
    }

    fn gap_is_not_named(&self) -> Option<String> {
        let named = |place: &Place, before: &(Value, usize)| {
            let said = gap(place).ok()?;
            (said.is_object() && said != before.0 && logged(place) > before.1).then_some(())
        };
        let silent =
            self.day.places.iter().zip(&self.gaps).find(|(place, before)| named(place, before).is_none());
        let now = |place| (gap(place).map_err(|why| why.to_string()), logged(place));
        silent.map(|(place, before)| {
            format!("{} does not name the gap: {:?}, before: {before:?}", place.url, now(place))
        })
    }
}

/// What a server says about the last time that its database went back.
fn gap(place: &Place) -> Result<Value> {
    let (_, ready) = Client::new(&place.url, "").get("/readyz")?;
    Ok(ready["database_went_back"].clone())
}

fn logged(place: &Place) -> usize {
    place.launch.log().matches(LOGGED).count()
}
