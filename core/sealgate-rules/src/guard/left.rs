//! What a program leaves for its next start, and how it joins what other processes of the program left there (`spec/guard.md` §4).

use sealgate_artifact::UnixSeconds;

use super::{Latch, LocalFloor};

/// What outlives a program, beside what is signed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct LeftBehind {
    /// What this machine's clocks showed.
    pub floor: LocalFloor,
    /// Why the rights ended: at most one of each kind and license.
    pub latches: Vec<Latch>,
    /// When a question reached no server for the last time since the last admission.
    pub unheard_at: Option<UnixSeconds>,
}

/// What a process has learned since it wrote last, so that it may replace what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Learned {
    /// It has started, and not written since.
    pub has_started: bool,
    /// What its start found there, and lifted.
    pub lifted: Vec<Latch>,
    /// A verified answer said what time it is.
    pub heard_time: bool,
    /// A server admitted the device, or said that its rights end.
    pub was_answered: bool,
}

/// How many reasons are kept, the latest ones. A machine has few licenses; whoever shows it many fills no disk.
const LATCHES: usize = 64;

impl LeftBehind {
    /// `spec/guard.md` §4.5: what stands there after a process wants to leave this, where `there` is what stands there now. Another process
    /// may have written it since this one looked.
    #[must_use]
    pub fn over(self, there: Self, learned: &Learned) -> Self {
        let mut latches: Vec<Latch> =
            there.latches.into_iter().filter(|latch| !learned.lifted.contains(latch)).collect();
        for latch in self.latches {
            match latches.iter_mut().find(|other| other.is_alike(&latch)) {
                Some(other) => other.join(latch),
                None => latches.push(latch),
            }
        }
        let beyond = latches.len().saturating_sub(LATCHES);
        latches.drain(..beyond);
        Self {
            floor: self.floor.over(there.floor, learned),
            latches,
            unheard_at: if learned.was_answered {
                self.unheard_at
            } else {
                self.unheard_at.max(there.unheard_at)
            },
        }
    }
}

impl LocalFloor {
    fn over(self, there: Self, learned: &Learned) -> Self {
        if learned.heard_time {
            return self;
        }
        let doubted = if learned.has_started { self.doubted } else { there.doubted };
        Self { at: self.at.max(there.at), doubted }
    }
}

impl Latch {
    /// Whether both are of one kind and license, so that one of them says what both do.
    fn is_alike(&self, other: &Self) -> bool {
        std::mem::discriminant(&self.lack) == std::mem::discriminant(&other.lack)
            && self.license == other.license
    }

