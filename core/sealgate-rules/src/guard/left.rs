//! What a program leaves for its next start, and how it joins what other processes of the program left there (`spec/guard.md` §4).

use sealgate_artifact::UnixSeconds;

use super::{Lack, Latch, LocalFloor};

/// What outlives a program, beside what is signed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct LeftBehind {
    /// What this machine's clocks showed.
    pub floor: LocalFloor,
    /// Why the rights ended.
    pub latch: Option<Latch>,
    /// When a question reached no server for the last time since the last admission.
    pub unheard_at: Option<UnixSeconds>,
}

/// What a process has learned since it wrote last, so that it may replace what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Learned {
    /// It has started, and not written since.
    pub has_started: bool,
    /// What its start found there, and lifted.
    pub lifted: Option<Latch>,
    /// A verified answer said what time it is.
    pub heard_time: bool,
    /// A server admitted the device, or said that its rights end.
    pub was_answered: bool,
}

impl LeftBehind {
    /// `spec/guard.md` §4.5: what stands there after a process wants to leave this, where `there` is what stands there now. Another process
    /// may have written it since this one looked.
    #[must_use]
    pub fn over(self, there: Self, learned: &Learned) -> Self {
        let lasting = there.latch.filter(|latch| learned.lifted.as_ref() != Some(latch));
        Self {
            floor: self.floor.over(there.floor, learned),
            latch: Latch::first_to_keep(self.latch, lasting),
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
    /// Of two reasons, one is kept. What follows from time follows from the floor, too, so it gives way to what was found on the machine.
    fn first_to_keep(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        one.into_iter().chain(other).max_by_key(|latch| (latch.lack.rank(), latch.at))
    }
}

impl Lack {
    fn rank(&self) -> u8 {
        match self {
            Self::Tampered => 4,
            Self::Unapproved => 3,
            Self::Ended(_) => 2,
            Self::Expired => 1,
            _ => 0,
        }
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
            Just(Lack::Tampered),
            Just(Lack::Unapproved),
        ];
        (lacks, times()).prop_map(|(lack, at)| Latch {
            lack,
            at,
            license: Some(LicenseId::from_bytes([3; 16])),
            license_ends: None,
            admitted_at: None,
        })
    }

    prop_compose! {
        fn left()(
            at in times(), doubted in prop::collection::vec(times(), 0..3), latch in prop::option::of(latches()),
            unheard_at in prop::option::of(times()),
        ) -> LeftBehind {
            LeftBehind { floor: LocalFloor { at, doubted }, latch, unheard_at }
        }
    }

    prop_compose! {
        fn learned()(
            has_started in any::<bool>(), lifted in prop::option::of(latches()), heard_time in any::<bool>(),
            was_answered in any::<bool>(),
        ) -> Learned {
            Learned { has_started, lifted, heard_time, was_answered }
        }
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
                prop_assert!(end.latch.is_some() || before.latch.is_none());
                if before.latch.as_ref().is_some_and(|latch| latch.lack == Lack::Tampered) {
                    prop_assert_eq!(end.latch.as_ref().map(|latch| &latch.lack), Some(&Lack::Tampered));
                }
            }
            prop_assert_eq!(&end.floor.doubted, &there.floor.doubted);
            let mut turned = writes;
            turned.reverse();
            let turned = turned.into_iter().fold(there, |there, mine| mine.over(there, &nothing));
            prop_assert_eq!((end.floor.at, end.unheard_at), (turned.floor.at, turned.unheard_at));
            prop_assert_eq!(end.latch.map(|latch| (latch.lack, latch.at)), turned.latch.map(|latch| (latch.lack, latch.at)));
        }

        /// A reason goes only where a start lifted this very one, and the floor only where a verified answer said what time it is.
        #[test]
        fn only_what_was_learned_replaces(mine in left(), there in left(), learned in learned()) {
            let end = mine.clone().over(there.clone(), &learned);
            if end.latch.is_none() {
                prop_assert!(mine.latch.is_none());
                prop_assert!(there.latch.is_none() || there.latch == learned.lifted);
            }
            if end.floor.at < there.floor.at {
                prop_assert!(learned.heard_time);
            }
            if end.unheard_at < there.unheard_at {
                prop_assert!(learned.was_answered);
            }
            prop_assert!(end.floor.at >= mine.floor.at && end.unheard_at >= mine.unheard_at);
        }

        /// A process that is alone leaves what it wants to leave.
        #[test]
        fn who_is_alone_leaves_its_own(before in left(), mine in left()) {
            let learned = Learned { has_started: true, lifted: before.latch.clone(), heard_time: true, was_answered: true };
            prop_assert_eq!(mine.clone().over(before, &learned), mine.clone());
            prop_assert_eq!(mine.clone().over(mine.clone(), &Learned::default()), mine);
        }
    }
}
