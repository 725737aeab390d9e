//! Seats of a license, written into the database of a server that does not run: the rows that a first validation on
//! AuthForge's wire writes, without the waiting.

use std::io::{BufWriter, Error, Result, Write};
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, params};
use sealgate_artifact::{DeviceId, RecordId};

/// Whose seats.
pub struct Seats<'a> {
    pub tenant: &'a str,
    pub app: &'a str,
    pub license: &'a str,
    /// The name of the device of a number.
    pub name: fn(u32) -> String,
}

/// The ids that a seat gets, and when.
struct Taken {
    device: String,
    event: String,
    request: String,
    at: u64,
}

impl Taken {
    fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let millis = since.as_millis() as u64;
        let random = || *fastrand::u128(..).to_be_bytes().first_chunk().expect("sixteen bytes have ten");
        Self {
            device: DeviceId::new(millis, random()).to_string(),
            event: RecordId::new(millis, random()).to_string(),
            request: RecordId::new(millis, random()).to_string().replace('-', "")[..22].to_owned(),
            at: since.as_secs(),
        }
    }
}

impl Seats<'_> {
    /// Into a server's SQLite database, in one transaction.
    pub fn fill_sqlite(&self, file: &Path, numbers: Range<u32>) -> Result<()> {
        let mut connection = Connection::open(file).map_err(Error::other)?;
        // All indexes in memory until the end: their pages are written once. Nobody needs half of the rows.
        connection
            .execute_batch("PRAGMA cache_size = -2000000; PRAGMA synchronous = OFF")
            .map_err(Error::other)?;
        self.insert(&mut connection, numbers).map_err(Error::other)
    }

    fn insert(&self, connection: &mut Connection, numbers: Range<u32>) -> rusqlite::Result<()> {
        let transaction = connection.transaction()?;
        let mut device = transaction.prepare(
            "INSERT INTO devices (license_id, kind, identity, device_id, tenant_id, first_seen) \
             VALUES (?1, 'hwid', ?2, ?3, ?4, ?5)",
        )?;
        let mut event = transaction.prepare(
            "INSERT INTO events (event_id, tenant_id, app_id, license_id, device, at, kind, request_id, count) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'device_bound', ?7, 1)",
        )?;
        for n in numbers.clone() {
            let (name, taken) = ((self.name)(n), Taken::now());
            device.execute(params![self.license, name, taken.device, self.tenant, taken.at as i64])?;
            let (at, request) = (taken.at as i64, taken.request);
            event.execute(params![taken.event, self.tenant, self.app, self.license, name, at, request])?;
        }
        drop((device, event));
        transaction.execute(
            "UPDATE licenses SET devices_used = devices_used + ?1 WHERE license_id = ?2",
            params![numbers.len() as i64, self.license],
        )?;
        transaction.commit()
    }

    /// Into a PostgreSQL database, by `psql`. Its statistics are those of the filled tables afterwards, as they are a
    /// minute later by themselves.
    pub fn fill_postgres(&self, url: &str, numbers: Range<u32>) -> Result<()> {
        let mut psql = Command::new("psql");
        psql.args(["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--file", "-", url]);
        let mut psql = psql.stdin(Stdio::piped()).spawn()?;
        let script = psql.stdin.take().expect("piped");
        let written = self.script(&mut BufWriter::new(script), numbers);
        let status = psql.wait()?;
        written?;
        if status.success() { Ok(()) } else { Err(Error::other("psql failed")) }
    }

    fn script(&self, to: &mut impl Write, numbers: Range<u32>) -> Result<()> {
        let Self { tenant, app, license, name } = self;
        writeln!(
            to,
            "BEGIN;\nCOPY devices (license_id, kind, identity, device_id, tenant_id, first_seen) FROM STDIN;"
        )?;
        for n in numbers.clone() {
            let (name, Taken { device, at, .. }) = (name(n), Taken::now());
            writeln!(to, "{license}\thwid\t{name}\t{device}\t{tenant}\t{at}")?;
        }
        writeln!(
            to,
            "\\.\nCOPY events (event_id, tenant_id, app_id, license_id, device, at, kind, request_id, count) FROM STDIN;"
        )?;
        for n in numbers.clone() {
            let (name, Taken { event, request, at, .. }) = (name(n), Taken::now());
            writeln!(to, "{event}\t{tenant}\t{app}\t{license}\t{name}\t{at}\tdevice_bound\t{request}\t1")?;
        }
        let count = numbers.len();
        writeln!(
            to,
            "\\.\nUPDATE licenses SET devices_used = devices_used + {count} WHERE license_id = '{license}';"
        )?;
        writeln!(to, "COMMIT;\nVACUUM ANALYZE;")?;
        to.flush()
    }
}
