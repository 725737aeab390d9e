//! First starts, `keys share` and `server approve` that are done twice at once, or killed in the middle and done again.
//!
//! Whatever happens, one installation comes out: it serves on both wires, what it sold is good after the next start, which finds
//! the keys of the first, and a runtime gets all keys and one approval. Who comes second says `data_in_use`.

mod attempt;
mod figures;
mod first;
mod proof;
mod share;

use crate::options::{Common, Engine};
use crate::random::Random;
use figures::Figures;
use harness::failure::{Failure, Result};
use harness::postgres::Postgres;
use std::path::Path;

const SHORT: u32 = 6;
/// On each engine.
const WHOLE: u32 = 150;

/// How to torture.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
}

/// Founds as often as asked, on each engine.
pub(crate) fn run(binary: &Path, options: &Options) -> Result<()> {
    for engine in options.common.engines(&[Engine::Sqlite, Engine::Postgres]) {
        let (seed, rounds) = (options.common.seed(), options.common.rounds(SHORT, WHOLE));
        println!("founding {}: seed {seed}, {rounds} rounds", engine.name());
        let postgres = (engine == Engine::Postgres).then(Postgres::start).transpose()?;
        let mut figures = Figures::default();
        rounds_on(binary, postgres.as_ref(), (seed, rounds), &mut figures)?;
        let what = format!("founding {}, seed {seed}, {rounds} rounds", engine.name());
        println!("{what}: {figures}");
        if !figures.faults.is_empty() {
            return Err(Failure::new(format!("{what}: {}", figures.faults.join("\n"))));
        }
    }
    Ok(())
}

fn rounds_on(
    binary: &Path,
    postgres: Option<&Postgres>,
    (seed, rounds): (u64, u32),
    figures: &mut Figures,
) -> Result<()> {
    if let Some(postgres) = postgres {
        for database in [first::FOUNDED, share::AUTHORITY] {
            postgres.create_database(database)?;
        }
    }
    let authority = share::Authority::found(binary, postgres)?;
    // For kills in the middle of a start.
    let window = authority.start_takes;
    let mut random = Random::new(seed);
    for number in 0..rounds {
        // Of its own: how long something takes is no choice, and must not change the next one.
        let mut random = Random::new(random.next());
        let outcome = match (random.below(6), postgres) {
            (0, _) => first::two_at_once((binary, postgres), &mut random, figures),
            (1, _) => first::two_at_once_and_a_kill((binary, postgres), window, &mut random, figures),
            (2 | 3, _) => first::killed((binary, postgres), window, &mut random, figures),
            (4, Some(_)) if random.below(2) == 0 => authority.killed_approval(number, &mut random, figures),
            (4, _) => authority.killed_share(number, &mut random, figures),
            _ => authority.two_shares(number, &mut random, figures),
        };
        if let Err(fault) = outcome {
            figures.faults.push(format!("round {number}: {fault}"));
        }
    }
    Ok(())
}
