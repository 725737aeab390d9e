//! Whether a bundle may be made, and how many seats it takes (`spec/offline.md` §5.1, §5.2).

use std::fmt;

use sealgate_artifact::{Code, Conditions, Integrity, MaxDevices, OfflinePermit, UnixSeconds, limits};

use crate::Standing;

const DAY: u64 = 24 * 60 * 60;
/// Days that a bundle lasts at most where its license does not say.
const DAYS: u64 = 365;

/// What decides whether bundles of a license may be made.
#[derive(Debug, Clone, Copy)]
pub struct Bundling<'a> {
    /// Where the license stands.
    pub standing: Standing,
    /// Whether its tenant may hand out what needs no server.
    pub tenant_may: bool,
    /// Whether its terms allow use without a server.
    pub terms_allow: bool,
    /// What else it says.
    pub conditions: &'a Conditions,
    /// Its seats.
    pub max_devices: MaxDevices,
}

/// A bundle that somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// For how many machines, where it is for a pool.
    pub pool: Option<u64>,
    /// When it ends; `None`: as late as it may.
    pub ends_at: Option<UnixSeconds>,
}

/// Why a bundle is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoBundle {
    /// The license is revoked.
    Revoked,
    /// The license is suspended.
    Suspended,
    /// Offline use is switched off for the tenant.
    TenantOff,
    /// A trial needs a server.
    Trial,
    /// The terms do not allow use without a server.
    TermsForbid,
    /// The program wants a list of modules, and no bundle carries one.
    Integrity,
    /// The license allows no pools.
    NoPools,
    /// A pool may have so many machines at most.
    PoolTooLarge(u64),
    /// The license ends then.
    EndsAfterLicense(UnixSeconds),
    /// A bundle made now ends then at the latest, so many days from now.
    TooLong(UnixSeconds, u64),
    /// The license has ended: nothing is left of it.
    Expired,
    /// The end that was wanted is not in the future.
    Over,
}

impl NoBundle {
    /// Its code. [`Over`](Self::Over) is a fault of the request.
    pub fn code(self) -> Code {
        match self {
            Self::Revoked => Code::LicenseRevoked,
            Self::Suspended => Code::Blocked,
            Self::TenantOff | Self::Trial | Self::TermsForbid | Self::Integrity | Self::NoPools => {
                Code::OfflineDisabled
            }
            Self::PoolTooLarge(_) => Code::LimitReached,
            Self::EndsAfterLicense(_) | Self::TooLong(..) | Self::Expired => Code::OutlivesLicense,
            Self::Over => Code::MalformedRequest,
        }
    }
}

impl fmt::Display for NoBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revoked => f.write_str(Code::LicenseRevoked.meaning()),
            Self::Suspended => f.write_str(Code::Blocked.meaning()),
            Self::TenantOff => f.write_str("Offline use is switched off for the tenant."),
            Self::Trial => {
                f.write_str("The license is a trial, and a trial goes to no machine without a network.")
            }
            Self::TermsForbid => f.write_str("The terms of the license do not allow offline use."),
            Self::Integrity => f.write_str(
                "The license's policy says integrity required, and no bundle carries a list of modules. Say where_listed.",
            ),
            Self::NoPools => f.write_str(
                "The license allows no bundles for pools: its offline conditions have no pool. Send bound bundles.",
            ),
            Self::PoolTooLarge(most) => {
                write!(f, "A bundle of this license is for a pool of {most} machines at most.")
            }
            Self::EndsAfterLicense(end) => {
                write!(f, "The bundle would end after its license. Give {end} or an earlier end.")
            }
            Self::TooLong(latest, days) => write!(
                f,
                "A bundle of this license ends at most {days} days after it was made. Give {latest} or an earlier end."
            ),
            Self::Expired => f.write_str("The license has ended. Renew it first."),
            Self::Over => f.write_str("The end of the bundle is not in the future."),
        }
    }
}

