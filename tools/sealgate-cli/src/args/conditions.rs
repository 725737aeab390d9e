//! Flags of the conditions that plans and licenses carry (`spec/license.md` §2.13 to §2.23).

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::Args as ClapArgs;
use sealgate_artifact::limits;

/// A number; `None` is `none`: the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OrNone(pub(crate) Option<u64>);

impl std::fmt::Display for OrNone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(number) => number.fmt(f),
            None => f.write_str(NONE),
        }
    }
}

/// What takes something away.
pub(crate) const NONE: &str = "none";

#[derive(ClapArgs)]
pub(crate) struct ConditionsArgs {
    /// A JSON file with what programs enforce, as in {"heartbeat": {"interval": 3600, "grace": 86400}}; - reads standard input, and
    /// `none` takes the policy away. The file is the whole policy. Programs need the guard of our SDK: without it they refuse the
    /// license with `crit_unknown`
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// How many copies of the program may run on one device at once, 1 to 1000, or `none` for 1
    #[arg(long, value_name = "N", value_parser = instances)]
    pub(crate) max_instances: Option<OrNone>,
    /// Licenses may go to machines without a network, in bundles that end after at most so many days, 1 to 3650; `none` if they may not,
    /// which takes the next two away, too. A trial's may not
    #[arg(long, value_name = "N", value_parser = days)]
    pub(crate) offline_days: Option<OrNone>,
    /// To how many machines such a bundle may go that did not ask, 1 to 1000000, or `none` if each asks first
    #[arg(long, value_name = "N", value_parser = machines)]
    pub(crate) offline_pool: Option<OrNone>,
    /// How many days the journal may be old that the next bundle needs, 1 to 3650, or `none` if it needs none
    #[arg(long, value_name = "N", value_parser = days)]
    pub(crate) offline_journal_days: Option<OrNone>,
    /// How often a year seats can be taken back from devices, for each seat of a license: with 10 seats, 2 allows 20. 0 to 1000, or
    /// `none` for 2
    #[arg(long, value_name = "N", value_parser = times)]
    pub(crate) releases: Option<OrNone>,
    /// How many dead machines a year the customer may replace, 0 to 1000, or `none` for none
    #[arg(long, value_name = "N", value_parser = times)]
    pub(crate) replacements: Option<OrNone>,
}

fn instances(text: &str) -> Result<OrNone, String> {
    within(text, 1..=limits::INSTANCES)
}

fn days(text: &str) -> Result<OrNone, String> {
    within(text, 1..=3_650)
}

fn machines(text: &str) -> Result<OrNone, String> {
    within(text, 1..=limits::MAX_DEVICES.into())
}

fn times(text: &str) -> Result<OrNone, String> {
    within(text, 0..=1_000)
}

fn within(text: &str, range: RangeInclusive<u64>) -> Result<OrNone, String> {
    if text == NONE {
        return Ok(OrNone(None));
    }
    let number = text.parse().ok().filter(|number| range.contains(number));
    let expected = || format!("expected {} to {}, or `none`", range.start(), range.end());
    number.map(|number| OrNone(Some(number))).ok_or_else(expected)
}
