//! What is promised at a server while something is wrong that it cannot help: whom it serves, and what its health says.

/// What `/readyz` should say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// 200.
    #[default]
    Ready,
    /// 503, because of the clock.
    ClockInDoubt,
    /// Either of them: it depends on what another server did.
    Either,
}

/// Whom a server serves; everybody, unless something is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one line for each group of customers")]
pub(crate) struct Excuses {
    /// The SDK may be refused.
    pub(crate) sdk: bool,
    /// On AuthForge's wire, licenses that end may have ended.
    pub(crate) ending: bool,
    /// With the SDK, licenses that end may have ended.
    pub(crate) ending_with_sdk: bool,
    /// A license that was just sold may not have begun.
    pub(crate) newcomers: bool,
}

/// All that is promised at one server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Promises {
    /// Of `/readyz`.
    pub(crate) readiness: Readiness,
    /// Of answers.
    pub(crate) excuses: Excuses,
}

/// A kind of customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    /// With the SDK, or on AuthForge's wire.
    pub(crate) has_sdk: bool,
    /// Whether the license ends.
    pub(crate) ends: bool,
}

impl Excuses {
    /// Whether such a customer may be refused.
    pub(crate) fn cover(self, kind: Kind) -> bool {
        match (kind.has_sdk, kind.ends) {
            (true, ends) => self.sdk || ends && self.ending_with_sdk,
            (false, ends) => ends && self.ending,
        }
    }
}

impl Readiness {
    /// What is wrong with an answer of `/readyz`, if anything is.
    pub(crate) fn judge(self, status: u16, body: &str) -> Option<String> {
        match (self, status) {
            (Self::Ready | Self::Either, 200) => None,
            (Self::ClockInDoubt | Self::Either, 503) if body.contains("clock") => None,
            (Self::ClockInDoubt, 200) => Some("ready, although its clock is in doubt".to_owned()),
            _ => Some(format!("HTTP {status}: {body}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excuse_covers_its_own_customers_only() {
        let kind = |has_sdk, ends| Kind { has_sdk, ends };
        let ending = Excuses { ending: true, ..Excuses::default() };
        assert!(ending.cover(kind(false, true)) && !ending.cover(kind(false, false)));
        assert!(!ending.cover(kind(true, true)));
        let sdk = Excuses { sdk: true, ..Excuses::default() };
        assert!(sdk.cover(kind(true, false)) && sdk.cover(kind(true, true)) && !sdk.cover(kind(false, true)));
        assert!(!Excuses::default().cover(kind(true, true)));
    }

    #[test]
    fn a_clock_in_doubt_must_be_named() {
        let clock = "this machine's clock was set";
        assert_eq!(Readiness::ClockInDoubt.judge(503, clock), None);
        assert!(Readiness::ClockInDoubt.judge(503, "no database").is_some());
        assert!(Readiness::ClockInDoubt.judge(200, "ready").is_some());
        assert!(Readiness::Ready.judge(503, clock).is_some());
        assert!(Readiness::Either.judge(503, "no database").is_some());
        assert_eq!(Readiness::Either.judge(200, ""), None);
    }
}
