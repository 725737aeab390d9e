//! Who asks: customers who have a seat and must be served, and licenses that were revoked and must not be.

use super::place::{PATIENCE, Place};
use super::promises::Kind;
use crate::client::{Answer, App, Client, Issued};
use crate::random::Random;
use harness::failure::{Failure, Result};
use sealgate::{Clock, Family, MemoryStore, SystemClock, UnixSeconds};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

/// The clock of devices, which may be set.
#[derive(Clone, Default)]
pub(crate) struct DeviceClock(Arc<AtomicI64>);

impl DeviceClock {
    /// Sets it this many seconds ahead of the machine's, or behind it.
    pub(crate) fn set(&self, ahead: i64) {
        self.0.store(ahead, Ordering::SeqCst);
    }
}

impl Clock for DeviceClock {
    fn now(&self) -> UnixSeconds {
        let now = SystemClock.now();
        let shifted = now.get().saturating_add_signed(self.0.load(Ordering::SeqCst));
        UnixSeconds::new(shifted).unwrap_or(now)
    }
}

/// One license on one device, on one of the wires.
pub(crate) struct Customer {
    /// What is promised to it.
    pub(crate) kind: Kind,
    holds: RwLock<Holds>,
}

/// What a customer has.
struct Holds {
    license: Issued,
    device: Device,
}

enum Device {
    /// On AuthForge's wire, by this name.
    Named(String),
    /// With the SDK, one client for each server, which share what they remember.
    Sdk(Vec<sealgate::Client>),
}

impl Customer {
    /// On AuthForge's wire.
    pub(crate) fn named(license: Issued, name: String) -> Self {
        Self::new(false, Holds { license, device: Device::Named(name) })
    }

    fn new(has_sdk: bool, holds: Holds) -> Self {
        Self { kind: Kind { has_sdk, ends: false }, holds: RwLock::new(holds) }
    }

    /// Takes what another customer has: a new license, on a device that remembers nothing.
    pub(crate) fn begin_anew(&self, as_other: Self) {
        let other = as_other.holds.into_inner().unwrap_or_else(PoisonError::into_inner);
        *self.holds.write().unwrap_or_else(PoisonError::into_inner) = other;
    }

    fn holds(&self) -> RwLockReadGuard<'_, Holds> {
        self.holds.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same customer, whose license ends.
    pub(crate) fn ending(mut self) -> Self {
        self.kind.ends = true;
        self
    }

    /// With the SDK.
    pub(crate) fn with_sdk(
        license: Issued,
        trust: &'static [u8],
        places: &[Place],
        clock: &DeviceClock,
    ) -> Result<Self> {
        let store = Arc::new(MemoryStore::new());
        let client = |place: &Place| {
            let builder = sealgate::Client::builder(trust).server(&place.url).store(Arc::clone(&store));
            builder.clock(clock.clone()).danger_plain_http().build()
        };
        let clients: std::result::Result<Vec<_>, _> = places.iter().map(client).collect();
        let clients = clients.map_err(|error| Failure::new(format!("could not build a client: {error}")))?;
        Ok(Self::new(true, Holds { license, device: Device::Sdk(clients) }))
    }

    /// Asks the server at this place.
    pub(crate) fn ask(&self, app: &App, (at, place): (usize, &Place), random: &mut Random) -> Answer {
        let holds = self.holds();
        match &holds.device {
            Device::Named(name) => {
                let client = Client::within(&place.url, "", PATIENCE);
                client.ask(app, &holds.license, name, &random.hex(2))
            }
            Device::Sdk(clients) => heard(clients[at].validate_license(&holds.license.key)),
        }
    }

    /// For complaints.
    pub(crate) fn name(&self) -> String {
        let wire = if self.kind.has_sdk { "the SDK" } else { "AuthForge's wire" };
        let until = if self.kind.ends { ", which ends soon," } else { "" };
        format!("license {}{until} with {wire}", self.holds().license.id)
    }
}

fn heard(answer: std::result::Result<sealgate::License, sealgate::Error>) -> Answer {
    match answer {
        Ok(_) => Answer::Yes,
        Err(error) if error.family() == Family::License => Answer::No(error.to_string()),
        Err(error) => Answer::Unanswered(format!("{}: {error}", error.code())),
    }
}

/// Licenses that were revoked, and when that was acknowledged.
#[derive(Default)]
pub(crate) struct Condemned(Mutex<Revoked>);

#[derive(Default)]
struct Revoked {
    licenses: Vec<(Issued, String, Instant)>,
    acknowledged: u64,
}

impl Condemned {
    /// A revocation was acknowledged; the device had been admitted before.
    pub(crate) fn add(&self, license: Issued, device: String) {
        let mut revoked = self.lock();
        revoked.licenses.push((license, device, Instant::now()));
        revoked.acknowledged += 1;
    }

    /// One of the newest, with its device, and for how long it has been revoked.
    pub(crate) fn any(&self, choice: u64) -> Option<(Issued, String, Duration)> {
        let revoked = self.lock();
        let mut newest = revoked.licenses.iter().rev().take(6);
        let count = u64::try_from(newest.len()).ok().filter(|count| *count > 0)?;
        let (license, device, since) = newest.nth(usize::try_from(choice % count).ok()?)?;
        Some((license.clone(), device.clone(), since.elapsed()))
    }

    /// Whether it still counts as revoked.
    pub(crate) fn holds(&self, license: &Issued) -> bool {
        self.lock().licenses.iter().any(|(revoked, ..)| revoked.id == license.id)
    }

    /// How many were acknowledged in all.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.lock().acknowledged
    }

    /// Keeps those that are still revoked; returns how many are not.
    pub(crate) fn keep(&self, is_revoked: impl Fn(&str) -> bool) -> u64 {
        let mut revoked = self.lock();
        let before = revoked.licenses.len();
        revoked.licenses.retain(|(license, ..)| is_revoked(&license.id));
        (before - revoked.licenses.len()) as u64
    }

    fn lock(&self) -> MutexGuard<'_, Revoked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