impl Bundling<'_> {
    /// Whether such a bundle may be made now, and when it ends. In the order of `spec/offline.md` §5.1.
    pub fn may_make(&self, wanted: Wanted, now: UnixSeconds) -> Result<UnixSeconds, NoBundle> {
        let integrity = self.conditions.policy.as_ref().and_then(|policy| policy.integrity);
        let reasons = [
            (self.standing.revoked, NoBundle::Revoked),
            (self.standing.suspended, NoBundle::Suspended),
            (!self.tenant_may, NoBundle::TenantOff),
            (self.standing.trial.is_some(), NoBundle::Trial),
            (!self.terms_allow, NoBundle::TermsForbid),
            (integrity == Some(Integrity::Required), NoBundle::Integrity),
        ];
        if let Some((_, why)) = reasons.into_iter().find(|(is_so, _)| *is_so) {
            return Err(why);
        }
        if let Some(pool) = wanted.pool {
            let most = self.largest_pool().ok_or(NoBundle::NoPools)?;
            if pool > most {
                return Err(NoBundle::PoolTooLarge(most));
            }
        }
        self.end(wanted.ends_at, now)
    }

    fn permit(&self) -> Option<OfflinePermit> {
        self.conditions.offline
    }

    /// How large a pool may be; `None`: there are no pools.
    fn largest_pool(&self) -> Option<u64> {
        match self.permit() {
            Some(permit) => permit.pool,
            None => Some(u64::from(self.max_devices.seats().unwrap_or(limits::MAX_DEVICES))),
        }
    }

    fn end(&self, wanted: Option<UnixSeconds>, now: UnixSeconds) -> Result<UnixSeconds, NoBundle> {
        let license = self.standing.window.expires_at;
        if wanted.is_some_and(|end| end <= now) {
            return Err(NoBundle::Over);
        }
        let days = self.permit().map_or(DAYS, |permit| permit.days);
        let latest = now.plus(days * DAY);
        match (wanted, license) {
            (_, Some(license)) if license <= now => Err(NoBundle::Expired),
            (Some(end), Some(license)) if end > license => Err(NoBundle::EndsAfterLicense(license)),
            (Some(end), _) if end > latest => Err(NoBundle::TooLong(latest, days)),
            (Some(end), _) => Ok(end),
            (None, license) => Ok(license.map_or(latest, |license| license.min(latest))),
        }
    }
}

/// What of a license's seats is taken (`spec/offline.md` §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeatsTaken {
    /// Devices that hold one, each counted once, those of live bound bundles among them.
    pub devices: u64,
    /// The sum of each line's largest live pool.
    pub pools: u64,
}

impl SeatsTaken {
    /// The same with so many devices that held none.
    #[must_use]
    pub fn with_devices(self, further: u64) -> Self {
        Self { devices: self.devices.saturating_add(further), ..self }
    }

    /// The same with a pool of a line whose largest one is `largest`: it takes only what it adds (§5.3).
    #[must_use]
    pub fn with_pool(self, pool: u64, largest: u64) -> Self {
        Self { pools: self.pools.saturating_add(pool.saturating_sub(largest)), ..self }
    }

    /// How many there are.
    pub fn all(self) -> u64 {
        self.devices.saturating_add(self.pools)
    }

    /// Whether what is taken then is there. What adds nothing is never refused: it was there before.
    pub fn may_become(self, then: Self, max_devices: MaxDevices) -> bool {
        then.all() <= self.all() || max_devices.seats().is_none_or(|seats| then.all() <= u64::from(seats))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use sealgate_artifact::{Conditions, MaxDevices, UnixSeconds};

    use super::{Bundling, DAY, NoBundle, SeatsTaken, Wanted};
    use crate::{Seat, Standing, Window};

    fn at(second: u64) -> UnixSeconds {
        UnixSeconds::new(second).expect("in range")
    }

    fn standing(expires_at: Option<UnixSeconds>) -> Standing {
        Standing { window: Window::new(at(0), expires_at), revoked: false, suspended: false, trial: None }
    }

    fn bundling(conditions: &Conditions, expires_at: Option<UnixSeconds>) -> Bundling<'_> {
        let max_devices = MaxDevices::Limited(7);
        Bundling {
            standing: standing(expires_at),
            tenant_may: true,
            terms_allow: true,
            conditions,
            max_devices,
        }
    }

    const NOW: u64 = 1_800_000_000;
    const BOUND: Wanted = Wanted { pool: None, ends_at: None };

