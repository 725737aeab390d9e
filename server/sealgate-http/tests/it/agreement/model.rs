//! What `spec/http.md` §2 and §3.7, and `spec/online.md` §7 say, as plainly as possible: a database, and servers that have
//! nothing in memory but what they were asked lately. No cache, no transaction.

mod asks;
mod clocks;
mod deeds;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use rules::WINDOW;

use super::steps::{Device, Effect, Manner, Token};

pub(crate) use clocks::is_doubted_after;
pub(crate) use deeds::GRANTED;
pub(crate) use rules::{Eyes, KEPT};

/// A code of `spec/errors.md` §2.
pub(crate) type Code = &'static str;

/// What was sold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sold {
    /// `None`: devices are not counted.
    pub(crate) seats: Option<u64>,
    /// Devices that hold a seat from the beginning and never ask.
    pub(crate) crowd: u64,
    pub(crate) begins_at: Option<u64>,
    pub(crate) ends_at: Option<u64>,
}

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) license: usize,
    pub(crate) hwid: usize,
    pub(crate) ttl: u64,
    pub(crate) begins_at: u64,
    pub(crate) ends_at: u64,
}

/// A yes on AuthForge's wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) session: Session,
    /// When the question was first asked.
    pub(crate) asked_at: u64,
    /// Seats taken, where they are counted.
    pub(crate) used: Option<u64>,
}

/// A yes on the native wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub(crate) asked_at: u64,
    pub(crate) used: u64,
}

/// A no on the native wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) code: String,
    /// Where one was found.
    pub(crate) license: Option<usize>,
}

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reported {
    pub(crate) device: bool,
    pub(crate) address: bool,
}

/// What became of a request under a name: the how-manieth thing it was that the vendor did under any name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) serial: usize,
    /// The balance, where credits were granted.
    pub(crate) balance: Option<u64>,
}

#[derive(Debug, Clone, PartialEq)]
struct License {
    sold: Sold,
    revoked: bool,
    suspended: bool,
    holders: BTreeSet<Device>,
}

/// An entry of the app's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    license: Option<usize>,
    effect: Effect,
    /// All devices of that name.
    name: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Question {
    Validate(Manner),
    Heartbeat(Session),
    Online { by_id: bool },
}

/// Who asked something about which license, under which nonce.
type Scope = (usize, Device, u8);

/// The name of a request that the vendor may repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    Order(u8),
    Grant(u8),
}

/// What the database holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    licenses: Vec<License>,
    /// With the time when each ends.
    entries: Vec<(Entry, Option<u64>)>,
    /// What the vendor took away after a report, and when.
    pardons: Vec<(Entry, u64)>,
    /// Validations left, once they are counted.
    pub(crate) credits: Option<u64>,
    /// What was paid for, and when: by nobody's clock.
    paid: Vec<(Scope, u64)>,
    pub(crate) done: BTreeMap<Name, Done>,
    /// Seats that were ever taken.
    pub(crate) taken: u64,
    /// Seats that were ever given back.
    pub(crate) released: u64,
}

/// What a server knows by itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Server {
    /// How far its clock is ahead of the time.
    ahead: i64,
    /// How far a clock is ahead that the vendor's side takes as right.
    accepted: i64,
    /// By how much it may be ahead of that: for so long no server may have worked.
    pause: i64,
    /// What it was asked lately, when, and when by its own clock.
    asked: Vec<(Scope, Question, u64, u64)>,
    /// What the database was since this server read what others had changed for certain.
    before: Vec<State>,
}

/// An installation, and what its clients hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    /// The time that has passed, as a clock shows it that nobody sets.
    now: u64,
    pub(crate) state: State,
    kept: Option<State>,
    servers: Vec<Server>,
    sessions: Vec<Session>,
}

impl Model {
    pub(crate) fn new(sold: &[Sold], servers: usize, now: u64) -> Self {
        let new =
            |sold: &Sold| License { sold: *sold, revoked: false, suspended: false, holders: BTreeSet::new() };
        let state = State {
            licenses: sold.iter().map(new).collect(),
            entries: vec![],
            pardons: vec![],
            credits: None,
            paid: vec![],
            done: BTreeMap::new(),
            taken: 0,
            released: 0,
        };
        let server = Server { ahead: 0, accepted: 0, pause: 0, asked: vec![], before: vec![] };
        Self { now, state, kept: None, servers: vec![server; servers], sessions: vec![] }
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    pub(crate) fn advance(&mut self, seconds: u64) {
        self.now += seconds;
        for server in &mut self.servers {
            server.asked.retain(|(_, _, since, _)| self.now < since + WINDOW);
        }
    }

    pub(crate) fn restart(&mut self, at: usize) {
        self.servers[at].asked.clear();
        self.has_read(at);
    }

    /// That server has read what others changed.
    pub(crate) fn has_read(&mut self, at: usize) {
        self.servers[at].before.clear();
    }

    /// Whether that server may not know yet what others changed.
    pub(crate) fn is_behind(&self, at: usize) -> bool {
        !self.servers[at].before.is_empty()
    }

    pub(crate) fn keep(&mut self) {
        self.kept = Some(self.state.clone());
    }

    pub(crate) fn go_back(&mut self) -> bool {
        let Some(kept) = self.kept.clone() else { return false };
        let before = std::mem::replace(&mut self.state, kept);
        self.changed(None, &before);
        true
    }

    /// The state was changed through that server, or through none.
    fn changed(&mut self, by: Option<usize>, before: &State) {
        if *before == self.state {
            return;
        }
        for (at, server) in self.servers.iter_mut().enumerate() {
            if Some(at) != by {
                server.before.push(before.clone());
            }
        }
    }

    pub(crate) fn holders(&self, license: usize) -> &BTreeSet<Device> {
        &self.state.licenses[license].holders
    }

    /// The token's number and its session, once there is any.
    pub(crate) fn session(&self, token: Token) -> Option<(usize, Session)> {
        let nth = token.nth.checked_rem(self.sessions.len())?;
        Some((nth, self.sessions[nth]))
    }

    /// A client was given that session.
    pub(crate) fn begin(&mut self, session: Session) {
        self.sessions.push(session);
    }
}
