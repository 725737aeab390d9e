//! Whether a device may use a license now (`spec/http.md` §2.3).

use sealgate_artifact::{Code, MaxDevices, UnixSeconds};

use crate::{Window, in_force};

/// What is known about a license and the device that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LicenseFacts {
    /// When the license gives rights.
    pub window: Window,
    /// Whether the vendor took it back.
    pub revoked: bool,
    /// Whether the license is suspended, or the access lists do not admit who asks.
    pub blocked: bool,
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

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Yes; nothing changes.
    Allow,
    /// Yes, once a seat was taken for this device.
    TakeSeat,
    /// No.
    Refuse(Code),
}

/// One precedence for facts (`spec/errors.md` §3): the license itself, then the device.
pub fn validate(facts: LicenseFacts, now: UnixSeconds) -> Verdict {
    if let Err(code) = in_force(facts.window, facts.revoked, now) {
        return Verdict::Refuse(code);
    }
    if facts.blocked {
        return Verdict::Refuse(Code::Blocked);
    }
    match facts.seat {
        Seat::Bound => Verdict::Allow,
        Seat::Free => Verdict::TakeSeat,
        Seat::Full => Verdict::Refuse(Code::DeviceLimit),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{Code, MaxDevices, UnixSeconds};

    use super::{LicenseFacts, Seat, Verdict, validate};
    use crate::Window;

    fn facts(revoked: bool, blocked: bool, seat: Seat) -> LicenseFacts {
        let at = |s| UnixSeconds::new(s).expect("in range");
        let window = Window { not_before: at(10), expires_at: Some(at(20)) };
        LicenseFacts { window, revoked, blocked, seat }
    }

    #[test]
    fn the_first_reason_wins() {
        let at = |s| UnixSeconds::new(s).expect("in range");
        assert_eq!(validate(facts(true, true, Seat::Full), at(9)), Verdict::Refuse(Code::NotYetValid));
        assert_eq!(validate(facts(true, true, Seat::Full), at(25)), Verdict::Refuse(Code::Revoked));
        assert_eq!(validate(facts(false, true, Seat::Full), at(20)), Verdict::Refuse(Code::Expired));
        assert_eq!(validate(facts(false, true, Seat::Full), at(19)), Verdict::Refuse(Code::Blocked));
        assert_eq!(validate(facts(false, true, Seat::Bound), at(19)), Verdict::Refuse(Code::Blocked));
        assert_eq!(validate(facts(false, false, Seat::Full), at(19)), Verdict::Refuse(Code::DeviceLimit));
        assert_eq!(validate(facts(false, false, Seat::Free), at(10)), Verdict::TakeSeat);
        assert_eq!(validate(facts(false, false, Seat::Bound), at(10)), Verdict::Allow);
    }

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

        /// A device that holds a seat is never told that the license is full.
        #[test]
        fn a_bound_device_stays_bound(max in 1u32..20, used in 0u64..100) {
            prop_assert_eq!(Seat::count(MaxDevices::Limited(max), used, true), Seat::Bound);
            prop_assert_eq!(Seat::count(MaxDevices::Unlimited, used, false), Seat::Free);
        }
    }
}
