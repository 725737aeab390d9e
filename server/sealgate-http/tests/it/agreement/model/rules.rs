//! The points that questions are judged by, each where the specification has it.

use super::super::steps::{Device, Effect, Token};
use super::{Begun, Code, Entry, License, Model, Question, Scope, Session, Sold};

/// How long a device is denied that reported itself, in seconds.
const DEVICE_DENIED: u64 = 30 * 86_400;
/// How long a question is remembered, in seconds.
const WINDOW: u64 = 120;

impl Model {
    /// `spec/http.md` §2.7: the lists of the app.
    pub(super) fn admitted(&self, device: Device) -> Result<(), Code> {
        let live = || self.live_entries(None);
        let is_denied = live().any(|entry| entry.effect == Effect::Deny && entry.matches(device));
        let mut allowing = live().filter(|entry| entry.effect == Effect::Allow).peekable();
        let is_allowed = allowing.peek().is_none() || allowing.any(|entry| entry.matches(device));
        if is_denied || !is_allowed { Err("blocked") } else { Ok(()) }
    }

    /// `spec/http.md` §2.3, point 7.
    pub(super) fn not_blocked(&self, license: usize, device: Device) -> Result<(), Code> {
        let is_denied = self.live_entries(Some(license)).any(|entry| entry.matches(device));
        if is_denied || self.licenses[license].suspended { Err("blocked") } else { Ok(()) }
    }

    pub(super) fn live_entries(&self, license: Option<usize>) -> impl Iterator<Item = &Entry> {
        let counts = move |(entry, ends_at): &&(Entry, Option<u64>)| {
            entry.license == license && ends_at.is_none_or(|end| self.now < end)
        };
        self.entries.iter().filter(counts).map(|(entry, _)| entry)
    }

    pub(super) fn stands(&self, entry: &Entry) -> bool {
        self.live_entries(entry.license).any(|live| live == entry)
    }

    /// `spec/http.md` §2.9: whether the device is denied for the license, now that it reported itself.
    pub(super) fn deny(&mut self, license: usize, hwid: usize, session: Option<u64>) -> bool {
        let entry = Entry { license: Some(license), effect: Effect::Deny, name: hwid };
        let pardoned = self.pardons.iter().filter(|(other, _)| *other == entry).map(|(_, at)| *at).max();
        let counts = pardoned.is_none_or(|at| match session {
            Some(begin) => begin > at,
            None => self.now >= at + DEVICE_DENIED,
        });
        if !self.stands(&entry) && counts {
            self.entries.push((entry, Some(self.now + DEVICE_DENIED)));
        }
        self.stands(&entry)
    }

    pub(super) fn not_suspended(&self, license: usize) -> Result<(), Code> {
        if self.licenses[license].suspended { Err("blocked") } else { Ok(()) }
    }

    /// `spec/http.md` §2.5.
    pub(super) fn first_asked(&mut self, scope: Scope, question: Question) -> Result<u64, Code> {
        self.asked.retain(|(_, _, at)| self.now < at + WINDOW);
        match self.asked.iter().find(|(asked, ..)| *asked == scope) {
            Some((_, same, at)) if *same == question => Ok(*at),
            Some(_) => Err("replay_detected"),
            None => {
                self.asked.push((scope, question, self.now));
                Ok(self.now)
            }
        }
    }

    /// `spec/license.md` §4.
    pub(super) fn in_force(&self, license: usize) -> Result<(), Code> {
        let License { sold, revoked, .. } = &self.licenses[license];
        if sold.begins_at.is_some_and(|begin| self.now < begin) {
            return Err("not_yet_valid");
        }
        if *revoked {
            return Err("revoked");
        }
        if sold.ends_at.is_some_and(|end| self.now >= end) {
            return Err("expired");
        }
        Ok(())
    }

    pub(super) fn take_seat(&mut self, license: usize, device: Device) -> Result<(), Code> {
        let used = self.used(license);
        let License { sold, holders, .. } = &mut self.licenses[license];
        if holders.contains(&device) {
            return Ok(());
        }
        if sold.seats.is_some_and(|seats| used >= seats) {
            return Err("device_limit");
        }
        holders.insert(device);
        self.taken += 1;
        Ok(())
    }

    pub(super) fn used(&self, license: usize) -> u64 {
        let License { sold, holders, .. } = &self.licenses[license];
        sold.crowd + holders.len() as u64
    }

    /// `spec/http.md` §2.6.
    pub(super) fn goes_on(&self, token: Token, session: Session) -> Result<(), Code> {
        let is_over = token.stolen || self.now >= session.ends_at;
        if is_over { Err("session_expired") } else { Ok(()) }
    }

    pub(super) fn go_on(
        &mut self,
        license: usize,
        hwid: usize,
        ttl: u64,
        (begun, asked_at): (Option<u64>, u64),
    ) -> Begun {
        let Sold { seats, ends_at, .. } = self.licenses[license].sold;
        let ends_at = ends_at.map_or(asked_at + ttl, |end| end.min(asked_at + ttl));
        let begins_at = begun.unwrap_or(asked_at);
        let session = Session { license, hwid, ttl, begins_at, ends_at };
        self.sessions.push(session);
        Begun { session, asked_at, used: seats.map(|_| self.used(license)) }
    }
}

impl Entry {
    pub(super) fn matches(&self, device: Device) -> bool {
        self.name == device.name()
    }
}