    /// What lifts this afterwards lifts both.
    fn join(&mut self, other: Self) {
        let license_ends = self.license_ends.zip(other.license_ends).map(|(one, other)| one.max(other));
        let admitted_at = self.admitted_at.max(other.admitted_at);
        if other.at > self.at {
            *self = other;
        }
        (self.license_ends, self.admitted_at) = (license_ends, admitted_at);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{LicenseId, UnixSeconds};

    use super::{Learned, LeftBehind};
    use crate::{Lack, Latch, LocalFloor};

    fn times() -> impl Strategy<Value = UnixSeconds> {
        (0u64..8).prop_map(|seconds| UnixSeconds::new(seconds).expect("in range"))
    }

    fn latches() -> impl Strategy<Value = Latch> {
        let lacks = prop_oneof![
            Just(Lack::Expired),
            Just(Lack::Unheard),
            Just(Lack::Ended("revoked".to_owned())),
            Just(Lack::Revoked),
            Just(Lack::Tampered),
            Just(Lack::Unapproved),
        ];
        (lacks, times(), prop::option::of(times()), prop::option::of(times())).prop_map(
            |(lack, at, license_ends, admitted_at)| Latch {
                lack,
                at,
                license: Some(LicenseId::from_bytes([3; 16])),
                license_ends,
                admitted_at,
            },
        )
    }

    prop_compose! {
        fn left()(
            at in times(), doubted in prop::collection::vec(times(), 0..3), mut latches in prop::collection::vec(latches(), 0..4),
            unheard_at in prop::option::of(times()),
        ) -> LeftBehind {
            let mut latches: Vec<Latch> = std::mem::take(&mut latches);
            latches.sort_by_key(|latch| format!("{:?}", latch.lack));
            latches.dedup_by_key(|latch| std::mem::discriminant(&latch.lack));
            LeftBehind { floor: LocalFloor { at, doubted }, latches, unheard_at }
        }
    }

    prop_compose! {
        fn learned()(
            has_started in any::<bool>(), lifted in prop::collection::vec(latches(), 0..3), heard_time in any::<bool>(),
            was_answered in any::<bool>(),
        ) -> Learned {
            Learned { has_started, lifted, heard_time, was_answered }
        }
    }

    /// Whether the reason is there, and nothing lifts it that does not lift this.
    fn holds(left: &LeftBehind, latch: &Latch) -> bool {
        left.latches.iter().any(|kept| {
            kept.is_alike(latch)
                && kept.admitted_at >= latch.admitted_at
                && (kept.license_ends.is_none()
                    || (latch.license_ends.is_some() && kept.license_ends >= latch.license_ends))
        })
    }

    proptest! {
        /// Who learned nothing undoes nothing, in whatever order processes write.
        #[test]
        fn no_write_undoes_what_another_process_found(
            there in left(), writes in prop::collection::vec(left(), 1..5),
        ) {
            let nothing = Learned::default();
            let end = writes.iter().cloned().fold(there.clone(), |there, mine| mine.over(there, &nothing));
            for before in writes.iter().chain([&there]) {
                prop_assert!(end.floor.at >= before.floor.at);
                prop_assert!(end.unheard_at >= before.unheard_at);
                prop_assert!(before.latches.iter().all(|latch| holds(&end, latch)));
            }
            prop_assert!(end.latches.len() <= 6, "one of each kind");
            prop_assert_eq!(&end.floor.doubted, &there.floor.doubted);
            let mut turned = writes;
            turned.reverse();
            let turned = turned.into_iter().fold(there, |there, mine| mine.over(there, &nothing));
            prop_assert_eq!((end.floor.at, end.unheard_at), (turned.floor.at, turned.unheard_at));
            prop_assert!(end.latches.iter().all(|latch| turned.latches.contains(latch)));
        }

        /// A reason goes only where a start lifted this very one, and the floor only where a verified answer said what time it is.
        #[test]
        fn only_what_was_learned_replaces(mine in left(), there in left(), learned in learned()) {
            let end = mine.clone().over(there.clone(), &learned);
            for latch in &there.latches {
                prop_assert!(holds(&end, latch) || learned.lifted.contains(latch));
            }
            prop_assert!(mine.latches.iter().all(|latch| holds(&end, latch)));
            if end.floor.at < there.floor.at {
                prop_assert!(learned.heard_time);
            }
            if end.unheard_at < there.unheard_at {
                prop_assert!(learned.was_answered);
            }
            prop_assert!(end.floor.at >= mine.floor.at && end.unheard_at >= mine.unheard_at);
        }

        /// Whoever shows a program many licenses fills no disk.
        #[test]
        fn reasons_of_licenses_beyond_number_are_forgotten(mine in left()) {
            let of = |number: u8| {
                let latch = |latch: Latch| Latch { license: Some(LicenseId::from_bytes([number; 16])), ..latch };
                LeftBehind { latches: mine.latches.iter().cloned().map(latch).collect(), ..mine.clone() }
            };
            let there = (0..100).map(of).fold(LeftBehind::default(), |there, mine| mine.over(there, &Learned::default()));
            prop_assert!(there.latches.len() <= 64);
            prop_assert!(of(99).latches.iter().all(|latch| holds(&there, latch)), "the latest stay");
        }

        /// A process that is alone leaves what it wants to leave.
        #[test]
        fn who_is_alone_leaves_its_own(before in left(), mine in left()) {
            let lifted = before.latches.clone();
            let learned = Learned { has_started: true, lifted, heard_time: true, was_answered: true };
            prop_assert_eq!(mine.clone().over(before, &learned), mine.clone());
            prop_assert_eq!(mine.clone().over(mine.clone(), &Learned::default()), mine);
        }
    }
}
