//! Kill -9 under load, restart, and compare with what was acknowledged.

use crate::books::Books;
use crate::client::{App, Client};
use crate::ledger::{Ledger, Verdict};
use crate::options::{Common, Engine};
use crate::random::Random;
use crate::server::{Launch, Server};
use harness::failure::{Doing, Failure, Result};
use harness::postgres::Postgres;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Clients that write at the same time: enough for commits to be shared between requests.
const CLIENTS: u64 = 8;
/// Acknowledged writes before a round may end, and how many more may come on top.
const WRITES: u64 = 50;
const MORE_WRITES: u64 = 100;
/// The kill comes up to this much later, so that it hits any step of a write.
const MORE_MICROSECONDS: u64 = 20_000;
/// Rounds unless told otherwise.
const SHORT: u32 = 30;
const ROUND_WITHIN: Duration = Duration::from_mins(2);

/// How to torture.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
    /// An empty PostgreSQL database; without it, a server is started for the run
    #[arg(long, value_name = "URL", conflicts_with = "engine")]
    database: Option<String>,
}

/// One run on one engine.
struct Plan<'a> {
    binary: &'a Path,
    /// A PostgreSQL database; SQLite without.
    database: Option<String>,
    /// How often to kill.
    rounds: u32,
    /// Chooses the moments.
    seed: u64,
}

/// The chosen engines, one after the other.
pub(crate) fn run(binary: &Path, options: &Options) -> Result<()> {
    let rounds = options.common.rounds(SHORT, SHORT);
    let run = |database| run_on(&Plan { binary, database, rounds, seed: options.common.seed() });
    if options.database.is_some() {
        return run(options.database.clone());
    }
    for engine in options.common.engines(&[Engine::Sqlite, Engine::Postgres]) {
        match engine {
            Engine::Sqlite => run(None)?,
            Engine::Postgres => {
                let postgres = Postgres::start()?;
                run(Some(postgres.create_database("crash")?))?;
            }
        }
    }
    Ok(())
}

/// Kills as often as the plan says and prints the figures; anything lost or over its cap is a failure.
fn run_on(plan: &Plan) -> Result<()> {
    let engine = if plan.database.is_some() { Engine::Postgres } else { Engine::Sqlite }.name();
    println!("crash {engine}: seed {}", plan.seed);
    let folder = tempfile::tempdir().doing("make a temporary folder")?;
    let launch = Launch::new(plan.binary, folder.path(), plan.database.as_deref());
    let mut torture = Torture::begin(&launch, plan.seed)?;
    let outcome = (1..=plan.rounds).try_for_each(|round| torture.round(round));
    let outcome = outcome.and_then(|()| torture.compare(None));

    let (lost, over_cap) = (torture.lost.len(), torture.over_cap.len());
    let writes = torture.ledger.writes();
    println!(
        "crash {engine}: {} rounds, {writes} acknowledged writes (at least {} in a round), {lost} lost, \
         {over_cap} over cap, {} audit rows verified",
        torture.rounds,
        torture.fewest.unwrap_or(0),
        torture.books.rows()
    );
    outcome.map_err(|failure| {
        Failure::new(format!("{failure}; seed {}; server log:\n{}", plan.seed, launch.log()))
    })?;
    if torture.ledger.devices() == 0 {
        return Err(Failure::new("no device was admitted, so the run says nothing about seats"));
    }
    if lost + over_cap == 0 {
        return Ok(());
    }
    Err(Failure::new(format!("{lost} lost {:?}, {over_cap} over cap {:?}", torture.lost, torture.over_cap)))
}

struct Torture<'a> {
    launch: &'a Launch,
    server: Server,
    token: String,
    app: App,
    ledger: Ledger,
    random: Random,
    rounds: u32,
    /// Acknowledged writes of the round that had the fewest before its kill.
    fewest: Option<u64>,
    books: Books,
    lost: BTreeSet<String>,
    over_cap: BTreeSet<String>,
}

