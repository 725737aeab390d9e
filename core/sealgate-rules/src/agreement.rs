//! All decisions about a license agree on what comes first (`spec/errors.md` §3).

use proptest::prelude::*;
use sealgate_artifact::{Code, MaxDevices, UnixSeconds};

use crate::{Facts, Leaving, Seat, Standing, Status, TrialStanding, Verdict, Window};

const BEGIN: u64 = 10;
const END: u64 = 20;
const TRIAL_ENDS: u64 = 15;

fn at(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(seconds).expect("in range")
}

prop_compose! {
    fn facts()(
        ends: bool, revoked: bool, suspended: bool, blocked_by_lists: bool,
        seat in prop_oneof![Just(Seat::Bound), Just(Seat::Free), Just(Seat::Full)],
        trial in prop::option::of(prop_oneof![
            Just(TrialStanding::NotBegun), Just(TrialStanding::Ends(at(TRIAL_ENDS))),
        ]),
    ) -> Facts {
        let window = Window::new(at(BEGIN), ends.then(|| at(END)));
        Facts { license: Standing { window, revoked, suspended, trial }, blocked_by_lists, seat }
    }
}

/// The list of `spec/errors.md` §3.1, points 2 to 5, 7 and 8: which of them hold.
fn reasons(facts: Facts, now: u64) -> Vec<Code> {
    let Facts { license: Standing { window, revoked, suspended, trial }, blocked_by_lists, seat } = facts;
    let list = [
        (Code::NotYetValid, now < BEGIN),
        (Code::Revoked, revoked),
        (Code::Expired, window.expires_at.is_some() && now >= END),
        (Code::Blocked, suspended || blocked_by_lists),
        (Code::DeviceLimit, seat == Seat::Full),
        (Code::TrialNotBegun, trial == Some(TrialStanding::NotBegun)),
        (Code::Expired, trial.is_some() && now >= TRIAL_ENDS),
    ];
    list.into_iter().filter(|(_, holds)| *holds).map(|(code, _)| code).collect()
}

proptest! {
    /// A validation answers with the first reason of the specification's list.
    #[test]
    fn validation_says_the_first_reason(facts in facts(), now in 5u64..25) {
        let expected = match (reasons(facts, now).first(), facts.seat) {
            (Some(code), _) => Verdict::Refuse(*code),
            (None, Seat::Free) => Verdict::TakeSeat,
            (None, _) => Verdict::Allow,
        };
        prop_assert_eq!(facts.validate(at(now)), expected);
    }

    /// A heartbeat gives the answer of a validation, except where that would take a seat.
    #[test]
    fn a_heartbeat_agrees_and_takes_no_seat(facts in facts(), now in 5u64..25) {
        let full = if facts.seat == Seat::Free { Facts { seat: Seat::Full, ..facts } } else { facts };
        let expected = match full.validate(at(now)) {
            Verdict::Refuse(code) => Err(code),
            _ => Ok(()),
        };
        prop_assert_eq!(facts.continues(at(now)), expected);
    }

    /// Where a bound device would be refused, no file leaves either, and the reason is the same.
    #[test]
    fn a_lifetime_file_agrees(facts in facts(), now in 5u64..25, counted: bool, enabled: bool) {
        let max_devices = if counted { MaxDevices::Limited(3) } else { MaxDevices::Unlimited };
        let left = facts.license.may_leave(Leaving::LifetimeFile { enabled, max_devices }, at(now));
        let bound = Facts { blocked_by_lists: false, seat: Seat::Bound, ..facts };
        match bound.validate(at(now)) {
            _ if !enabled => prop_assert_eq!(left, Err(Code::LifetimeFilesDisabled)),
            Verdict::Refuse(code) => prop_assert_eq!(left, Err(code)),
            _ => {
                let ends = facts.license.window.expires_at.is_some() || facts.license.trial.is_some();
                prop_assert_eq!(left.is_ok(), counted && !ends);
            }
        }
    }

    /// The vendor gets a license whatever its dates say, but never a revoked or suspended one. A file for AuthForge's
    /// clients also needs a license that gives rights now, and is never made of a trial.
    #[test]
    fn what_the_vendor_takes_out_agrees(facts in facts(), now in 5u64..25, offline: bool) {
        let license = facts.license;
        let exported = license.may_leave(Leaving::License { offline }, at(now));
        let expected = match (license.status(at(now)), license.suspended) {
            (Status::Revoked, _) => Err(Code::LicenseRevoked),
            (_, true) => Err(Code::Blocked),
            _ if offline => Ok(()),
            _ => Err(Code::OfflineDisabled),
        };
        prop_assert_eq!(exported, expected);
        let made = license.may_leave(Leaving::AuthforgeFile { offline }, at(now));
        let gives = license.gives_rights(at(now));
        let trial = license.trial.map_or(Ok(()), |_| Err(Code::TrialNotBegun));
        prop_assert_eq!(made, exported.and(gives).and(trial));
    }

    /// The status is the reason why a bound device is refused, once the license has begun. A trial ends for a device, not
    /// for the license.
    #[test]
    fn the_status_agrees(facts in facts(), now in BEGIN..25) {
        let license = Standing { trial: None, ..facts.license };
        let bound = Facts { blocked_by_lists: false, seat: Seat::Bound, license };
        let expected = match bound.validate(at(now)) {
            Verdict::Refuse(Code::Revoked) => Status::Revoked,
            Verdict::Refuse(Code::Expired) => Status::Expired,
            Verdict::Refuse(Code::Blocked) => Status::Suspended,
            _ => Status::Active,
        };
        prop_assert_eq!(facts.license.status(at(now)), expected);
    }
}
