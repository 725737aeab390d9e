//! How far a trial is (`spec/license.md` §2.11, §4.4).

use sealgate_artifact::{Code, Decision, LicenseId, Outcome, UnixSeconds};

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// How far the trial of a license is for a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrialStanding {
    /// Nothing that counts says until when it runs. A signed license alone never does.
    NotBegun,
    /// It runs up to, but without, this time. For the server, which begins trials, that is also where one begins now.
    Ends(UnixSeconds),
}

impl TrialStanding {
    /// What a verified decision makes of a trial of so many days of this license. A server can shorten a trial, never
    /// lengthen it: an end that is later than the license allows counts as none.
    pub fn decided(license: LicenseId, days: u32, said: &Decision) -> Self {
        let latest = said.issued_at.plus(u64::from(days) * DAY_SECONDS);
        match said.outcome {
            Outcome::Allowed { license: of, trial_ends: Some(end), .. } if of == license && end <= latest => {
                Self::Ends(end)
            }
            _ => Self::NotBegun,
        }
    }

    pub(crate) fn runs(self, now: UnixSeconds) -> Result<(), Code> {
        match self {
            Self::NotBegun => Err(Code::TrialNotBegun),
            Self::Ends(end) if end <= now => Err(Code::Expired),
            Self::Ends(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{
        AppId, Code, Conditions, Decision, License, LicenseId, MaxDevices, Nonce, Operation, Outcome,
        PublicKey, StatementId, TenantId, Tier, UnixSeconds, limits,
    };

    use crate::{Leaving, Standing, TrialStanding};

    const DAY: u64 = 86_400;

    fn at(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).expect("in range")
    }

    fn license(trial_days: Option<u32>) -> License {
        License {
            tenant: TenantId::from_bytes([1; 16]),
            app: AppId::from_bytes([2; 16]),
            license: LicenseId::from_bytes([3; 16]),
            version: 0,
            issued_at: at(0),
            not_before: at(0),
            expires_at: None,
            tier: Tier::Licensed,
            features: vec![],
            max_devices: MaxDevices::Unlimited,
            limits: vec![],
            variables: vec![],
            licensee: None,
            trial_days,
            conditions: Conditions::default(),
        }
    }

    fn decision(issued_at: u64, outcome: Outcome) -> Decision {
        Decision {
            tenant: TenantId::from_bytes([1; 16]),
            app: AppId::from_bytes([2; 16]),
            device_key: PublicKey::from_bytes([4; 32]),
            operation: Operation::parse("validate").expect("a name"),
            request: StatementId::from_bytes([6; 32]),
            nonce: Nonce::from_random([5; 16]),
            issued_at: at(issued_at),
            outcome,
            devices_used: None,
            max_devices: None,
        }
    }

    fn allowed(license: LicenseId, trial_ends: Option<u64>) -> Outcome {
        let license_statement = StatementId::from_bytes([7; 32]);
        Outcome::Allowed { license, license_statement, trial_ends: trial_ends.map(at), variables: vec![] }
    }

    /// Nothing works without the server that would not notice the end of a trial, however far it is.
    #[test]
    fn no_file_of_a_trial_needs_no_server() {
        let max_devices = MaxDevices::Limited(1);
        for trial in [TrialStanding::NotBegun, TrialStanding::Ends(at(DAY))] {
            let standing = Standing { trial: Some(trial), ..Standing::of_signed(&license(None)) };
            let lifetime = Leaving::LifetimeFile { enabled: true, max_devices };
            assert_eq!(standing.may_leave(lifetime, at(0)), Err(Code::LicenseNotPerpetual));
            assert_eq!(
                standing.may_leave(Leaving::AuthforgeFile { offline: true }, at(0)),
                Err(Code::OfflineDisabled)
            );
            assert_eq!(standing.may_leave(Leaving::License { offline: true }, at(0)), Ok(()));
        }
    }

    proptest! {
        /// `spec/license.md` §4.4, in its order: an end that the license does not allow is none, and the rest is a half-open
        /// window up to the end that the server names.
        #[test]
        fn a_decision_carries_a_trial_to_its_end(
            days in 1..=limits::TRIAL_DAYS, issued in 0u64..400 * DAY, lasts in 0u64..4000 * DAY, later in 0u64..5000 * DAY,
        ) {
            let (end, now) = (issued + lasts, issued + later);
            let license = license(Some(days));
            let said = decision(issued, allowed(license.license, Some(end)));
            let expected = match () {
                () if lasts > u64::from(days) * DAY => Err(Code::TrialNotBegun),
                () if now >= end => Err(Code::Expired),
                () => Ok(()),
            };
            prop_assert_eq!(Standing::of_decided(&license, &said).gives_rights(at(now)), expected);
        }

        /// The last end that a license allows is exactly its days after the decision.
        #[test]
        fn the_latest_end_is_exact(days in 1..=limits::TRIAL_DAYS, issued in 0u64..400 * DAY) {
            let license = license(Some(days));
            let end = issued + u64::from(days) * DAY;
            let gives = |end, now| {
                let said = decision(issued, allowed(license.license, Some(end)));
                Standing::of_decided(&license, &said).gives_rights(at(now))
            };
            prop_assert_eq!(gives(end, issued), Ok(()));
            prop_assert_eq!(gives(end, end - 1), Ok(()));
            prop_assert_eq!(gives(end, end), Err(Code::Expired));
            prop_assert_eq!(gives(end + 1, issued), Err(Code::TrialNotBegun));
        }

        /// Neither a file, nor a denial, nor a decision that names no end or speaks of another license begins a trial.
        #[test]
        fn nothing_else_begins_a_trial(days in 1..=limits::TRIAL_DAYS, now in 0u64..DAY) {
            let license = license(Some(days));
            prop_assert_eq!(Standing::of_signed(&license).gives_rights(at(now)), Err(Code::TrialNotBegun));
            let denied = Outcome::Denied { license: Some(license.license), code: "blocked".into(), retry_after: None };
            let another = allowed(LicenseId::from_bytes([9; 16]), Some(DAY));
            for outcome in [denied, another, allowed(license.license, None)] {
                let standing = Standing::of_decided(&license, &decision(0, outcome));
                prop_assert_eq!(standing.gives_rights(at(now)), Err(Code::TrialNotBegun));
            }
        }

        /// What is said of a trial changes nothing about a license that is none.
        #[test]
        fn a_license_that_is_no_trial_needs_no_decision(end in 0u64..DAY, now in 0u64..DAY) {
            let license = license(None);
            let said = decision(0, allowed(license.license, Some(end)));
            prop_assert_eq!(Standing::of_decided(&license, &said), Standing::of_signed(&license));
            prop_assert_eq!(Standing::of_signed(&license).gives_rights(at(now)), Ok(()));
        }
    }
}
