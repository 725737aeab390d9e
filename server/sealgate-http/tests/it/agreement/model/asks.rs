//! What running software asks, and what may be answered.

use super::super::steps::{Device, Online, Reach, Token, Validate};
use super::{Allowed, Begun, Code, Denied, Eyes, Model, Question, Reported, Session};

impl Model {
    /// Everything that may come of a question to that server: what is told, and how things are then. With `at_once` the server
    /// may not have seen yet what others changed.
    pub(crate) fn outcomes<T>(
        &self,
        (at, at_once): (usize, bool),
        ask: impl Fn(&mut Self, &Eyes) -> T,
    ) -> Vec<(T, Self)> {
        let eyes = self.eyes(at, at_once);
        let outcome = |eyes: &Eyes| {
            let mut after = self.clone();
            let told = ask(&mut after, eyes);
            after.changed(Some(at), &self.state);
            (told, after)
        };
        eyes.iter().map(outcome).collect()
    }

    pub(crate) fn validate(&mut self, eyes: &Eyes, ask: &Validate) -> Result<Begun, Code> {
        let device = Device::Hwid(ask.hwid);
        eyes.admitted(device)?;
        let scope = (ask.license, device, ask.nonce);
        let asked_at = self.first_asked(eyes, scope, Question::Validate(ask.manner))?;
        let used = self.admit(eyes, scope)?;
        Ok(self.go_on((ask.license, ask.hwid, ask.manner.ttl()), (None, asked_at), used))
    }

    pub(crate) fn online(&mut self, eyes: &Eyes, ask: &Online) -> Result<Allowed, Denied> {
        let device = Device::Key(ask.key);
        let license = ask.license;
        let no = |license| move |code: Code| Denied { code: code.to_owned(), license };
        eyes.admitted(device).map_err(no(None))?;
        let holds = || eyes.holds(&self.state, license, device) || self.holders(license).contains(&device);
        if ask.by_id && !holds() {
            return Err(no(None)("invalid_key"));
        }
        let no = no(Some(license));
        let (scope, question) = ((license, device, ask.nonce), Question::Online { by_id: ask.by_id });
        let asked_at = self.first_asked(eyes, scope, question).map_err(no)?;
        let used = self.admit(eyes, scope).map_err(no)?;
        Ok(Allowed { asked_at, used })
    }

    pub(crate) fn heartbeat(
        &mut self,
        eyes: &Eyes,
        (token, session): (Token, Session),
        nonce: u8,
    ) -> Result<Begun, Code> {
        let Session { license, hwid, ttl, begins_at, .. } = session;
        let device = Device::Hwid(hwid);
        eyes.goes_on(token, session)?;
        eyes.admitted(device)?;
        eyes.gives_rights(license, device)?;
        if !eyes.holds(&self.state, license, device) {
            return Err("device_limit");
        }
        let asked = self.first_asked(eyes, (license, device, nonce), Question::Heartbeat(session));
        let used = eyes.used(license);
        Ok(self.go_on((license, hwid, ttl), (Some(begins_at), asked.unwrap_or(eyes.clock)), used))
    }

    pub(crate) fn report(
        &mut self,
        eyes: &Eyes,
        (license, hwid): (usize, usize),
        revoke: bool,
    ) -> Result<Reported, Code> {
        if revoke {
            return Err("revoke_requires_session");
        }
        eyes.in_force(license)?;
        eyes.not_suspended(license)?;
        Ok(Reported { device: self.deny(eyes.clock, (license, hwid), None), address: false })
    }

    pub(crate) fn report_in_session(
        &mut self,
        eyes: &Eyes,
        (token, session): (Token, Session),
        reach: Reach,
    ) -> Result<Reported, Code> {
        let Session { license, hwid, begins_at, .. } = session;
        eyes.goes_on(token, session)?;
        let holds = eyes.holds(&self.state, license, Device::Hwid(hwid));
        if !holds || eyes.in_force(license).is_err() || eyes.not_suspended(license).is_err() {
            return Err("session_expired");
        }
        let wanted = reach.license || reach.device;
        // Addresses are off, as they are until the vendor switches them on.
        let denied = wanted && self.deny(eyes.clock, (license, hwid), Some(begins_at));
        Ok(Reported { device: denied, address: false })
    }

    fn go_on(
        &mut self,
        (license, hwid, ttl): (usize, usize, u64),
        (begun, asked_at): (Option<u64>, u64),
        used: u64,
    ) -> Begun {
        let sold = self.state.licenses[license].sold;
        let ends_at = sold.ends_at.map_or(asked_at + ttl, |end| end.min(asked_at + ttl));
        let begins_at = begun.unwrap_or(asked_at);
        let session = Session { license, hwid, ttl, begins_at, ends_at };
        Begun { session, asked_at, used: sold.seats.map(|_| used) }
    }
}
