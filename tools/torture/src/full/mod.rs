//! Something runs out under load and comes back: disks, descriptors, memory.

mod asking;
mod disk;
mod inspector;
mod kind;
mod press;
mod rounds;
mod site;

use crate::day::Setting;
use crate::options::{Common, Engine};
use harness::failure::Result;
use kind::Kind;
use rounds::Rounds;
use site::Site;
use std::path::Path;

const SHORT: u32 = 7;
/// On each engine; together they are a hundred.
const WHOLE: u32 = 50;

/// How to torture.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
}

/// Lets things run out as often as asked.
pub(crate) fn run(binary: &Path, options: &Options) -> Result<()> {
    for engine in options.common.engines(&[Engine::Sqlite, Engine::Postgres]) {
        let (seed, rounds) = (options.common.seed(), options.common.rounds(SHORT, WHOLE));
        println!("full {}: seed {seed}, {rounds} rounds", engine.name());
        let site = Site::new(engine)?;
        let prepare = |at, launch: &mut _| site.prepare(at, launch);
        let setting =
            Setting { database: site.database()?, prepare: &prepare, ..Setting::new(binary, engine) };
        let day = setting.begin()?;
        let kinds = Kind::all(engine, site.disks.is_some());
        let held = if options.common.is_short() { rounds::SHORT } else { rounds::LONG };
        let mut run = Rounds::new(&site, engine, held);
        let outcome = day.work(seed, |day, random| {
            let kinds = kinds.iter().cycle().take(rounds as usize);
            kinds.copied().try_for_each(|kind| run.round(day, kind, random))
        });
        run.print();
        // What broke a round says more than what cannot be compared because of it.
        let closed = day.close(&format!("full {}, seed {seed}, {rounds} rounds", engine.name()));
        outcome.and(closed)?;
        run.verdict()?;
    }
    Ok(())
}
