//! When the rights of an activated device end, and until when it keeps what it has (`spec/activation.md` §7.5).

use sealgate_artifact::{Code, UnixSeconds};

/// The end of a device's rights, as its server keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Why.
    pub code: Code,
    /// Since when.
    pub at: UnixSeconds,
    /// From this time on the tier is `free`.
    pub grace_until: UnixSeconds,
}

/// When a license went out of force, by its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutOfForce {
    /// When the vendor took it back for good.
    pub revoked_at: Option<UnixSeconds>,
    /// When the vendor suspended it.
    pub suspended_at: Option<UnixSeconds>,
    /// When it ends or ended by itself.
    pub expires_at: Option<UnixSeconds>,
}

impl End {
    /// The end for this reason, which was found now. `told` is the end that the device was told last, if it was not admitted since: the
    /// same end stays as it was told, and another one comes no later. `grace` is in seconds, and an expiry has none.
    pub fn of(code: Code, license: OutOfForce, (told, now): (Option<Self>, UnixSeconds), grace: u64) -> Self {
        let known = match code {
            Code::Revoked => license.revoked_at,
            Code::Blocked => license.suspended_at,
            Code::Expired => license.expires_at.filter(|end| *end <= now),
            _ => None,
        };
        let at = known.unwrap_or(now);
        let grace_until = if code == Code::Expired { at } else { at.plus(grace) };
        match told {
            Some(told) if told.code == code => told,
            Some(told) => Self { code, at, grace_until: grace_until.min(told.grace_until) },
            None => Self { code, at, grace_until },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{Code, UnixSeconds};

    use super::{End, OutOfForce};

    fn at(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).expect("in range")
    }

    /// What a license knows of its end, when it was found, the code, since when that holds, and until when the grace lasts.
    #[test]
    fn each_cause_has_its_time() {
        let none = OutOfForce::default();
        let revoked = OutOfForce { revoked_at: Some(at(40)), ..none };
        let suspended = OutOfForce { suspended_at: Some(at(50)), ..none };
        let over = OutOfForce { expires_at: Some(at(60)), ..none };
        let later = OutOfForce { expires_at: Some(at(900)), ..none };
        for (code, license, since, until) in [
            (Code::Revoked, revoked, 40, 140),
            (Code::Blocked, suspended, 50, 150),
            (Code::Blocked, none, 70, 170),
            (Code::Expired, over, 60, 60),
            (Code::Expired, later, 70, 70),
            (Code::ChainMismatch, over, 70, 170),
        ] {
            let end = End { code, at: at(since), grace_until: at(until) };
            assert_eq!(End::of(code, license, (None, at(70)), 100), end);
        }
    }

    fn codes() -> impl Strategy<Value = Code> {
        prop::sample::select(vec![Code::Revoked, Code::Blocked, Code::Expired, Code::ChainMismatch])
    }

    fn times() -> impl Strategy<Value = Option<UnixSeconds>> {
        prop::option::of((0u64..200).prop_map(at))
    }

    proptest! {
        /// Whatever ends a device's rights after they ended, and whenever it asks: it gets no new time.
        #[test]
        fn an_end_never_comes_later(
            found in prop::collection::vec((codes(), times(), times(), times(), 0u64..200), 1..8), grace in 0u64..100,
        ) {
            let mut told: Option<End> = None;
            for (code, revoked_at, suspended_at, expires_at, now) in found {
                let license = OutOfForce { revoked_at, suspended_at, expires_at };
                let end = End::of(code, license, (told, at(now)), grace);
                prop_assert_eq!(end.code, code);
                if let Some(before) = told {
                    prop_assert!(end.grace_until <= before.grace_until);
                    prop_assert!(end.code != before.code || end == before);
                }
                told = Some(end);
            }
        }
    }
}
