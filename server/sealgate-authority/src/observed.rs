//! What running software asked and was told: counted in memory, written behind (`spec/http.md` §3.13).
//!
//! Many alike become one row, so that guessing cannot fill the disk and a busy server does not write for each answer.
//! A crash may lose what was not written yet; nothing that guards a right stands here.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealgate_artifact::{AppId, Code, Device, LicenseId, RecordId, TenantId};
use sealgate_store::table::{self, EventRow, Said, Sighting};
use sealgate_store::{Db, StoreError, Tx, Work};
use sha2::{Digest, Sha256};
use tokio::sync::RwLock;

use crate::Ids;
use crate::pending::{Pending, Rows};
use crate::seen::Seen;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
/// Rows under way at most. Beyond, refusals are counted by app alone, and answers not at all.
const PENDING: usize = 250_000;
/// Rows of refusals under way at most: so many different guesses can be told apart within a minute.
const REFUSALS: usize = 10_000;
/// Rows that are written in one transaction: others write in between.
const ROWS: usize = 500;
/// Devices that are written in one transaction, each by its key.
const DEVICES: usize = 100;

/// What a request was about, as far as that was found out.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The app and its tenant.
    pub owner: Option<(TenantId, AppId)>,
    /// The license.
    pub license: Option<LicenseId>,
    /// The device's name.
    pub device: Option<String>,
    /// The license key that was asked with is none that anybody can have (`spec/http.md` §1.8).
    pub mistyped: bool,
    /// Devices and seats of the license, where it has no seat left.
    pub no_seat: Option<(u64, u64)>,
    /// What bars whoever asks, should they be told that they are `blocked`.
    pub barred: Barred,
}

/// What bars somebody who is `blocked`: for the vendor alone. Whoever asks might try the next device or address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Barred {
    /// The device, by an access list.
    #[default]
    Device,
    /// The address, by an access list.
    Address,
    /// The license is suspended.
    Suspended,
}

impl Barred {
    /// The kind of such an event. A view shows what stands behind the colon as the reason.
    fn kind(self) -> &'static str {
        match self {
            Self::Device => "refused:device",
            Self::Address => "refused:address",
            Self::Suspended => "refused:suspended",
        }
    }
}

/// Counts what was asked and answered, and writes it in time. One per process; clones share its rows.
#[derive(Clone)]
pub struct Observed {
    rows: Arc<Mutex<Rows>>,
    seen: Arc<Mutex<Seen>>,
    /// Held by every task that writes rows, so that the end can wait for all of them.
    writing: Arc<RwLock<()>>,
    db: Db,
    ids: Ids,
}

impl Observed {
    /// Nothing was observed yet.
    pub fn new(db: Db, ids: Ids) -> Self {
        Self { rows: Arc::default(), seen: Arc::default(), writing: Arc::default(), db, ids }
    }

    /// A positive answer: one row for a license, device and hour.
    pub fn answer(&self, kind: &'static str, about: &About, request_id: &str) {
        self.count(kind, None, about, HOUR, request_id);
    }

    /// A refusal: one row for a license, or an app where no license was found, and a code and minute.
    pub fn refusal(&self, code: Code, about: &About, request_id: &str) {
        let kind = if code == Code::Blocked { about.barred.kind() } else { "refused" };
        self.count(kind, Some(code), about, MINUTE, request_id);
    }

    /// A device that was let in, and what it said of itself: written at once if it is new, else once an hour.
    pub fn saw(&self, license: LicenseId, device: &Device, said: &Said) {
        let mut seen = self.seen.lock().expect("no holder of this lock panics");
        if seen.is_news((license, device), said, self.ids.elapsed()) {
            let (device, said) = (device.clone(), said.clone());
            seen.wait(Sighting { license, device, said, at: self.ids.now() });
        }
    }

    fn count(&self, kind: &'static str, code: Option<Code>, about: &About, window: u64, request_id: &str) {
        // Nobody's app: there is no vendor to tell. The log has it.
        let Some((tenant, app)) = about.owner else { return };
        let now = self.ids.now();
        let until = (now.get() / window + 1) * window;
        let due = self.ids.elapsed() + Duration::from_secs(until - now.get());
        let device = about.device.as_deref().filter(|_| code.is_none());
        let mut key = key(kind, code, app, about.license, device, until);
        let mut rows = self.rows.lock().expect("no holder of this lock panics");
        if rows.count(key) {
            return;
        }
        let most = if code.is_some() { PENDING + REFUSALS } else { PENDING };
        let mut about = about.clone();
        if rows.len() >= most {
            let Some(code) = code else { return };
            key = self::key(kind, Some(code), app, None, None, until);
            if rows.count(key) {
                return;
            }
            about = About { owner: about.owner, ..About::default() };
        }
        let row = EventRow {
            id: self.ids.fresh(RecordId::new).to_string(),
            tenant,
            app: Some(app),
            license: about.license,
            device: about.device,
            at: now,
            kind: kind.into(),
            code: code.map(|code| code.to_string()),
            request_id: request_id.to_owned(),
            count: 1,
            moved_from: None,
        };
        rows.insert(key, Pending { row, due });
    }

