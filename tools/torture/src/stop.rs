//! One of two servers stands still in the middle of whatever it does: the other one must go on.

use crate::day::{Day, Setting};
use crate::options::{Common, Engine};
use crate::random::Random;
use harness::failure::Result;
use std::path::Path;
use std::thread;
use std::time::Duration;

const SHORT: u32 = 5;
const WHOLE: u32 = 200;
/// The stop comes up to this much after all was well, so that it hits any step of a write.
const MORE_MICROSECONDS: u64 = 200_000;
/// It stands still for up to this long after the other one went on, so that what it held has been taken from it, or not.
const STANDS_STILL_MS: u64 = 2_000;

/// How to torture.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
}

/// Stops one of two servers as often as asked.
pub(crate) fn run(binary: &Path, options: &Options) -> Result<()> {
    for engine in options.common.engines(&[Engine::Postgres]) {
        let (seed, rounds) = (options.common.seed(), options.common.rounds(SHORT, WHOLE));
        println!("stop {}: seed {seed}, {rounds} rounds", engine.name());
        let day = Setting::new(binary, engine).begin()?;
        let outcome = day.work(seed, |day, random| (0..rounds).try_for_each(|_| round(day, random)));
        day.close(&format!("stop {}, seed {seed}, {rounds} rounds", engine.name()))?;
        outcome?;
    }
    Ok(())
}

fn round(day: &Day, random: &mut Random) -> Result<()> {
    thread::sleep(Duration::from_micros(random.below(MORE_MICROSECONDS)));
    let place = &day.places[usize::from(random.below(2) == 1)];
    day.trouble();
    place.stop()?;
    day.well()?;
    thread::sleep(Duration::from_millis(random.below(STANDS_STILL_MS)));
    day.trouble();
    place.go_on()?;
    day.well().map(drop)
}
