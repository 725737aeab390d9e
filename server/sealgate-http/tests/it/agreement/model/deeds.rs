//! What the vendor does.

use super::super::steps::{Change, Device, Effect};
use super::{Code, Done, Entry, Model, Name};

/// How many credits a grant is.
pub(crate) const GRANTED: u64 = 6;

impl Model {
    /// What the vendor does through that server. Whoever changes something reads it from the database.
    pub(crate) fn through<T>(&mut self, at: usize, deed: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.state.clone();
        let told = deed(self);
        self.changed(Some(at), &before);
        told
    }

    /// What the vendor wants done to a license. A revoked one stays as it is.
    pub(crate) fn change(&mut self, license: usize, change: Change) -> Result<(), Code> {
        let license = &mut self.state.licenses[license];
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
        let held = self.state.licenses[license].holders.remove(&device);
        self.state.released += u64::from(held);
        held
    }

    pub(crate) fn list(&mut self, at: usize, effect: Effect, name: usize) -> Result<(), Code> {
        let entry = Entry { license: None, effect, name };
        let clock = self.clock(at);
        if self.state.stands(&entry, clock) {
            return Err("name_taken");
        }
        self.state.entries.push((entry, None));
        Ok(())
    }

    pub(crate) fn unlist(&mut self, at: usize) {
        let clock = self.clock(at);
        for (entry, _) in std::mem::take(&mut self.state.entries) {
            if entry.license.is_some() {
                self.state.pardons.retain(|(other, _)| *other != entry);
                self.state.pardons.push((entry, clock));
            }
        }
    }

    /// `spec/http.md` §3.7: done now, as the thing of that number, or before.
    pub(crate) fn once(&mut self, at: usize, name: Name, serial: usize) -> Result<Done, Code> {
        if let Some(done) = self.state.done.get(&name) {
            return Ok(*done);
        }
        match name {
            Name::Order(_) => self.may_sign(at)?,
            Name::Grant(_) => self.state.credits = Some(self.state.credits.unwrap_or_default() + GRANTED),
        }
        let balance = self.state.credits.filter(|_| matches!(name, Name::Grant(_)));
        let done = Done { serial, balance };
        self.state.done.insert(name, done);
        Ok(done)
    }

    /// How many licenses were sold under a name.
    pub(crate) fn orders(&self) -> usize {
        self.state.done.keys().filter(|name| matches!(name, Name::Order(_))).count()
    }

    /// Whether the thing of that number was done, and not lost.
    pub(crate) fn was_done(&self, serial: usize) -> bool {
        self.state.done.values().any(|done| done.serial == serial)
    }
}
