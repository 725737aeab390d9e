//! What revocation data says of a license, and how fresh it is (`spec/revocation.md` §5.3, §6).

use proptest::prelude::*;
use sealgate_artifact::{Freshness, Policy};

use super::{ADMITTED, Case, DAY, at, fits, heard, revoked};
use crate::guard::{
    Admission, Held, Known, Lack, Revocations, Rights, Session, ShardSays, effective, revocations, vouched_at,
};

fn says(whole_at: Option<u64>, lists: bool) -> ShardSays {
    ShardSays { whole_at: whole_at.map(at), lists }
}

#[test]
fn what_is_listed_gives_nothing_at_once() {
    for policy in [None, Some(heard())] {
        let listed = Case { is_revoked: true, ..Case::new(policy, ADMITTED) };
        assert_eq!(listed.rights(), Rights::Free(Lack::Revoked));
        // A grace that a server gave before is over, too.
        let told = Case { ending: Some(revoked(ADMITTED + DAY)), ..listed };
        assert_eq!(told.rights(), Rights::Free(Lack::Revoked));
    }
}

/// Not yet before it, expired behind it.
#[test]
fn what_is_listed_comes_before_an_end() {
    let listed = |now| Case { is_revoked: true, ..Case::new(None, now) }.lacks();
    assert_eq!(listed(ADMITTED - DAY - 1), Some(Lack::NotYetValid));
    assert_eq!(listed(ADMITTED + 30 * DAY), Some(Lack::Revoked));
}

#[test]
fn a_revocation_outlives_the_program_until_nothing_that_is_held_is_listed() {
    let plain = Case::new(Some(heard()), ADMITTED);
    let running = plain.begin(None);
    let listed = Case { is_revoked: true, ..plain.clone() };
    let fell = listed.ask(|known| running.later(known));
    assert_eq!(fell.effective().lack(), Some(&Lack::Revoked));
    let latch = fell.latches().first().cloned().expect("it lasts");
    // Another version, another proof, or the key that listed it was revoked.
    assert_eq!(plain.begin(Some(&latch)).effective().lack(), None);
    let mut still = listed.clone();
    still.license.version = 2;
    assert_eq!(still.begin(Some(&latch)).effective().lack(), Some(&Lack::Revoked));
    let admitted = |known: &Known<'_>| {
        let held = known.held.expect("a license");
        let admission = held.admission.map(|it| Admission { admitted_at: at(ADMITTED + 1), ..it });
        let known = Known { held: Some(Held { admission, ..held }), ..*known };
        Session::begin(&known, Some(&latch)).effective().lack().cloned()
    };
    assert_eq!(listed.ask(admitted), Some(Lack::Revoked), "however new it is");
}

#[test]
fn revocation_data_is_unknown_fresh_or_stale() {
    let freshness = Some(Freshness { warn: Some(2), restrict: None, block: None });
    let after = |days: u64, shard: Option<ShardSays>| {
        let case = Case::new(Some(Policy { freshness, ..Policy::default() }), ADMITTED + days * DAY);
        case.ask(|known| {
            revocations(&known.held.expect("a license"), known.enforced, shard, at(ADMITTED + days * DAY))
        })
    };
    let shard = Some(says(Some(ADMITTED), false));
    assert_eq!((after(1, None), after(3, None)), (Revocations::Unknown, Revocations::Unknown));
    assert_eq!(after(1, shard), Revocations::Fresh);
    assert_eq!(after(2, shard), Revocations::Stale { since: at(ADMITTED + 2 * DAY) });
    let told = Case::new(None, ADMITTED + 14 * DAY);
    assert_eq!(told.ask(|known| effective(known, None)).needs_refresh, Some(at(ADMITTED + 14 * DAY)));
    assert_eq!(told.lacks(), None, "it takes no right");
}

proptest! {
    /// `spec/revocation.md` §6.1: the latest word counts, and no shard but a whole one that does not list it is a word.
    #[test]
    fn only_a_whole_shard_that_does_not_list_it_vouches(
        issued in 0u64..50, admitted in prop::option::of(0u64..50), shard in prop::option::of((prop::option::of(0u64..50), any::<bool>())),
    ) {
        let word = shard.map(|(whole_at, lists)| says(whole_at, lists));
        let found = vouched_at(at(issued), admitted.map(at), word);
        let counts = shard.filter(|(_, lists)| !lists).and_then(|(whole_at, _)| whole_at);
        prop_assert_eq!(Some(found.get()), [Some(issued), admitted, counts].into_iter().flatten().max());
    }

    /// Whatever else a program holds and finds, listed rights are none, now and at any later time.
    #[test]
    fn nothing_gives_rights_to_what_is_listed(case in super::cases(), days in 0u64..60) {
        let listed = Case { is_revoked: true, ..case };
        prop_assert!(listed.lacks().is_some());
        let later = Case { now: Ok(fits(ADMITTED + days * DAY)), ..listed };
        prop_assert!(later.lacks().is_some());
    }
}
