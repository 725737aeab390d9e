//! How much of a list.

use clap::Args as ClapArgs;

#[derive(ClapArgs)]
pub(crate) struct PartArgs {
    /// At most this many, the first ones
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["all", "count"])]
    pub(crate) limit: Option<u32>,
    /// All, which is also what you get without --limit
    #[arg(long, conflicts_with = "count")]
    pub(crate) all: bool,
    /// Only how many there are
    #[arg(long)]
    pub(crate) count: bool,
}

/// The same of what only grows.
#[derive(ClapArgs)]
pub(crate) struct NewestArgs {
    /// At most this many, newest first
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["all", "count"])]
    limit: u32,
    /// All, however many they are
    #[arg(long, conflicts_with = "count")]
    all: bool,
    /// Only how many there are
    #[arg(long)]
    count: bool,
}

impl NewestArgs {
    pub(crate) fn part(&self) -> PartArgs {
        PartArgs { limit: Some(self.limit).filter(|_| !self.all), all: self.all, count: self.count }
    }
}