impl<'a> Torture<'a> {
    fn begin(launch: &'a Launch, seed: u64) -> Result<Self> {
        let server = Server::start(launch)?;
        let token = launch.token()?;
        let app = Client::new(&server.url, &token).create_app("crash")?;
        let (ledger, random) = (Ledger::default(), Random::new(seed));
        let (lost, over_cap) = (BTreeSet::new(), BTreeSet::new());
        let (fewest, books) = (None, Books::default());
        Ok(Self { launch, server, token, app, ledger, random, rounds: 0, fewest, books, lost, over_cap })
    }

    fn round(&mut self, round: u32) -> Result<()> {
        let before = self.ledger.writes();
        self.write_until_killed(round)?;
        let writes = self.ledger.writes() - before;
        self.fewest = Some(self.fewest.map_or(writes, |fewest| fewest.min(writes)));
        self.server = Server::start(self.launch)?;
        self.compare(Some(round))?;
        // The app was created, and each license issued, in a change of its own.
        self.books.verify(self.launch, &self.server.url, self.ledger.licenses() + 1)?;
        self.rounds = round;
        Ok(())
    }

    fn write_until_killed(&mut self, round: u32) -> Result<()> {
        let enough = self.ledger.writes() + WRITES + self.random.below(MORE_WRITES);
        let delay = Duration::from_micros(self.random.below(MORE_MICROSECONDS));
        let seeds: Vec<u64> = (0..CLIENTS).map(|_| self.random.next()).collect();
        let url = self.server.url.clone();
        let stop = AtomicBool::new(false);
        let (server, ledger) = (&mut self.server, &self.ledger);
        let writer = Writer { url: &url, token: &self.token, app: &self.app, ledger, round, stop: &stop };

        let outcome = thread::scope(|scope| {
            for seed in seeds {
                let writer = &writer;
                scope.spawn(move || writer.write(Random::new(seed)));
            }
            let outcome = ledger.wait_for(enough, ROUND_WITHIN);
            thread::sleep(delay);
            let alive = server.is_running();
            stop.store(true, Ordering::Relaxed);
            let complaint = ledger.complaint();
            server.kill()?;
            outcome?;
            match complaint {
                Some(failure) => Err(Failure::new(format!("before the kill: {failure}"))),
                None if !alive => Err(Failure::new("the server ended before it was killed")),
                None => Ok(()),
            }
        });
        // The clients' last words are about the kill itself; the next round must not take them for its own.
        drop(ledger.complaint());
        outcome
    }

    /// Compares what the server shows with the ledger: of one round, or of all.
    fn compare(&mut self, round: Option<u32>) -> Result<()> {
        let client = Client::new(&self.server.url, &self.token);
        for owed in self.ledger.owed(round) {
            match owed.judge(client.show(&owed.license_id)?.as_ref()) {
                Verdict::Kept => {}
                Verdict::Lost => drop(self.lost.insert(owed.license_id)),
                Verdict::OverCap => drop(self.over_cap.insert(owed.license_id)),
            }
        }
        Ok(())
    }
}

/// What one client thread needs.
struct Writer<'a> {
    url: &'a str,
    token: &'a str,
    app: &'a App,
    ledger: &'a Ledger,
    round: u32,
    stop: &'a AtomicBool,
}

impl Writer<'_> {
    /// Writes until an answer stays out, which after the kill is how it ends.
    fn write(&self, mut random: Random) {
        let client = Client::new(self.url, self.token);
        while !self.stop.load(Ordering::Relaxed) {
            if let Err(failure) = self.write_once(&client, &mut random) {
                self.ledger.complain(failure);
                return;
            }
        }
    }

    /// A new license, or a device on a recent one, which clients race for: most have a single seat.
    fn write_once(&self, client: &Client, random: &mut Random) -> Result<()> {
        let recent = self.ledger.recent(random.next()).filter(|_| random.below(2) == 0);
        if let Some(license) = recent {
            let device = random.hex(4);
            if client.validate(self.app, &license, &device, &random.hex(2))? {
                self.ledger.bound(&license, &device);
            }
            return Ok(());
        }
        let license = client.issue(self.app, &format!("r{}-{:08x}", self.round, random.below(1 << 32)))?;
        self.ledger.issued(self.round, &license);
        Ok(())
    }
}
