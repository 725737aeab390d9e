//! How a day begins: the servers, the app that is sold, and its first customers.

use super::customers::{Condemned, Customer, DeviceClock};
use super::installation::Day;
use super::notes::Notes;
use super::place::Place;
use super::stored::DATABASE;
use crate::client::{App, Client, Issued, text};
use crate::ledger::Ledger;
use crate::options::Engine;
use crate::server::Launch;
use harness::failure::{Doing, Failure, Result};
use harness::postgres::{Postgres, free_port};
use harness::process;
use sealgate::{Clock, SystemClock};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::RwLock;
use std::thread;
use std::time::{Duration, Instant};

/// Customers on each wire.
const CUSTOMERS: usize = 4;
/// How long licenses hold that end.
pub(super) const ENDS_AFTER: Duration = Duration::from_hours(5 * 24);
/// Limits that no honest load meets, but limits: what they count is part of what may go wrong.
const CONFIGURATION: &str = "[limits]\nper_license = 1000000\nheartbeats_per_license = 1000000\n\
                             per_address = 1000000\naddress_burst = 100000\nper_app = 10000000\n";
/// Seats of a license that is never full.
const EVERYBODY: u64 = 1_000_000;
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const APPROVED_WITHIN: Duration = Duration::from_secs(20);

/// What a torture needs.
pub(crate) struct Setting<'a> {
    /// The program.
    pub(crate) binary: &'a Path,
    /// SQLite has one server; PostgreSQL two, the second of which is a runtime.
    pub(crate) engine: Engine,
    /// A PostgreSQL database of the torture's own; without it, a database server is started for the day.
    pub(crate) database: Option<String>,
    /// Whether each server has a clock of its own that can be set.
    pub(crate) clocks: bool,
    /// The URL by which each server reaches the database, made from the real one: for what comes between them.
    pub(crate) between: &'a dyn Fn(usize, &str) -> String,
    /// Whether PostgreSQL waits for the disk. It need not where only processes die.
    pub(crate) synced: bool,
    /// Changes how each server is started.
    pub(crate) prepare: &'a dyn Fn(usize, &mut Launch),
}

impl<'a> Setting<'a> {
    /// With nothing special about it.
    pub(crate) fn new(binary: &'a Path, engine: Engine) -> Self {
        Self {
            binary,
            engine,
            database: None,
            clocks: false,
            synced: true,
            between: &|_, url| url.to_owned(),
            prepare: &|_, _| {},
        }
    }

    /// Starts the servers and sells the first licenses. All is well when this returns.
    pub(crate) fn begin(&self) -> Result<Day> {
        let folder = tempfile::tempdir().doing("make a temporary folder")?;
        let starts = self.engine == Engine::Postgres && self.database.is_none();
        let postgres = starts.then(|| self.postgres()).transpose()?;
        let started = postgres.as_ref().map(|postgres| postgres.create_database(DATABASE)).transpose()?;
        let database = self.database.clone().or(started);
        let first = self.place(folder.path(), 0, database.as_deref())?;
        first.start()?;
        let token = first.launch.token()?;
        let app = Client::new(&first.url, &token).create_app("Day")?;
        let mut places = vec![first];
        if let Some(database) = &database {
            let second = self.place(folder.path(), 1, Some(database))?;
            join(&places[0], &second)?;
            places.push(second);
        }
        let devices = DeviceClock::default();
        let ledger = Ledger::default();
        let seller = Seller { client: Client::new(&places[0].url, &token), app: &app, ledger: &ledger };
        let trust = seller.trust()?;
        let mut customers = seller.customers(&places, trust, &devices)?;
        if self.clocks {
            customers.extend(seller.customers_for_a_time(&places, trust, &devices)?);
        }
        let open_house = seller.sell(EVERYBODY)?;
        let (notes, condemned, asking) = (Notes::default(), Condemned::default(), RwLock::default());
        let day = Day {
            places,
            devices,
            notes,
            ledger,
            token,
            app,
            postgres,
            open_house,
            trust,
            asking,
            customers,
            condemned,
            folder,
        };
        day.well()?;
        Ok(day)
    }

    fn postgres(&self) -> Result<Postgres> {
        if self.synced { Postgres::start() } else { Postgres::start_unsynced() }
    }

