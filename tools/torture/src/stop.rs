//! One of two servers stands still in the middle of whatever it does, or loses its database: the other one must go on.

mod tally;
mod witness;

use crate::day::{Day, Setting};
use crate::lines::Lines;
use crate::options::{Common, Engine};
use crate::random::Random;
use harness::Talk;
use harness::failure::{Failure, Result};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};
use tally::{Hit, Tally};
use witness::Witnesses;

const SHORT: u32 = 4;
const WHOLE: u32 = 200;
/// A stop at any moment comes up to this much after all was well.
const MORE_MICROSECONDS: u64 = 200_000;
/// For so long, a write is waited for in which to stop.
const WRITES_WITHIN: Duration = Duration::from_secs(2);
/// A write group has two dozen messages, from BEGIN to the answer of COMMIT: it is hit at any of them.
const MESSAGES: u64 = 26;
/// For so long at least it stands still after a revocation was acknowledged, and for up to so much more.
const REVOKED_FOR: Duration = Duration::from_millis(1_300);
const STANDS_STILL_MS: u64 = 700;
/// The other one goes on within this time.
const GOES_ON_WITHIN: Duration = Duration::from_secs(10);

/// How to torture.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
}

/// What befalls one of the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The process stands still.
    Stands,
    /// Its database says nothing any more.
    Stalled,
    /// Its connections break, and no other can be made.
    Cut,
    /// Its connections break once.
    Dropped,
}

/// What one round does.
struct Round<'a> {
    day: &'a Day,
    lines: &'a Lines,
    kind: Kind,
    /// Which server.
    at: usize,
    tally: &'a Tally,
}

/// Stops one of two servers as often as asked.
pub(crate) fn run(binary: &Path, options: &Options) -> Result<()> {
    for engine in options.common.engines(&[Engine::Postgres]) {
        let (seed, rounds) = (options.common.seed(), options.common.rounds(SHORT, WHOLE));
        println!("stop {}: seed {seed}, {rounds} rounds", engine.name());
        let (lines, tally) = (Lines::default(), Tally::default());
        let between = |_, url: &str| lines.through(url);
        let day = Setting { between: &between, synced: false, ..Setting::new(binary, engine) }.begin()?;
        let outcome = day.work(seed, |day, random| {
            (0..rounds).try_for_each(|_| Round::any(day, &lines, &tally, random).run(random))
        });
        if let Err(failure) = &outcome {
            day.notes.broke_off(failure);
        }
        for why in [tally.says_too_little(), tally.says_too_much()].into_iter().flatten() {
            day.notes.wrong(why);
        }
        day.close(&format!("stop {}, seed {seed}, {tally}", engine.name()))?;
        outcome?;
    }
    Ok(())
}

impl<'a> Round<'a> {
    fn any(day: &'a Day, lines: &'a Lines, tally: &'a Tally, random: &mut Random) -> Self {
        let kind = match random.below(6) {
            0..3 => Kind::Stands,
            3 => Kind::Stalled,
            4 => Kind::Cut,
            _ => Kind::Dropped,
        };
        // The second one more often, because only the first one can revoke meanwhile.
        Self { day, lines, kind, at: usize::from(random.below(3) > 0), tally }
    }

    fn run(&self, random: &mut Random) -> Result<()> {
        let witnesses = Witnesses::sit((self.day, self.tally), self.at, random)?;
        let seeds: Vec<u64> = (0..witnesses.count()).map(|_| random.next()).collect();
        thread::scope(|scope| {
            for (n, seed) in seeds.into_iter().enumerate() {
                let witnesses = &witnesses;
                scope.spawn(move || witnesses.ask(n, Random::new(seed)));
            }
            let outcome = self.stop_and_go_on(&witnesses, random);
            witnesses.go_home();
            outcome
        })
    }

    fn stop_and_go_on(&self, witnesses: &Witnesses, random: &mut Random) -> Result<()> {
        let begin = Instant::now();
        self.day.trouble();
        let hit = self.begin(witnesses, random)?;
        self.tally.count(hit);
        if self.at == 1 {
            self.revoke(witnesses, begin, random)?;
        }
        if self.kind != Kind::Dropped {
            self.day.well()?;
            thread::sleep(REVOKED_FOR.saturating_sub(witnesses.revoked_for()));
            thread::sleep(Duration::from_millis(random.below(STANDS_STILL_MS)));
            self.day.trouble();
            self.end()?;
        }
        self.day.well().map(drop)
    }

    /// Waits for the moment, and does it. Says what was hit.
    fn begin(&self, witnesses: &Witnesses, random: &mut Random) -> Result<Hit> {
        let (place, line) = (&self.day.places[self.at], self.lines.of(self.at));
        let mut talk = None;
        if random.below(8) == 0 {
            thread::sleep(Duration::from_micros(random.below(MORE_MICROSECONDS)));
        } else {
            let messages = u32::try_from(random.below(MESSAGES)).expect("below a u32");
            // The line is stalled at that moment, so that what follows comes in time.
            talk = line.stall_in_transaction(messages, WRITES_WITHIN);
        }
        match self.kind {
            Kind::Stands => {
                place.stop()?;
                witnesses.stopped();
                line.come_back();
            }
            Kind::Stalled => {
                place.cut_off();
                line.stall();
            }
            Kind::Cut => {
                place.cut_off();
                line.cut();
            }
            Kind::Dropped => {
                place.cut_off();
                line.drop_connections();
                place.may_connect();
                line.come_back();
                place.connected();
            }
        }
        if talk == Some(Talk::Committing) {
            return Ok(Hit::Commit);
        }
        // A broken connection leaves nothing behind at which PostgreSQL could be asked.
        let breaks = matches!(self.kind, Kind::Cut | Kind::Dropped);
        let open = if breaks { talk == Some(Talk::Open) } else { self.is_open(&line.ports())? };
        Ok(if open { Hit::Open } else { Hit::Nothing })
    }

    /// Whether PostgreSQL has a transaction of one of these connections, in which nothing goes on.
    fn is_open(&self, ports: &[u16]) -> Result<bool> {
        let postgres = self.day.postgres.as_ref().ok_or_else(|| Failure::new("there is no PostgreSQL"))?;
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        let question = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE client_port IN ({}) AND (state LIKE 'idle in transaction%' \
             OR (state = 'active' AND wait_event_type = 'Lock'))",
            ports.join(", ")
        );
        Ok(postgres.ask("postgres", &question)? != ["0"])
    }

    fn end(&self) -> Result<()> {
        let (place, line) = (&self.day.places[self.at], self.lines.of(self.at));
        if self.kind == Kind::Stands {
            return place.go_on();
        }
        place.may_connect();
        line.come_back();
        place.connected();
        Ok(())
    }

    /// The other one must be able to, soon. Whatever the one that stands still knows.
    fn revoke(&self, witnesses: &Witnesses, begin: Instant, random: &mut Random) -> Result<()> {
        let vendor = self.day.vendor();
        for license in witnesses.licenses() {
            while let Err(why) = vendor.revoke(&license.id) {
                if begin.elapsed() > GOES_ON_WITHIN {
                    self.day.notes.refused(format!("{GOES_ON_WITHIN:?} after {:?}: {why}", self.kind));
                    return Err(why);
                }
            }
            witnesses.revoked(&license.id);
            // Somebody may ask anew who has no answer yet.
            thread::sleep(Duration::from_millis(random.below(100)));
        }
        Ok(())
    }
}
