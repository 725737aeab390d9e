//! What `spec/http.md` §2 and `spec/online.md` §7 say, as plainly as possible: no database, no cache, no transaction.

mod rules;

use std::collections::BTreeSet;

use super::steps::{Change, Device, Effect, Manner, Online, Reach, Token, Validate};

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
    pub(crate) begins_at: u64,
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

/// An entry of the app's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    license: Option<usize>,
    effect: Effect,
    /// All devices of that name.
    name: usize,
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
    /// What the vendor took away after a report, and when.
    pardons: Vec<(Entry, u64)>,
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
            pardons: vec![],
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
        Ok(self.go_on(ask.license, ask.hwid, ask.manner.ttl(), (None, asked_at)))
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
        let Session { license, hwid, ttl, begins_at, .. } = session;
        let device = Device::Hwid(hwid);
        self.goes_on(token, session)?;
        self.admitted(device)?;
        self.in_force(license)?;
        self.not_blocked(license, device)?;
        if !self.holders(license).contains(&device) {
            return Err("device_limit");
        }
        let asked = self.first_asked((license, device, nonce), Question::Heartbeat(session));
        Ok(self.go_on(license, hwid, ttl, (Some(begins_at), asked.unwrap_or(self.now))))
    }

    pub(crate) fn report(&mut self, license: usize, hwid: usize, revoke: bool) -> Result<Reported, Code> {
        if revoke {
            return Err("revoke_requires_session");
        }
        self.in_force(license)?;
        self.not_suspended(license)?;
        Ok(Reported { device: self.deny(license, hwid, None), address: false })
    }

    pub(crate) fn report_in_session(
        &mut self,
        token: Token,
        session: Session,
        reach: Reach,
    ) -> Result<Reported, Code> {
        let Session { license, hwid, begins_at, .. } = session;
        self.goes_on(token, session)?;
        let holds = self.holders(license).contains(&Device::Hwid(hwid));
        if !holds || self.in_force(license).is_err() || self.not_suspended(license).is_err() {
            return Err("session_expired");
        }
        let wanted = reach.license || reach.device;
        // Addresses are off, as they are until the vendor switches them on.
        Ok(Reported { device: wanted && self.deny(license, hwid, Some(begins_at)), address: false })
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
        let entry = Entry { license: None, effect, name };
        if self.stands(&entry) {
            return Err("name_taken");
        }
        self.entries.push((entry, None));
        Ok(())
    }

    pub(crate) fn unlist(&mut self) {
        let removed = self.entries.drain(..).filter(|(entry, _)| entry.license.is_some());
        self.pardons.extend(removed.map(|(entry, _)| (entry, self.now)));
    }
}
