//! `million`: what others wait for where one license without a limit has a million devices, beside the same server where it
//! has few.

use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

use serde_json::{Value, json};

use crate::asking::Asker;
use crate::bulk::Seats;
use crate::load::{CONNECTIONS, Load, NONCE_AT, post, question, write_nonce};
use crate::native::{self, Pinned};
use crate::server::Server;
use crate::vendor::Vendor;
use crate::{processors, report};

/// Devices that take their seats by asking; the others' rows are written into the database.
const ASKING: u32 = 1_000;
/// Licenses in one order.
const ORDER: u32 = 1_000;
/// Devices on a page.
const PAGE: usize = 50;
/// Devices of the customer who came first: one page.
const FIRST_DEVICES: u32 = 5;
/// Nobody waits longer than so many times as long.
const GOAL: f64 = 2.0;

/// What the bench is told.
pub struct Plan<'a> {
    pub devices: u32,
    pub beside: u32,
    pub rounds: u32,
    pub requests: u32,
    /// PostgreSQL databases for the many and for the few; SQLite without.
    pub databases: Option<(&'a str, &'a str)>,
}

impl Plan<'_> {
    /// Licenses that one kind of question uses up: each gets its first device once, and a round is not counted.
    fn customers(&self) -> u32 {
        (self.rounds + 1) * self.requests
    }
}

pub async fn run(sealgate: &Path, plan: &Plan<'_>) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let place = |name: &str, url: Option<&str>| Place {
        program: sealgate.to_owned(),
        data: dir.path().join(name),
        database: url.map(ToOwned::to_owned),
    };
    let few = place("few", plan.databases.map(|(_, few)| few));
    let few = Side::make(few, plan.beside, plan.customers()).await?;
    let many = place("many", plan.databases.map(|(many, _)| many));
    let many = Side::make(many, plan.devices, plan.customers()).await?;
    processors::apart([&few.server, &many.server])?;

    let engine = if plan.databases.is_some() { "postgres" } else { "sqlite" };
    let mut sides = [few.ready()?, many.ready()?];
    for asking in ASKED {
        let (mut values, mut limits) = (Vec::new(), Vec::new());
        // Once without counting: connections, statements and caches are then as they stay.
        for round in 0..=plan.rounds {
            let [limit, value] =
                asking.round(&mut sides, round * plan.requests..(round + 1) * plan.requests)?;
            if round > 0 {
                limits.push(limit);
                values.push(value);
            }
        }
        report::times(&format!("million-{engine}-{}", asking.name), &values, &limits, GOAL);
    }
    for (name, side) in [("few", &sides[0]), ("many", &sides[1])] {
        let resident = side.server.memory()?.0;
        report::figure(&format!("million-{engine}-memory-{name}"), "MiB", &[resident as f64 / 1024.0]);
    }
    Ok(())
}

/// A kind of request, and whether the answer is the one that was asked for: a fast wrong answer is no figure.
struct Asked {
    name: &'static str,
    /// What it does besides does not count.
    request: fn(&mut Side, u32) -> Result<Vec<u8>>,
    holds: fn(&[u8]) -> bool,
}

const ASKED: [Asked; 9] = [
    Asked {
        name: "other-native",
        request: |s, n| s.pinned.question(&s.customers.native[n as usize], u64::from(n) + 1),
        holds: native::allows,
    },
    Asked {
        name: "other-authforge",
        request: |s, n| Ok(s.authforge(&s.customers.authforge[n as usize], &device("other", n))),
        holds: |_| true,
    },
    Asked {
        name: "same-native",
        request: |s, n| s.pinned.question(&s.unlimited.key, (1 << 40) + u64::from(n)),
        holds: native::allows,
    },
    Asked {
        name: "same-authforge",
        request: |s, n| Ok(s.authforge(&s.unlimited.key, &device("same", n))),
        holds: |_| true,
    },
    Asked {
        name: "list",
        request: |s, _| Ok(s.get(&format!("/api/v1/devices?limit={PAGE}&license_id={}", s.unlimited.id))),
        holds: |answer| devices_in(answer) == PAGE,
    },
    Asked {
        name: "list-late",
        request: |s, _| Ok(s.get(&s.late)),
        holds: |answer| devices_in(answer) == PAGE,
    },
    Asked {
        name: "list-other",
        request: |s, _| Ok(s.get(&format!("/api/v1/devices?limit={PAGE}&license_id={}", s.first.id))),
        holds: |answer| devices_in(answer) == FIRST_DEVICES as usize,
    },
    Asked {
        name: "search",
        request: |s, n| Ok(s.get(&format!("/api/v1/licenses?device={}", device("seat", n % s.devices)))),
        holds: |answer| String::from_utf8_lossy(answer).matches("\"license_id\":").count() == 1,
    },
    Asked { name: "release", request: |s, _| s.release_newest(), holds: |_| true },
];