    /// Writes the rows whose time has come.
    pub async fn write_due(&self) -> Result<(), StoreError> {
        self.write_seen().await?;
        let now = self.ids.elapsed();
        if now < self.rows.lock().expect("no holder of this lock panics").first_due() {
            return Ok(());
        }
        self.write_those(|rows| rows.take_due(now)).await
    }

    /// Writes every row, before the server ends.
    pub async fn write_all(&self) -> Result<(), StoreError> {
        // Whoever hung up waits for nothing any more, but what they began is still being written.
        drop(self.writing.write().await);
        let seen = self.write_seen().await;
        self.write_those(Rows::take_all).await.and(seen)
    }

    /// Writes what devices said of themselves, before a vendor looks at them.
    pub async fn write_seen(&self) -> Result<(), StoreError> {
        let writing = Arc::clone(&self.writing).read_owned().await;
        let devices = {
            let mut seen = self.seen.lock().expect("no holder of this lock panics");
            if seen.is_empty() {
                return Ok(());
            }
            seen.take()
        };
        let mut taken = TakenDevices { devices, of: self.clone() };
        // As rows are written.
        let written = tokio::spawn(async move {
            let outcome = taken.write().await;
            drop((taken, writing));
            outcome
        });
        written.await.map_err(|error| StoreError::Broken(error.to_string()))?
    }

    /// Writes what a vendor is about to look at: refusals, and all about one license.
    pub async fn write_of(&self, tenant: TenantId, license: Option<LicenseId>) -> Result<(), StoreError> {
        self.write_those(|rows| rows.take_of(tenant, license)).await
    }

    async fn write_those(&self, take: impl FnOnce(&mut Rows) -> Vec<Pending>) -> Result<(), StoreError> {
        let writing = Arc::clone(&self.writing).read_owned().await;
        let taken = {
            let mut rows = self.rows.lock().expect("no holder of this lock panics");
            take(&mut rows)
        };
        if taken.is_empty() {
            return Ok(());
        }
        let mut taken = Taken { rows: taken, of: self.clone() };
        // A task of its own: a reader who hangs up ends only the waiting.
        let written = tokio::spawn(async move {
            let outcome = taken.write().await;
            drop((taken, writing));
            outcome
        });
        written.await.map_err(|error| StoreError::Broken(error.to_string()))?
    }
}

/// Rows on their way to the database. However that ends, what was not written is put back.
struct Taken {
    rows: Vec<Pending>,
    of: Observed,
}

impl Taken {
    async fn write(&mut self) -> Result<(), StoreError> {
        while !self.rows.is_empty() {
            let from = self.rows.len().saturating_sub(ROWS);
            let some = self.rows[from..].iter().map(|pending| pending.row.clone()).collect();
            self.of.db.write(InsertEvents(some)).await?;
            self.rows.truncate(from);
        }
        Ok(())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        let rows = std::mem::take(&mut self.rows);
        let lost =
            self.of.rows.lock().expect("no holder of this lock panics").put_back(rows, PENDING + REFUSALS);
        if lost > 0 {
            tracing::error!(
                lost,
                "counts could not be written, and there is no room for them: they are lost"
            );
        }
    }
}

/// Devices on their way to the database.
struct TakenDevices {
    devices: Vec<Sighting>,
    of: Observed,
}

impl TakenDevices {
    async fn write(&mut self) -> Result<(), StoreError> {
        while !self.devices.is_empty() {
            let from = self.devices.len().saturating_sub(DEVICES);
            self.of.db.write(UpdateDevices(self.devices[from..].to_vec())).await?;
            self.devices.truncate(from);
        }
        Ok(())
    }
}

impl Drop for TakenDevices {
    fn drop(&mut self) {
        let devices = std::mem::take(&mut self.devices);
        self.of.seen.lock().expect("no holder of this lock panics").put_back(devices);
    }
}

fn key(
    kind: &str,
    code: Option<Code>,
    app: AppId,
    license: Option<LicenseId>,
    device: Option<&str>,
    until: u64,
) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in [kind, code.map_or("", Code::as_str), device.unwrap_or_default()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(app.as_bytes());
    hash.update(license.map_or([0; 16], |id| *id.as_bytes()));
    hash.update(until.to_be_bytes());
    *hash.finalize().first_chunk().expect("a digest has 32 bytes")
}

struct InsertEvents(Vec<EventRow>);

impl Work for InsertEvents {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        table::events::insert_again(tx, &self.0.iter().collect::<Vec<_>>()).await
    }
}

struct UpdateDevices(Vec<Sighting>);

impl Work for UpdateDevices {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        table::sightings::saw(tx, &self.0).await
    }
}
