//! First starts: two at once, killed ones, and both.

use super::attempt::{Attempt, Started, a_moment_of};
use super::figures::Figures;
use super::proof;
use crate::random::Random;
use crate::server::{Launch, Server};
use harness::failure::{Doing, Failure, Result};
use harness::postgres::{Postgres, free_port};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// The database of all rounds.
pub(super) const FOUNDED: &str = "founded";
/// The most kills before somebody lets it start.
const KILLS: u64 = 3;

/// The same server, which listens elsewhere: two at one address would refuse each other for that alone.
pub(super) fn elsewhere(launch: &Launch) -> Result<Launch> {
    Ok(Launch { listen: format!("127.0.0.1:{}", free_port()?), ..launch.clone() })
}

/// An empty folder and an empty database.
pub(super) struct Site {
    pub(super) launch: Launch,
    _folder: TempDir,
}

impl Site {
    /// In a database of this name, which is emptied: that is quicker than to make another one.
    pub(super) fn new((binary, postgres): (&Path, Option<&Postgres>), database: &str) -> Result<Self> {
        let folder = tempfile::tempdir().doing("make a temporary folder")?;
        let url = postgres.map(|postgres| postgres.url(database));
        if let Some(postgres) = postgres {
            postgres.ask(database, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")?;
        }
        let mut launch = Launch::new(binary, folder.path(), url.as_deref());
        // The same at every start, or clients would find another origin.
        launch.listen = format!("127.0.0.1:{}", free_port()?);
        Ok(Self { launch, _folder: folder })
    }
}

/// Two first starts at once.
pub(super) fn two_at_once(
    given: (&Path, Option<&Postgres>),
    random: &mut Random,
    figures: &mut Figures,
) -> Result<()> {
    let site = Site::new(given, FOUNDED)?;
    figures.races += 1;
    let launches = [site.launch.clone(), elsewhere(&site.launch)?];
    // Together, or the second one a little later.
    let later = Duration::from_millis(1 + 200 * random.below(2));
    let (launch, winner) = race(launches, || a_moment_of(later, random))?;
    figures.refused += 1;
    proof::is_one_installation(&launch, winner)
}

/// Two starts with one data directory, and something in between: which of them serves. The other one says why it does not.
pub(super) fn race(launches: [Launch; 2], between: impl FnOnce()) -> Result<(Launch, Server)> {
    let [one, other] = launches;
    let first = Attempt::begin(&one)?;
    between();
    let second = Attempt::begin(&other)?;
    let (launch, winner, loser) = match (first.outcome()?, second.outcome()?) {
        (Started::Serves(winner), loser) => (one, winner, loser),
        (loser, Started::Serves(winner)) => (other, winner, loser),
        (first, second) => {
            first.is_refused_properly().and(second.is_refused_properly())?;
            return Err(Failure::new("both of two starts were refused"));
        }
    };
    loser.is_refused_properly()?;
    Ok((launch, winner))
}

/// Two first starts at once, one of which is killed; then another start.
pub(super) fn two_at_once_and_a_kill(
    given: (&Path, Option<&Postgres>),
    window: Duration,
    random: &mut Random,
    figures: &mut Figures,
) -> Result<()> {
    let site = Site::new(given, FOUNDED)?;
    figures.races += 1;
    let launch = elsewhere(&site.launch)?;
    let (one, other) = (Attempt::begin(&site.launch)?, Attempt::begin(&launch)?);
    a_moment_of(window, random);
    figures.killed_starts += u32::from(one.kill()?);
    let server = match other.outcome()? {
        Started::Serves(server) => server,
        ended @ Started::Ended(..) => {
            ended.is_refused_properly()?;
            figures.refused += 1;
            Server::start(&launch)?
        }
    };
    proof::is_one_installation(&launch, server)
}

/// First starts that are killed, and then one that is not.
pub(super) fn killed(
    given: (&Path, Option<&Postgres>),
    window: Duration,
    random: &mut Random,
    figures: &mut Figures,
) -> Result<()> {
    let site = Site::new(given, FOUNDED)?;
    for _ in 0..=random.below(KILLS) {
        let attempt = Attempt::begin(&site.launch)?;
        a_moment_of(window, random);
        figures.killed_starts += u32::from(attempt.kill()?);
    }
    let server = Server::start(&site.launch)?;
    proof::is_one_installation(&site.launch, server)
}
