//! What `spec/http.md` §2.3 and §2.5 say, as plainly as possible: no database, no cache, no transaction.

use std::collections::{BTreeMap, BTreeSet};

/// Which license, device and nonce.
pub(crate) type Scope = (usize, u8, u8);

/// How long a question is remembered, in seconds.
const WINDOW: u64 = 120;

/// What was sold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sold {
    /// `None`: devices are not counted.
    pub(crate) seats: Option<u64>,
    pub(crate) expires_at: Option<u64>,
}

/// An answer, as far as a model can know it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Success {
        /// Seats taken, where they are counted.
        used: Option<u64>,
        /// When the question was first asked.
        asked_at: u64,
    },
    Refused(&'static str),
}

/// All licenses there are, and what happened to them.
pub(crate) struct Model {
    sold: Vec<Sold>,
    revoked: BTreeSet<usize>,
    devices: BTreeSet<(usize, u8)>,
    /// What was asked under each nonce, and when.
    asked: BTreeMap<Scope, (u64, u64)>,
}

impl Model {
    pub(crate) fn new(sold: Vec<Sold>) -> Self {
        Self { sold, revoked: BTreeSet::new(), devices: BTreeSet::new(), asked: BTreeMap::new() }
    }

    pub(crate) fn revoke(&mut self, license: usize) {
        self.revoked.insert(license);
    }

    pub(crate) fn restart(&mut self) {
        self.asked.clear();
    }

    pub(crate) fn devices(&self) -> usize {
        self.devices.len()
    }

    pub(crate) fn validate(&mut self, scope: Scope, ttl: u64, now: u64) -> Answer {
        self.asked.retain(|_, (_, at)| now < *at + WINDOW);
        let (first_ttl, asked_at) = *self.asked.entry(scope).or_insert((ttl, now));
        let (license, device, _) = scope;
        let Sold { seats, expires_at } = self.sold[license];
        if first_ttl != ttl {
            return Answer::Refused("replay_detected");
        }
        if self.revoked.contains(&license) {
            return Answer::Refused("revoked");
        }
        if expires_at.is_some_and(|end| now >= end) {
            return Answer::Refused("expired");
        }
        let used = self.devices.iter().filter(|(of, _)| *of == license).count() as u64;
        let bound = self.devices.contains(&(license, device));
        if !bound && seats.is_some_and(|seats| used >= seats) {
            return Answer::Refused("hwid_mismatch");
        }
        self.devices.insert((license, device));
        Answer::Success { used: seats.map(|_| used + u64::from(!bound)), asked_at }
    }
}
