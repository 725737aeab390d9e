//! What every torture can be told.

use std::hash::{BuildHasher, RandomState};

/// The database engines.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Engine {
    /// The default, in the data folder
    Sqlite,
    /// A server of the run's own
    Postgres,
}

impl Engine {
    /// Its name in figures.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// Options of all tortures.
#[derive(clap::Args)]
pub(crate) struct Common {
    /// How often the bad thing is done, on each engine
    #[arg(long)]
    rounds: Option<u32>,
    /// The short form, which is a stage of `cargo xtask test`
    #[arg(long, conflicts_with = "rounds")]
    short: bool,
    /// Repeats the choices of an earlier run
    #[arg(long)]
    seed: Option<u64>,
    /// Which database engine; all that the torture knows if not given
    #[arg(long, value_enum)]
    engine: Option<Engine>,
}

impl Common {
    /// The given number of rounds, or that of the short or the whole form.
    pub(crate) fn rounds(&self, short: u32, whole: u32) -> u32 {
        self.rounds.unwrap_or(if self.short { short } else { whole })
    }

    /// Whether this is the short form.
    pub(crate) fn is_short(&self) -> bool {
        self.short
    }

    /// The given seed, or one that nobody chose.
    pub(crate) fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| RandomState::new().hash_one(()))
    }

    /// Those of `known` that were asked for.
    pub(crate) fn engines(&self, known: &[Engine]) -> Vec<Engine> {
        known.iter().copied().filter(|engine| self.engine.is_none_or(|asked| asked == *engine)).collect()
    }
}
