//! The points that questions are judged by, each where the specification has it.

use super::super::steps::{Device, Effect, Token};
use super::{Code, Entry, License, Model, Question, Scope, Session, State};

/// How long a device is denied that reported itself, in seconds.
const DEVICE_DENIED: u64 = 30 * 86_400;
/// How long a question is remembered, in seconds.
pub(super) const WINDOW: u64 = 120;
/// A server keeps the devices of a license in memory while there are no more than this.
pub(crate) const KEPT: u64 = 64;

/// How a server sees things when it is asked.
#[derive(Debug, Clone)]
pub(crate) struct Eyes {
    at: usize,
    /// What its clock shows.
    pub(crate) clock: u64,
    /// The app with its lists.
    app: State,
    /// The license.
    license: State,
    /// Whether what was paid for long enough ago is forgotten.
    forgets: bool,
}

impl Model {
    /// Every way in which that server may see things. What it has in memory may be as old as what it read last.
    pub(super) fn eyes(&self, at: usize, at_once: bool) -> Vec<Eyes> {
        let before: &[State] = if at_once { &self.servers[at].before } else { &[] };
        let is_old = |(_, since): &(Scope, u64)| self.now >= since + WINDOW;
        let forgets: &[bool] = if self.state.paid.iter().any(is_old) { &[false, true] } else { &[false] };
        let mut all = vec![];
        for app in before.iter().chain([&self.state]) {
            for license in before.iter().chain([&self.state]) {
                for forgets in forgets {
                    let (app, license) = (app.clone(), license.clone());
                    all.push(Eyes { at, clock: self.clock(at), app, license, forgets: *forgets });
                }
            }
        }
        all
    }

    /// `spec/http.md` §2.9: whether the device is denied for the license, now that it reported itself.
    pub(super) fn deny(&mut self, clock: u64, (license, hwid): (usize, usize), session: Option<u64>) -> bool {
        let entry = Entry { license: Some(license), effect: Effect::Deny, name: hwid };
        let state = &mut self.state;
        let pardoned = state.pardons.iter().find(|(other, _)| *other == entry).map(|(_, at)| *at);
        let counts = pardoned.is_none_or(|at| match session {
            Some(begin) => begin > at,
            None => clock >= at + DEVICE_DENIED,
        });
        state.entries.retain(|(other, end)| *other != entry || end.is_none_or(|end| clock < end));
        if !state.stands(&entry, clock) && counts {
            state.entries.push((entry, Some(clock + DEVICE_DENIED)));
        }
        state.stands(&entry, clock)
    }

    /// `spec/http.md` §2.5. Each server remembers what it was asked itself.
    pub(super) fn first_asked(&mut self, eyes: &Eyes, scope: Scope, question: Question) -> Result<u64, Code> {
        let (now, asked) = (self.now, &mut self.servers[eyes.at].asked);
        match asked.iter().find(|(asked, ..)| *asked == scope) {
            Some((_, same, _, clock)) if *same == question => Ok(*clock),
            Some(_) => Err("replay_detected"),
            None => {
                asked.push((scope, question, now, eyes.clock));
                Ok(eyes.clock)
            }
        }
    }

    /// `spec/http.md` §2.3, points 6 to 9: whether the device may use the license, and how many do. What costs something
    /// is judged by the database as it is.
    pub(super) fn admit(&mut self, eyes: &Eyes, scope: Scope) -> Result<u64, Code> {
        let (license, device, _) = scope;
        eyes.gives_rights(license, device)?;
        let holds = eyes.holds(&self.state, license, device);
        if !holds && eyes.license.is_full(license) {
            return Err("device_limit");
        }
        if holds && eyes.app.credits.is_none() {
            return Ok(eyes.used(license));
        }
        let seen = Eyes { license: self.state.clone(), ..eyes.clone() };
        seen.gives_rights(license, device)?;
        let holds = self.holders(license).contains(&device);
        if !holds && self.state.is_full(license) {
            return Err("device_limit");
        }
        if eyes.app.credits.is_some() {
            self.pay(eyes, scope)?;
        }
        if !holds {
            self.state.licenses[license].holders.insert(device);
            self.state.taken += 1;
        }
        Ok(self.state.used(license))
    }

