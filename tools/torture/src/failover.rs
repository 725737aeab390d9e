//! PostgreSQL dies and starts again, breaks its connections at any statement, or comes back as it was some time ago.

mod cases;
mod older;
mod tally;

use crate::day::{Day, Setting};
use crate::lines::Lines;
use crate::options::{Common, Engine};
use crate::random::Random;
use harness::Death;
use harness::failure::{Failure, Result};
use harness::postgres::Postgres;
use older::Older;
use std::path::Path;
use std::thread;
use std::time::Duration;
use tally::Tally;

const SHORT: u32 = 6;
const WHOLE: u32 = 100;
/// PostgreSQL dies up to this much after all was well, or in the middle of a write.
const MORE_MICROSECONDS: u64 = 300_000;
/// For so long a write is waited for, in whose middle it happens.
const WRITES_WITHIN: Duration = Duration::from_millis(500);
/// A write group has two dozen messages, from BEGIN to the answer of COMMIT: it is hit at any of them.
const MESSAGES: u64 = 26;
/// It is away for up to this much more than its start takes.
const AWAY_MS: u64 = 2_500;
/// Connections break so often in one round, and up to so much more.
const BREAKS: u64 = 4;
const MORE_BREAKS: u64 = 4;
/// Between two of them.
const BETWEEN_MS: u64 = 150;

/// How to torture.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
}

/// What every round works with.
struct Rounds<'a> {
    day: &'a Day,
    lines: &'a Lines,
    postgres: &'a Postgres,
    tally: &'a Tally,
}

/// Breaks PostgreSQL under two servers as often as asked.
pub(crate) fn run(binary: &Path, options: &Options) -> Result<()> {
    for engine in options.common.engines(&[Engine::Postgres]) {
        let (seed, rounds) = (options.common.seed(), options.common.rounds(SHORT, WHOLE));
        println!("failover {}: seed {seed}, {rounds} rounds", engine.name());
        let (lines, tally) = (Lines::default(), Tally::default());
        let between = |_, url: &str| lines.through(url);
        let day = Setting { between: &between, synced: false, ..Setting::new(binary, engine) }.begin()?;
        let postgres = day.postgres.as_ref().ok_or_else(|| Failure::new("there is no PostgreSQL"))?;
        let outcome = day.work(seed, |day, random| {
            let torture = Rounds { day, lines: &lines, postgres, tally: &tally };
            // One kind after the other, so that a short run has them all; the seed says with which it begins.
            let first = u32::try_from(random.below(3)).expect("below a u32");
            (first..first + rounds).try_for_each(|round| torture.round(round, random))
        });
        if let Err(failure) = &outcome {
            day.notes.broke_off(failure);
        }
        day.close(&format!("failover {}, seed {seed}, {tally}", engine.name()))?;
        outcome?;
    }
    Ok(())
}

impl Rounds<'_> {
    fn round(&self, round: u32, random: &mut Random) -> Result<()> {
        let outcome = match round % 3 {
            0 => self.comes_back_older(random),
            1 => self.dies(random),
            _ => {
                self.breaks(random);
                Ok(())
            }
        };
        // Whatever happened, nobody waits at a line that is stalled.
        self.everywhere(|at| self.lines.of(at).come_back());
        outcome?;
        self.day.well().map(drop)
    }

    /// What was written since the copy is lost; nothing else may be wrong.
    fn comes_back_older(&self, random: &mut Random) -> Result<()> {
        let older = Older::begin(self.day, self.postgres, random)?;
        self.day.trouble();
        self.in_the_middle(usize::from(random.below(2) == 0), random);
        self.die(random)?;
        let silence = self.day.silence();
        let snapshot = older.snapshot();
        self.postgres.go_back(snapshot)?;
        self.rise()?;
        let agreed = older.judge(random)?;
        let lost = self.day.forget_what_is_gone()?;
        drop(silence);
        self.tally.older(lost, agreed);
        Ok(())
    }

    /// Nothing acknowledged is lost.
    fn dies(&self, random: &mut Random) -> Result<()> {
        self.day.trouble();
        self.in_the_middle(usize::from(random.below(2) == 0), random);
        self.die(random)?;
        thread::sleep(Duration::from_millis(random.below(AWAY_MS)));
        self.rise()?;
        self.tally.died();
        Ok(())
    }

    /// Connections break again and again, at any statement.
    fn breaks(&self, random: &mut Random) {
        self.day.trouble();
        for _ in 0..BREAKS + random.below(MORE_BREAKS) {
            let at = usize::from(random.below(2) == 0);
            let amid = self.in_the_middle(at, random);
            let both = random.below(3) == 0;
            self.everywhere(|other| {
                if other == at || both {
                    let (place, line) = (&self.day.places[other], self.lines.of(other));
                    place.cut_off();
                    line.drop_connections();
                    place.may_connect();
                    line.come_back();
                    place.connected();
                }
            });
            self.tally.broke(amid);
            thread::sleep(Duration::from_millis(random.below(BETWEEN_MS)));
        }
        self.tally.breaks();
    }

    /// Waits for a moment: mostly one amid a write of that server, whose line is stalled then.
    fn in_the_middle(&self, at: usize, random: &mut Random) -> bool {
        if random.below(6) == 0 {
            thread::sleep(Duration::from_micros(random.below(MORE_MICROSECONDS)));
            return false;
        }
        let messages = u32::try_from(random.below(MESSAGES)).expect("below a u32");
        self.lines.of(at).stall_in_transaction(messages, WRITES_WITHIN).is_some()
    }

    fn die(&self, random: &mut Random) -> Result<()> {
        self.everywhere(|at| self.day.places[at].cut_off());
        let death = if random.below(2) == 0 { Death::Killed } else { Death::Immediate };
        self.postgres.die(death)?;
        self.everywhere(|at| self.lines.of(at).come_back());
        Ok(())
    }

    fn rise(&self) -> Result<()> {
        self.everywhere(|at| self.day.places[at].may_connect());
        self.postgres.start_again()?;
        self.everywhere(|at| self.day.places[at].connected());
        Ok(())
    }

    fn everywhere(&self, what: impl FnMut(usize)) {
        (0..self.day.places.len()).for_each(what);
    }
}