    proptest! {
        /// No bundle outlives its license, or lasts longer than that allows; and none is over when it is made.
        #[test]
        fn no_bundle_outlives_its_license(
            license in prop::option::of(NOW - 10 * DAY..NOW + 800 * DAY),
            wanted in prop::option::of(NOW - 10 * DAY..NOW + 800 * DAY),
            days in prop::option::of(1u64..700),
        ) {
            let text = days.map(|days| format!(r#"{{"offline":{{"days":{days}}}}}"#));
            let conditions = text.map_or_else(Conditions::default, |text| Conditions::parse(&text).expect("conditions"));
            let wanted = Wanted { pool: None, ends_at: wanted.map(at) };
            let made = bundling(&conditions, license.map(at)).may_make(wanted, at(NOW));
            let most = NOW + days.unwrap_or(365) * DAY;
            let fits = |end: u64| end > NOW && end <= most && license.is_none_or(|license| end <= license);
            match (made, wanted.ends_at) {
                (Ok(end), asked) => {
                    prop_assert!(fits(end.get()));
                    prop_assert!(asked.is_none_or(|asked| asked == end));
                }
                (Err(_), Some(asked)) => prop_assert!(!fits(asked.get())),
                (Err(why), None) => {
                    prop_assert_eq!(why, NoBundle::Expired);
                    prop_assert!(license.is_some_and(|license| license <= NOW));
                }
            }
        }

        /// Whatever is asked for in which order, the seats of a license do: what is refused takes nothing.
        #[test]
        fn no_seat_is_taken_twice(
            max in 1u32..12,
            steps in prop::collection::vec((0..3u8, 0u64..10, 0u64..4), 1..60),
        ) {
            let sold = MaxDevices::Limited(max);
            let (mut devices, mut lines) = (BTreeSet::new(), BTreeMap::<u64, u64>::new());
            for (what, n, line) in steps {
                let taken = SeatsTaken { devices: devices.len() as u64, pools: lines.values().sum() };
                match what {
                    0 => if Seat::count(sold, taken.all(), devices.contains(&n)) == Seat::Free {
                        devices.insert(n);
                    },
                    1 => {
                        let named: BTreeSet<u64> = (n..n + line).collect();
                        let further = named.difference(&devices).count() as u64;
                        if taken.may_become(taken.with_devices(further), sold) {
                            devices.extend(named);
                        }
                    }
                    _ => {
                        let largest = lines.get(&line).copied().unwrap_or(0);
                        if taken.may_become(taken.with_pool(n, largest), sold) {
                            lines.insert(line, largest.max(n));
                        }
                    }
                }
                let used = devices.len() as u64 + lines.values().sum::<u64>();
                prop_assert!(used <= u64::from(max), "{used} of {max}");
            }
        }
    }

    #[test]
    fn pools_are_as_large_as_the_license_says() {
        let pool = |conditions: &str, pool| {
            let conditions = Conditions::parse(conditions).expect("conditions");
            let wanted = Wanted { pool: Some(pool), ends_at: None };
            bundling(&conditions, None).may_make(wanted, at(NOW)).map(|_| ())
        };
        assert_eq!(pool("{}", 7), Ok(()));
        assert_eq!(pool("{}", 8), Err(NoBundle::PoolTooLarge(7)));
        assert_eq!(pool(r#"{"offline":{"days":30,"pool":3}}"#, 3), Ok(()));
        assert_eq!(pool(r#"{"offline":{"days":30,"pool":3}}"#, 4), Err(NoBundle::PoolTooLarge(3)));
        assert_eq!(pool(r#"{"offline":{"days":30}}"#, 1), Err(NoBundle::NoPools));
    }

    /// What stands in the way is said in one order, whatever else does.
    #[test]
    fn what_may_leave_nowhere_goes_into_no_bundle() {
        type Mend = fn(&mut Bundling<'_>);
        let plain = Conditions::default();
        let checked = Conditions::parse(r#"{"policy":{"integrity":"required"}}"#).expect("conditions");
        let mut all = bundling(&checked, Some(at(NOW - 1)));
        let trial = crate::TrialStanding::NotBegun;
        all.standing = Standing { revoked: true, suspended: true, trial: Some(trial), ..all.standing };
        (all.tenant_may, all.terms_allow) = (false, false);
        let steps: [(NoBundle, Mend); 7] = [
            (NoBundle::Revoked, |all| all.standing.revoked = false),
            (NoBundle::Suspended, |all| all.standing.suspended = false),
            (NoBundle::TenantOff, |all| all.tenant_may = true),
            (NoBundle::Trial, |all| all.standing.trial = None),
            (NoBundle::TermsForbid, |all| all.terms_allow = true),
            (NoBundle::Integrity, |_| {}),
            (NoBundle::Expired, |_| {}),
        ];
        for (why, mend) in steps {
            if why == NoBundle::Expired {
                all.conditions = &plain;
            }
            assert_eq!(all.may_make(BOUND, at(NOW)), Err(why));
            mend(&mut all);
        }
    }
}