    fn pay(&mut self, eyes: &Eyes, scope: Scope) -> Result<(), Code> {
        let (now, state) = (self.now, &mut self.state);
        let is_free =
            |(paid, since): &(Scope, u64)| *paid == scope && !(eyes.forgets && now >= since + WINDOW);
        if state.paid.iter().any(is_free) {
            return Ok(());
        }
        let left = state.credits.filter(|credits| *credits > 0).ok_or("no_credits")?;
        state.credits = Some(left - 1);
        state.paid.retain(|(paid, _)| *paid != scope);
        state.paid.push((scope, now));
        Ok(())
    }
}

impl Eyes {
    /// `spec/http.md` §2.7: the lists of the app.
    pub(super) fn admitted(&self, device: Device) -> Result<(), Code> {
        let live = || self.app.live_entries(None, self.clock);
        let is_denied = live().any(|entry| entry.effect == Effect::Deny && entry.matches(device));
        let mut allowing = live().filter(|entry| entry.effect == Effect::Allow).peekable();
        let is_allowed = allowing.peek().is_none() || allowing.any(|entry| entry.matches(device));
        if is_denied || !is_allowed { Err("blocked") } else { Ok(()) }
    }

    /// `spec/http.md` §2.3, points 6 and 7.
    pub(super) fn gives_rights(&self, license: usize, device: Device) -> Result<(), Code> {
        self.in_force(license)?;
        self.not_suspended(license)?;
        let denies = self.app.live_entries(Some(license), self.clock).any(|entry| entry.matches(device));
        if denies { Err("blocked") } else { Ok(()) }
    }

    pub(super) fn not_suspended(&self, license: usize) -> Result<(), Code> {
        if self.license.licenses[license].suspended { Err("blocked") } else { Ok(()) }
    }

    /// `spec/license.md` §4.
    pub(super) fn in_force(&self, license: usize) -> Result<(), Code> {
        let License { sold, revoked, .. } = &self.license.licenses[license];
        if sold.begins_at.is_some_and(|begin| self.clock < begin) {
            return Err("not_yet_valid");
        }
        if *revoked {
            return Err("revoked");
        }
        if sold.ends_at.is_some_and(|end| self.clock >= end) {
            return Err("expired");
        }
        Ok(())
    }

    /// Whether the device holds a seat. Of a license with many devices nothing is kept in memory.
    pub(super) fn holds(&self, state: &State, license: usize, device: Device) -> bool {
        let seen = if self.used(license) > KEPT { state } else { &self.license };
        seen.licenses[license].holders.contains(&device)
    }

    pub(super) fn used(&self, license: usize) -> u64 {
        self.license.used(license)
    }

    /// `spec/http.md` §2.6.
    pub(super) fn goes_on(&self, token: Token, session: Session) -> Result<(), Code> {
        let is_over = token.stolen || self.clock >= session.ends_at;
        if is_over { Err("session_expired") } else { Ok(()) }
    }
}

impl State {
    fn live_entries(&self, license: Option<usize>, clock: u64) -> impl Iterator<Item = &Entry> {
        let counts = move |(entry, ends_at): &&(Entry, Option<u64>)| {
            entry.license == license && ends_at.is_none_or(|end| clock < end)
        };
        self.entries.iter().filter(counts).map(|(entry, _)| entry)
    }

    pub(super) fn stands(&self, entry: &Entry, clock: u64) -> bool {
        self.live_entries(entry.license, clock).any(|live| live == entry)
    }

    pub(super) fn used(&self, license: usize) -> u64 {
        let License { sold, holders, .. } = &self.licenses[license];
        sold.crowd + holders.len() as u64
    }

    fn is_full(&self, license: usize) -> bool {
        self.licenses[license].sold.seats.is_some_and(|seats| self.used(license) >= seats)
    }
}

impl Entry {
    fn matches(&self, device: Device) -> bool {
        self.name == device.name()
    }
}
