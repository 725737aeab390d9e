//! What a guard keeps from one run of a program to the next (`spec/guard.md` §2 and §4), and the text it is kept as.

use sealgate_artifact::{LicenseId, UnixSeconds};
use sealgate_rules::{Lack, Latch, LeftBehind, LocalFloor};
use serde::{Deserialize, Serialize};

use crate::kept::read;

/// Words of [`Lack`] that are no server's.
const REVOKED: &str = "revoked";
const EXPIRED: &str = "expired";
const UNHEARD: &str = "unheard";
const TAMPERED: &str = "tampered";
const UNAPPROVED: &str = "unapproved";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuardedText {
    floor: u64,
    doubted: Vec<u64>,
    latch: Option<LatchText>,
    /// What several processes left beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    further: Vec<LatchText>,
    unheard_at: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LatchText {
    why: String,
    /// What a server said, where it did.
    said: Option<String>,
    at: u64,
    license: Option<String>,
    license_ends: Option<u64>,
    admitted_at: Option<u64>,
}

impl GuardedText {
    pub(crate) fn of(left: &LeftBehind) -> Self {
        let mut latches = left.latches.iter().filter_map(LatchText::of);
        Self {
            latch: latches.next(),
            further: latches.collect(),
            floor: left.floor.at.get(),
            doubted: left.floor.doubted.iter().map(|time| time.get()).collect(),
            unheard_at: left.unheard_at.map(UnixSeconds::get),
        }
    }

    pub(crate) fn read(self) -> Option<LeftBehind> {
        Some(LeftBehind {
            floor: LocalFloor {
                at: UnixSeconds::new(self.floor)?,
                doubted: self.doubted.into_iter().map(UnixSeconds::new).collect::<Option<_>>()?,
            },
            latches: self
                .latch
                .into_iter()
                .chain(self.further)
                .map(LatchText::read)
                .collect::<Option<_>>()?,
            unheard_at: read(self.unheard_at, UnixSeconds::new).ok()?,
        })
    }
}

impl LatchText {
    /// `None` for what does not outlive a program.
    fn of(latch: &Latch) -> Option<Self> {
        let (why, said) = match &latch.lack {
            Lack::Revoked => (REVOKED, None),
            Lack::Expired => (EXPIRED, None),
            Lack::Unheard => (UNHEARD, None),
            Lack::Ended(code) => ("", Some(code.clone())),
            Lack::Tampered => (TAMPERED, None),
            Lack::Unapproved => (UNAPPROVED, None),
            _ => return None,
        };
        Some(Self {
            why: why.to_owned(),
            said,
            at: latch.at.get(),
            license: latch.license.map(|license| license.to_string()),
            license_ends: latch.license_ends.map(UnixSeconds::get),
            admitted_at: latch.admitted_at.map(UnixSeconds::get),
        })
    }

    fn read(self) -> Option<Latch> {
        let lack = match (self.why.as_str(), self.said) {
            ("", Some(code)) => Lack::Ended(code),
            (REVOKED, None) => Lack::Revoked,
            (EXPIRED, None) => Lack::Expired,
            (UNHEARD, None) => Lack::Unheard,
            (TAMPERED, None) => Lack::Tampered,
            (UNAPPROVED, None) => Lack::Unapproved,
            _ => return None,
        };
        Some(Latch {
            lack,
            at: UnixSeconds::new(self.at)?,
            license: read(self.license, |id| LicenseId::parse(&id).ok()).ok()?,
            license_ends: read(self.license_ends, UnixSeconds::new).ok()?,
            admitted_at: read(self.admitted_at, UnixSeconds::new).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{LicenseId, UnixSeconds};
    use sealgate_rules::{Lack, Latch, LeftBehind, LocalFloor};

    use super::GuardedText;

    fn times() -> impl Strategy<Value = UnixSeconds> {
        (0u64..4_000_000_000).prop_map(|seconds| UnixSeconds::new(seconds).expect("in range"))
    }

    fn lacks() -> impl Strategy<Value = Lack> {
        prop_oneof![
            Just(Lack::Revoked),
            Just(Lack::Expired),
            Just(Lack::Unheard),
            "[a-z_]{1,20}".prop_map(Lack::Ended),
            Just(Lack::Tampered),
            Just(Lack::Unapproved),
        ]
    }

    prop_compose! {
        fn latches()(
            lack in lacks(), at in times(), license in prop::option::of(any::<[u8; 16]>()),
            license_ends in prop::option::of(times()), admitted_at in prop::option::of(times()),
        ) -> Latch {
            Latch { lack, at, license: license.map(LicenseId::from_bytes), license_ends, admitted_at }
        }
    }

    proptest! {
        /// What is written is read.
        #[test]
        fn a_text_is_read_as_it_was_written(
            at in times(), doubted in prop::collection::vec(times(), 0..3), latches in prop::collection::vec(latches(), 0..4),
            unheard_at in prop::option::of(times()),
        ) {
            let left = LeftBehind { floor: LocalFloor { at, doubted }, latches, unheard_at };
            let text = serde_json::to_string(&GuardedText::of(&left)).expect("text");
            let read: GuardedText = serde_json::from_str(&text).expect("it reads");
            prop_assert_eq!(read.read(), Some(left));
        }
    }
}
