//! What `spec/http.md` §2 and `spec/online.md` §7 say, as plainly as possible: no database, no cache, no transaction.

mod rules;

use std::collections::BTreeSet;

use super::steps::{Change, Device, Effect, Manner, Online, Reach, Token, Validate};

const DEVICE_DENIED: u64 = 30 * 24 * 60 * 60;
const ADDRESS_DENIED: u64 = 60 * 60;

/// A code of `spec/errors.md` §2.
pub(crate) type Code = &'static str;

/// What was sold.
#[derive(Debug, Clone, Copy)]
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
    pub(crate) ends_at: u64,
}

/// A yes on AuthForge's wire.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) session: Session,
    /// When the question was first asked.
    pub(crate) asked_at: u64,
    /// Seats taken, where they are counted.
    pub(crate) used: Option<u64>,
}

/// A yes on the native wire.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub(crate) asked_at: u64,
    pub(crate) used: u64,
}

/// A no on the native wire.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) code: String,
    /// Where one was found.
    pub(crate) license: Option<usize>,
}

/// What became of a report.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reported {
    pub(crate) device: bool,
    pub(crate) address: bool,
}

struct License {
    sold: Sold,
    revoked: bool,
    suspended: bool,
    holders: BTreeSet<Device>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listed {
    /// All devices of that name.
    Name(usize),
    /// The address that all of this comes from.
    Here,
}

/// An entry of the app's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    license: Option<usize>,
    effect: Effect,
    listed: Listed,
}

#[derive(PartialEq, Eq)]
enum Question {
    Validate(Manner),
    Heartbeat(Session),
    Online { by_id: bool },
}

/// Who asked something about which license, under which nonce.
type Scope = (usize, Device, u8);

/// All licenses of an app, and what happened to them.
pub(crate) struct Model {
    now: u64,
    licenses: Vec<License>,
    entries: Vec<(Entry, Option<u64>)>,
    /// What was asked lately, and when.
    asked: Vec<(Scope, Question, u64)>,
    sessions: Vec<Session>,
    /// Seats that were ever taken.
    pub(crate) taken: u64,
    /// Seats that were ever given back.
    pub(crate) released: u64,
}

impl Model {
    pub(crate) fn new(sold: &[Sold], now: u64) -> Self {
        let new =
            |sold: &Sold| License { sold: *sold, revoked: false, suspended: false, holders: BTreeSet::new() };
        Self {
            now,
            licenses: sold.iter().map(new).collect(),
            entries: vec![],
            asked: vec![],
            sessions: vec![],
            taken: 0,
            released: 0,
        }
    }

    pub(crate) fn advance(&mut self, seconds: u64) {
        self.now += seconds;
    }

    pub(crate) fn restart(&mut self) {
        self.asked.clear();
    }

    pub(crate) fn holders(&self, license: usize) -> &BTreeSet<Device> {
        &self.licenses[license].holders
    }

    /// The token's number and its session, once there is any.
    pub(crate) fn session(&self, token: Token) -> Option<(usize, Session)> {
        let nth = token.nth.checked_rem(self.sessions.len())?;
        Some((nth, self.sessions[nth]))
    }

    pub(crate) fn validate(&mut self, ask: &Validate) -> Result<Begun, Code> {
        let device = Device::Hwid(ask.hwid);
        self.admitted(device)?;
        let scope = (ask.license, device, ask.nonce);
        let asked_at = self.first_asked(scope, Question::Validate(ask.manner))?;
        self.in_force(ask.license)?;
        self.not_blocked(ask.license, device)?;
        self.take_seat(ask.license, device)?;
        Ok(self.begin(ask.license, ask.hwid, ask.manner.ttl(), asked_at))
    }

    pub(crate) fn online(&mut self, ask: &Online) -> Result<Allowed, Denied> {
        let device = Device::Key(ask.key);
        let license = ask.license;
        let no = |license| move |code: Code| Denied { code: code.to_owned(), license };
        self.admitted(device).map_err(no(None))?;
        if ask.by_id && !self.holders(license).contains(&device) {
            return Err(no(None)("invalid_key"));
        }
        let no = no(Some(license));
        let (scope, question) = ((license, device, ask.nonce), Question::Online { by_id: ask.by_id });
        let asked_at = self.first_asked(scope, question).map_err(no)?;
        self.in_force(license).map_err(no)?;
        self.not_blocked(license, device).map_err(no)?;
        self.take_seat(license, device).map_err(no)?;
        Ok(Allowed { asked_at, used: self.used(license) })
    }

    pub(crate) fn heartbeat(&mut self, token: Token, session: Session, nonce: u8) -> Result<Begun, Code> {
        let Session { license, hwid, ttl, .. } = session;
        let device = Device::Hwid(hwid);
        self.goes_on(token, session)?;
        self.admitted(device)?;
        self.in_force(license)?;
        self.not_blocked(license, device)?;
        if !self.holders(license).contains(&device) {
            return Err("device_limit");
        }
        let asked = self.first_asked((license, device, nonce), Question::Heartbeat(session));
        Ok(self.begin(license, hwid, ttl, asked.unwrap_or(self.now)))
    }

    pub(crate) fn report(&mut self, license: usize, hwid: usize, revoke: bool) -> Result<Reported, Code> {
        if revoke {
            return Err("revoke_requires_session");
        }
        self.deny(Some(license), Listed::Name(hwid), DEVICE_DENIED);
        Ok(Reported { device: true, address: false })
    }

    pub(crate) fn report_in_session(
        &mut self,
        token: Token,
        session: Session,
        reach: Reach,
    ) -> Result<Reported, Code> {
        self.goes_on(token, session)?;
        let device = Listed::Name(session.hwid);
        if reach.license {
            self.deny(Some(session.license), device, DEVICE_DENIED);
        }
        if reach.app {
            self.deny(None, device, DEVICE_DENIED);
        }
        if reach.address {
            self.deny(None, Listed::Here, ADDRESS_DENIED);
        }
        Ok(Reported { device: reach.license || reach.app, address: reach.address })
    }

    /// What the vendor wants done to a license. A revoked one stays as it is.
    pub(crate) fn change(&mut self, license: usize, change: Change) -> Result<(), Code> {
        let license = &mut self.licenses[license];
        match change {
            Change::Revoke => license.revoked = true,
            _ if license.revoked => return Err("license_revoked"),
            Change::Suspend => license.suspended = true,
            Change::Resume => license.suspended = false,
        }
        Ok(())
    }

    /// Whether the device held a seat.
    pub(crate) fn release(&mut self, license: usize, device: Device) -> bool {
        let held = self.licenses[license].holders.remove(&device);
        self.released += u64::from(held);
        held
    }

    pub(crate) fn list(&mut self, effect: Effect, name: usize) -> Result<(), Code> {
        let entry = Entry { license: None, effect, listed: Listed::Name(name) };
        if self.stands(&entry) {
            return Err("name_taken");
        }
        self.entries.push((entry, None));
        Ok(())
    }

    pub(crate) fn unlist(&mut self) {
        self.entries.clear();
    }
}
