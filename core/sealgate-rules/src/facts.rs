//! What decisions are made from: a license, and the device that asks.

use sealgate_artifact::{Decision, License, MaxDevices, UnixSeconds};

use crate::TrialStanding;

/// When a license gives rights: from `not_before` on, up to but without `expires_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First second of the window.
    pub not_before: UnixSeconds,
    /// First second after the window; `None` never ends.
    pub expires_at: Option<UnixSeconds>,
}

impl Window {
    /// The window of a license with these two times.
    pub fn new(not_before: UnixSeconds, expires_at: Option<UnixSeconds>) -> Self {
        Self { not_before, expires_at }
    }

    pub(crate) fn has_begun(self, now: UnixSeconds) -> bool {
        self.not_before <= now
    }

    pub(crate) fn is_over(self, now: UnixSeconds) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

impl From<&License> for Window {
    fn from(license: &License) -> Self {
        Self::new(license.not_before, license.expires_at)
    }
}

/// Where a license stands, whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// When the license gives rights.
    pub window: Window,
    /// Whether the vendor took it back for good.
    pub revoked: bool,
    /// Whether the vendor suspended it for a while.
    pub suspended: bool,
    /// How far its trial is; `None` where the license is no trial.
    pub trial: Option<TrialStanding>,
}

impl Standing {
    /// The standing that a signed license has by itself. `revoked` and `suspended` are false: what happened to a license
    /// after it was signed does not stand in it. A trial has not begun: only a decision says until when.
    pub fn of_signed(license: &License) -> Self {
        let trial = license.trial_days.map(|_| TrialStanding::NotBegun);
        Self { window: license.into(), revoked: false, suspended: false, trial }
    }

    /// The standing of a signed license together with what a verified decision says of it.
    pub fn of_decided(license: &License, said: &Decision) -> Self {
        let trial = license.trial_days.map(|days| TrialStanding::decided(license.license, days, said));
        Self { trial, ..Self::of_signed(license) }
    }
}

/// A license, and the device that asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Where the license stands.
    pub license: Standing,
    /// Whether an access list keeps the device or its address out ([`lists_allow`](crate::lists_allow) said no).
    pub blocked_by_lists: bool,
    /// Whether the device has a seat.
    pub seat: Seat,
}

/// Where the asking device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// It holds one.
    Bound,
    /// It holds none, and one is free.
    Free,
    /// It holds none, and none is free.
    Full,
}

impl Seat {
    /// Counts seats: `used` distinct devices hold one now, `bound` says whether the asking device is among them.
    pub fn count(max_devices: MaxDevices, used: u64, bound: bool) -> Self {
        match max_devices.seats() {
            _ if bound => Self::Bound,
            Some(seats) if used >= u64::from(seats) => Self::Full,
            _ => Self::Free,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::MaxDevices;

    use super::Seat;

    proptest! {
        /// Taking every free seat that is offered never holds more seats than the license has.
        #[test]
        fn never_more_seats_than_sold(max in 1u32..20, devices in prop::collection::vec(0u8..30, 0..60)) {
            let mut holding = std::collections::BTreeSet::new();
            for device in devices {
                let used = holding.len() as u64;
                if Seat::count(MaxDevices::Limited(max), used, holding.contains(&device)) == Seat::Free {
                    holding.insert(device);
                }
                prop_assert!(holding.len() <= max as usize);
            }
        }

        /// A seat is free exactly while fewer are held than the license has.
        #[test]
        fn a_seat_is_free_while_fewer_are_held_than_sold(max in 1u32..20, used in 0u64..40) {
            let expected = if used < u64::from(max) { Seat::Free } else { Seat::Full };
            prop_assert_eq!(Seat::count(MaxDevices::Limited(max), used, false), expected);
        }

        /// A device that holds a seat is never told that the license is full.
        #[test]
        fn a_bound_device_stays_bound(max in 1u32..20, used in 0u64..100) {
            prop_assert_eq!(Seat::count(MaxDevices::Limited(max), used, true), Seat::Bound);
            prop_assert_eq!(Seat::count(MaxDevices::Unlimited, used, false), Seat::Free);
        }
    }
}