impl Asked {
    /// Microseconds in the median with few and with many devices. They take turns after every request, so that what disturbs
    /// the machine disturbs both.
    fn round(&self, sides: &mut [Side; 2], numbers: std::ops::Range<u32>) -> Result<[f64; 2]> {
        let mut times = [Vec::new(), Vec::new()];
        for n in numbers {
            for (side, times) in sides.iter_mut().zip(&mut times) {
                let request = (self.request)(side, n)?;
                times.push(side.time(request, self.holds)?);
            }
        }
        Ok(times.map(|times| report::median(&times)))
    }
}

/// Where a server is, to start it more than once.
struct Place {
    program: PathBuf,
    data: PathBuf,
    database: Option<String>,
}

impl Place {
    fn start(&self) -> Result<Server> {
        Server::sealgate(&self.program, &self.data, self.database.as_deref())
    }

    /// Writes seats of a license, while no server runs.
    fn fill(&self, (trust, license): (&Value, &str), numbers: std::ops::Range<u32>) -> Result<()> {
        let text = |name: &str| trust[name].as_str().unwrap_or_default();
        let (tenant, app) = (text("tenant"), text("app"));
        let seats = Seats { tenant, app, license, name: |n| device("seat", n) };
        match &self.database {
            Some(url) => seats.fill_postgres(url, numbers),
            None => seats.fill_sqlite(&self.data.join("sealgate.db"), numbers),
        }
    }

    fn token(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.data.join("admin.token"))?.trim().to_owned())
    }
}

/// A license, and who it is for.
struct Sold {
    id: String,
    key: String,
}

/// Keys of licenses that nobody has used yet.
struct Customers {
    native: Vec<String>,
    authforge: Vec<String>,
}

/// A server with a license that has many devices, or few, and with others' licenses.
struct Side {
    server: Server,
    asker: Asker,
    token: String,
    app: Value,
    pinned: Pinned,
    devices: u32,
    unlimited: Sold,
    /// Whose devices came before all others.
    first: Sold,
    customers: Customers,
    /// The query of a late page of the unlimited license's devices.
    late: String,
}

impl Side {
    /// Starts a server, fills its database, and starts it again, so that nothing is in memory.
    async fn make(place: Place, devices: u32, customers: u32) -> Result<Self> {
        let server = place.start()?;
        let vendor = Vendor::new(&server.address, &place.token()?);
        let app = vendor.make("/api/v1/apps", &json!({ "name": "Editor" }))?;
        let trust =
            vendor.get(&format!("/api/v1/apps/{}/trust", app["app_id"].as_str().unwrap_or_default()))?;
        let first = issue(&vendor, &app, 1)?.remove(0);
        let unlimited = issue(&vendor, &app, 1)?.remove(0);
        let keys = |count| -> Result<Vec<String>> {
            Ok(issue(&vendor, &app, count)?.into_iter().map(|sold| sold.key).collect())
        };
        let customers = Customers { native: keys(customers)?, authforge: keys(customers)? };

        bind(&server, &app, &first.key, "first", 0..FIRST_DEVICES).await?;
        let asking = ASKING.min(devices);
        bind(&server, &app, &unlimited.key, "seat", 0..asking).await?;
        drop((server, vendor));
        let trust: Value = serde_json::from_str(&trust)?;
        let began = Instant::now();
        place.fill((&trust, &unlimited.id), asking..devices)?;
        eprintln!("{devices} devices after {:.0} s", began.elapsed().as_secs_f64());

        let server = place.start()?;
        let pinned = Pinned::of(&trust)?;
        let (token, late) = (place.token()?, String::new());
        let asker = Asker::connect(&server.address)?;
        Ok(Self { server, asker, token, app, pinned, devices, unlimited, first, customers, late })
    }

