//! What a day consists of, and how it is judged at its end.

use super::customers::{Condemned, Customer, DeviceClock};
use super::notes::Notes;
use super::place::{PATIENCE, Place};
use super::stored::{self, Stored};
use crate::client::{Answer, App, Client, Issued};
use crate::ledger::{Ledger, Verdict};
use crate::random::Random;
use harness::failure::{Failure, Result};
use harness::postgres::Postgres;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tempfile::TempDir;

/// Begins the code by which a server refuses to sign because of its clock.
const CLOCK_CODE: &str = "\"clock_";

/// One installation under load.
pub(crate) struct Day {
    /// Its servers; the first has the vendor's side.
    pub(crate) places: Vec<Place>,
    /// The clock of all devices that use the SDK.
    pub(crate) devices: DeviceClock,
    /// What went wrong, and how much went well.
    pub(crate) notes: Notes,
    /// What was acknowledged.
    pub(crate) ledger: Ledger,
    /// The owner's token.
    pub(crate) token: String,
    /// What is sold.
    pub(crate) app: App,
    /// The database server, if it is the run's own.
    pub(crate) postgres: Option<Postgres>,
    /// A license with seats for everybody, for when nobody sells.
    pub(crate) open_house: Issued,
    /// What programs pin.
    pub(crate) trust: &'static [u8],
    /// Held by customers while they ask.
    pub(super) asking: RwLock<()>,
    /// Who has a seat and must be served.
    pub(super) customers: Vec<Customer>,
    /// What was revoked.
    pub(super) condemned: Condemned,
    /// Everything that is kept on disk.
    pub(super) folder: TempDir,
}

impl Day {
    /// The vendor's client at the server with the vendor's side.
    pub(crate) fn vendor(&self) -> Client<'_> {
        Client::within(&self.places[0].url, &self.token, PATIENCE)
    }

    /// Whether the vendor's side refused this because it doubts its clock, and may.
    pub(crate) fn is_refused_for_the_clock(&self, why: &Failure) -> bool {
        self.places[0].is_doubted() && why.to_string().contains(CLOCK_CODE)
    }

    /// The folder of everything, for what a torture keeps beside the servers.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// What each customer from this one on is told by the server there. All of them have a seat. They ask one by one, as the
    /// answers are taken.
    pub(crate) fn answers(
        &self,
        at: usize,
        first: usize,
        random: &mut Random,
    ) -> impl Iterator<Item = (String, Answer)> {
        self.customers
            .iter()
            .skip(first)
            .map(move |customer| (customer.name(), customer.ask(&self.app, (at, &self.places[at]), random)))
    }

    /// From here on something bad goes on, and customers may be refused.
    pub(crate) fn trouble(&self) {
        self.notes.weather.storm();
    }

    /// A new customer on this license, who asks with the SDK.
    pub(crate) fn customer_with_sdk(&self, license: Issued) -> Result<Customer> {
        Customer::with_sdk(license, self.trust, &self.places, &self.devices)
    }

    /// Somebody asks, as long as this is held.
    pub(super) fn at_work(&self) -> RwLockReadGuard<'_, ()> {
        self.asking.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody asks. Nobody does as long as this is held.
    pub(crate) fn silence(&self) -> RwLockWriteGuard<'_, ()> {
        self.asking.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The licenses in the database, read without any server.
    pub(crate) fn licenses_stored(&self) -> Result<BTreeMap<String, Stored>> {
        let postgres = self.postgres.as_ref().ok_or_else(|| Failure::new("there is no PostgreSQL"))?;
        stored::read(&postgres.ask(stored::DATABASE, stored::QUESTION)?)
    }

    /// The database is an older one, by the torture's own doing: what was acknowledged since is not owed any more. Returns how
    /// many licenses, devices and revocations were lost with it.
    pub(crate) fn forget_what_is_gone(&self) -> Result<u64> {
        let stored = self.licenses_stored()?;
        let mut gone = 0;
        for owed in self.ledger.owed(None) {
            gone += match stored.get(&owed.license_id) {
                None => self.ledger.forget_license(&owed.license_id) + 1,
                Some(kept) => self.ledger.forget_devices(&owed.license_id, kept.devices_used),
            };
        }
        Ok(gone + self.condemned.keep(|id| stored.get(id).is_some_and(|kept| kept.revoked)))
    }

    /// A revocation of a license was acknowledged, on which this device had been admitted.
    pub(crate) fn revoked(&self, license: Issued, device: String) {
        self.notes.revoked();
        self.condemned.add(license, device);
    }

    /// Compares what the server shows with what was acknowledged, prints the figures, and fails if any is bad.
    pub(crate) fn close(&self, what: &str) -> Result<()> {
        let client = self.vendor();
        for owed in self.ledger.owed(None) {
            match owed.judge(client.show(&owed.license_id)?.as_ref()) {
                Verdict::Kept => {}
                Verdict::Lost => self.notes.lost(&owed.license_id),
                Verdict::OverCap => self.notes.over_cap(&owed.license_id),
            }
        }
        self.notes.writes(self.ledger.writes() + self.condemned.acknowledged());
        println!("{what}: {}", self.notes);
        self.notes.verdict().map_err(|failure| Failure::new(format!("{what}: {failure}\n{}", self.logs())))
    }

    /// The last lines of every server's log.
    pub(crate) fn logs(&self) -> String {
        self.places.iter().map(Place::last_words).collect()
    }
}
