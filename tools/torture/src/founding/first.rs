//! First starts: two at once, killed ones, and both.

use super::Figures;
use super::attempt::{Attempt, Started, a_moment_of};
use super::proof;
use crate::random::Random;
use crate::server::{Launch, Server};
use harness::failure::{Doing, Result};
use harness::postgres::{Postgres, free_port};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// The most kills before somebody lets it start.
const KILLS: u64 = 3;

/// An empty folder and an empty database.
pub(super) struct Site<'a> {
    pub(super) launch: Launch,
    postgres: Option<(&'a Postgres, String)>,
    _folder: TempDir,
}

impl<'a> Site<'a> {
    pub(super) fn new((binary, postgres): (&Path, Option<&'a Postgres>), name: &str) -> Result<Self> {
        let folder = tempfile::tempdir().doing("make a temporary folder")?;
        let database = postgres.map(|postgres| postgres.create_database(name)).transpose()?;
        let mut launch = Launch::new(binary, folder.path(), database.as_deref());
        // The same at every start, or clients would find another origin.
        launch.listen = format!("127.0.0.1:{}", free_port()?);
        let postgres = postgres.map(|postgres| (postgres, name.to_owned()));
        Ok(Self { launch, postgres, _folder: folder })
    }
}

impl Drop for Site<'_> {
    fn drop(&mut self) {
        if let Some((postgres, name)) = &self.postgres
            && let Err(failure) = postgres.drop_database(name)
        {
            eprintln!("{failure}");
        }
    }
}

/// Two first starts at once.
pub(super) fn two_at_once(
    given: (&Path, Option<&Postgres>),
    number: u32,
    random: &mut Random,
    figures: &mut Figures,
) -> Result<()> {
    let site = Site::new(given, &format!("founding_{number}"))?;
    figures.races += 1;
    let one = Attempt::begin(&site.launch)?;
    // Together, or the second one a little later.
    a_moment_of(Duration::from_millis(1 + 200 * random.below(2)), random);
    let other = Attempt::begin(&site.launch)?;
    let (winner, loser) = match (one.outcome()?, other.outcome()?) {
        (Started::Serves(winner), loser) | (loser, Started::Serves(winner)) => (winner, loser),
        (loser, other) => return loser.is_refused_properly().and(other.is_refused_properly()),
    };
    loser.is_refused_properly()?;
    figures.refused += 1;
    proof::is_one_installation(&site.launch, winner)
}

/// Two first starts at once, one of which is killed; then another start.
pub(super) fn two_at_once_and_a_kill(
    given: (&Path, Option<&Postgres>),
    (number, window): (u32, Duration),
    random: &mut Random,
    figures: &mut Figures,
) -> Result<()> {
    let site = Site::new(given, &format!("founding_{number}"))?;
    figures.races += 1;
    let (one, other) = (Attempt::begin(&site.launch)?, Attempt::begin(&site.launch)?);
    a_moment_of(window, random);
    figures.killed_starts += u32::from(one.kill()?);
    let server = match other.outcome()? {
        Started::Serves(server) => server,
        ended => {
            ended.is_refused_properly()?;
            figures.refused += 1;
            Server::start(&site.launch)?
        }
    };
    proof::is_one_installation(&site.launch, server)
}

/// First starts that are killed, and then one that is not.
pub(super) fn killed(
    given: (&Path, Option<&Postgres>),
    (number, window): (u32, Duration),
    random: &mut Random,
    figures: &mut Figures,
) -> Result<()> {
    let site = Site::new(given, &format!("founding_{number}"))?;
    for _ in 0..=random.below(KILLS) {
        let attempt = Attempt::begin(&site.launch)?;
        a_moment_of(window, random);
        figures.killed_starts += u32::from(attempt.kill()?);
    }
    let server = Server::start(&site.launch)?;
    proof::is_one_installation(&site.launch, server)
}