    /// Looks how many devices there are, and where a late page begins. Over a new connection: the server closes one that
    /// is silent while the other server is filled.
    fn ready(mut self) -> Result<Self> {
        self.asker = Asker::connect(&self.server.address)?;
        let shown = self.ask(self.get(&format!("/api/v1/licenses/{}", self.unlimited.id)))?;
        if shown["devices_used"] != self.devices {
            return Err(Error::other(format!(
                "{} devices instead of {}",
                shown["devices_used"], self.devices
            )));
        }
        // The oldest devices' page but one: the cursor of a page of the first customer's devices would be older.
        let mut query = format!("/api/v1/devices?limit=200&license_id={}", self.unlimited.id);
        for _ in 0..self.devices / 200 - 1 {
            let page = self.ask(self.get(&query))?;
            let cursor = page["next_cursor"].as_str().unwrap_or_default().replace('+', "%2B");
            query = format!("/api/v1/devices?limit=200&license_id={}&cursor={cursor}", self.unlimited.id);
        }
        self.late = query.replace("limit=200", &format!("limit={PAGE}"));
        Ok(self)
    }

    fn authforge(&self, key: &str, device: &str) -> Vec<u8> {
        let mut request = question(&self.app, key, device);
        write_nonce(&mut request, NONCE_AT, 0);
        request
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let token = &self.token;
        format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n")
            .into_bytes()
    }

    /// The vendor takes the seat of the device that came last away from it.
    fn release_newest(&mut self) -> Result<Vec<u8>> {
        let newest = self.get(&format!("/api/v1/devices?limit=1&license_id={}", self.unlimited.id));
        let newest = self.ask(newest)?["items"][0]["device_id"].clone();
        let path = format!("/api/v1/devices/{}/release", newest.as_str().unwrap_or_default());
        let request = String::from_utf8(post(&path, "{}")).map_err(Error::other)?;
        let authorized = format!("authorization: Bearer {}\r\ncontent-length: ", self.token);
        Ok(request.replacen("content-length: ", &authorized, 1).into_bytes())
    }

    fn ask(&mut self, request: Vec<u8>) -> Result<Value> {
        self.asker.take(request);
        Ok(serde_json::from_slice(self.asker.ask()?.1)?)
    }

    /// Microseconds until the answer is there.
    fn time(&mut self, request: Vec<u8>, holds: fn(&[u8]) -> bool) -> Result<f64> {
        self.asker.take(request);
        let began = Instant::now();
        let (status, answer) = self.asker.ask()?;
        let elapsed = began.elapsed();
        if status == 200 && holds(answer) {
            return Ok(elapsed.as_secs_f64() * 1e6);
        }
        Err(Error::other(format!("{status}: {:.300}", String::from_utf8_lossy(answer))))
    }
}

/// Gives seats to devices, each asking by itself.
async fn bind(
    server: &Server,
    app: &Value,
    key: &str,
    name: &str,
    numbers: std::ops::Range<u32>,
) -> Result<()> {
    let requests = numbers.map(|n| question(app, key, &device(name, n))).collect();
    let load = Load { connections: CONNECTIONS, requests: Rc::new(requests), nonce_at: NONCE_AT };
    load.each_once(&server.address).await.map(drop)
}

/// Licenses for as many devices as come.
fn issue(vendor: &Vendor, app: &Value, count: u32) -> Result<Vec<Sold>> {
    let (mut sold, text) = (Vec::new(), |value: &Value| value.as_str().unwrap_or_default().to_owned());
    while (sold.len() as u32) < count {
        let order = ORDER.min(count - sold.len() as u32);
        let wish = json!({ "app_id": app["app_id"], "count": order, "max_devices": "unlimited" });
        let issued = vendor.make("/api/v1/licenses", &wish)?;
        let issued = issued["licenses"].as_array().ok_or_else(|| Error::other("no licenses"))?;
        sold.extend(issued.iter().map(|l| Sold { id: text(&l["license_id"]), key: text(&l["license_key"]) }));
    }
    Ok(sold)
}

/// A device's name: of 64 characters, as AuthForge's SDKs send them, and in no order.
fn device(name: &str, n: u32) -> String {
    let mixed = u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{mixed:016x}{n:016x}{name:->32}")
}

fn devices_in(answer: &[u8]) -> usize {
    String::from_utf8_lossy(answer).matches("\"device_id\":").count()
}