    fn place(&self, folder: &Path, at: usize, database: Option<&str>) -> Result<Place> {
        let folder = folder.join(format!("server-{at}"));
        fs::create_dir(&folder).doing("make a folder")?;
        let configuration = folder.join("sealgate.toml");
        fs::write(&configuration, CONFIGURATION).doing("write a configuration")?;
        let database = database.map(|url| (self.between)(at, url));
        let mut launch = Launch::new(self.binary, &folder, database.as_deref());
        launch.listen = format!("127.0.0.1:{}", free_port()?);
        launch.more = vec!["--config".to_owned(), configuration.display().to_string()];
        if at > 0 {
            launch.more.extend(["--role", "runtime"].map(str::to_owned));
        }
        if self.clocks {
            launch.environment = clock(&folder.join("clock"));
        }
        (self.prepare)(at, &mut launch);
        let place = Place::new(launch);
        place.set_clock(0)?;
        Ok(place)
    }
}

/// Makes a program read its time from this file, each time that it looks; what passes is left alone.
fn clock(file: &Path) -> Vec<(String, String)> {
    let file = file.display().to_string();
    let variables = [
        ("LD_PRELOAD", FAKETIME),
        ("FAKETIME_TIMESTAMP_FILE", &file),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
        ("NO_FAKE_STAT", "1"),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// Makes the second server a runtime of the first one's installation.
pub(crate) fn join(first: &Place, second: &Place) -> Result<()> {
    let vendor = |verb: &[&str]| -> Result<Value> {
        let said = process::capture(&mut first.launch.vendor(&first.url, verb))?;
        serde_json::from_str(&said).doing("read what the program says")
    };
    vendor(&["keys", "share", "-o", &second.launch.data().display().to_string()])?;
    second.start()?;
    let begin = Instant::now();
    while begin.elapsed() < APPROVED_WITHIN {
        let servers = vendor(&["server", "list"])?;
        let waiting = servers.as_array().into_iter().flatten().find(|server| server["status"] == "waiting");
        if let Some(waiting) = waiting {
            return vendor(&["server", "approve", &text(waiting, "server_id")?, "--yes"]).map(drop);
        }
        thread::sleep(Duration::from_millis(50));
    }
    Err(Failure::new("the second server does not wait for its approval"))
}

/// Who sells what the day begins with.
struct Seller<'a> {
    client: Client<'a>,
    app: &'a App,
    ledger: &'a Ledger,
}

impl Seller<'_> {
    /// The SDK wants a constant of the build. A run has one day, or a few.
    fn trust(&self) -> Result<&'static [u8]> {
        let (_, trust) = self.client.get(&format!("/api/v1/apps/{}/trust", self.app.id))?;
        Ok(trust.to_string().into_bytes().leak())
    }

    fn sell(&self, seats: u64) -> Result<Issued> {
        self.order(&json!({ "app_id": self.app.id, "count": 1, "max_devices": seats }))
    }

    fn order(&self, order: &Value) -> Result<Issued> {
        let license = self.client.order(order)?;
        self.ledger.issued(0, &license);
        Ok(license)
    }

    /// Licenses with one seat each, and who sits there.
    fn customers(
        &self,
        places: &[Place],
        trust: &'static [u8],
        devices: &DeviceClock,
    ) -> Result<Vec<Customer>> {
        let mut customers = vec![];
        for n in 0..CUSTOMERS {
            customers.push(Customer::named(self.sell(1)?, format!("desk-{n}")));
            customers.push(Customer::with_sdk(self.sell(1)?, trust, places, devices)?);
        }
        Ok(customers)
    }

    /// The same for licenses that end so soon that a clock that is ahead finds them over.
    fn customers_for_a_time(
        &self,
        places: &[Place],
        trust: &'static [u8],
        devices: &DeviceClock,
    ) -> Result<Vec<Customer>> {
        let ends = SystemClock.now().plus(ENDS_AFTER.as_secs()).to_string();
        let order = json!({ "app_id": self.app.id, "count": 1, "max_devices": 1, "expires_at": ends });
        let named = Customer::named(self.order(&order)?, "desk-for-a-time".to_owned());
        let with_sdk = Customer::with_sdk(self.order(&order)?, trust, places, devices)?;
        Ok(vec![named.ending(), with_sdk.ending()])
    }
}
