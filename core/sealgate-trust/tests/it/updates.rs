//! Roots change under verifiers that pinned any of the earlier sets.

use proptest::prelude::*;
use proptest::sample::Index;
use sealgate_artifact::limits;
use sealgate_trust::{Accepted, ChainBytes, Roots, TenantTrust, TrustError};

use crate::authority::{History, RootSet, STRANGER, histories, keyset, now, stated, tenant_keyset};

/// What a verifier that pinned the set at `pinned` makes of this list, under a keyset that `last` signed.
fn follow(
    history: &History,
    pinned: usize,
    versioned: bool,
    statements: Vec<Vec<u8>>,
    last: &RootSet,
    accepted: &Accepted,
) -> Result<TenantTrust, TrustError> {
    let set = &history.0[pinned];
    let roots = Roots::pin(set.public_keys(), set.threshold, versioned.then_some(pinned as u64 + 1))?;
    let chain =
        ChainBytes { roots: statements, keyset: keyset(1, &last.keys), tenant_keyset: tenant_keyset() };
    TenantTrust::verify(&roots, &chain, None, accepted, now())
}

fn last(history: &History) -> &RootSet {
    &history.0[history.0.len() - 1]
}

/// `spec/keys.md` §4.8.
#[test]
fn a_list_has_room_for_so_many_root_statements() {
    let set = |seed| RootSet { keys: [seed].into(), threshold: 1 };
    let history = History(vec![set(1)]);
    let other = stated(9, &set(STRANGER), &set(STRANGER).keys);
    let found = |others| {
        let list = [vec![other.clone(); others], history.statements()].concat();
        follow(&history, 0, true, list, &history.0[0], &Accepted::default())
            .map(|found| found.root().get().version)
    };
    assert_eq!(found(limits::ROOT_STATEMENTS - 1), Ok(1));
    assert_eq!(found(limits::ROOT_STATEMENTS), Err(TrustError::ChainTooLong));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Any pinned set finds its way to the newest, however old, with any memory of the way.
    #[test]
    fn every_pinned_set_is_led_to_the_newest(history in histories(), pinned: Index, seen: Index) {
        let (all, newest) = (history.statements(), history.0.len());
        let pinned = pinned.index(newest);
        let seen = pinned + seen.index(newest - pinned);
        let nothing = Accepted::default();
        let until = all[..=seen].to_vec();
        let before = follow(&history, pinned, true, until, &history.0[seen], &nothing).expect("genuine");
        let after = follow(&history, pinned, true, all, last(&history), before.accepted()).expect("genuine");
        prop_assert_eq!(after.root().get().version, newest as u64);
    }

    /// Whoever holds only keys that had left before the pinned set leads nobody anywhere: whatever of theirs is put
    /// between genuine statements, in whatever order, the roots that are found are genuine.
    #[test]
    fn keys_that_left_lead_nobody_astray(
        history in histories(),
        pinned: Index,
        versioned: bool,
        forged in prop::collection::vec((any::<Index>(), 1..7u64, 1..3usize), 1..5),
        genuine_first: Index,
        order in prop::collection::vec(any::<Index>(), 1..9),
    ) {
        let genuine = history.statements();
        let pinned = pinned.index(history.0.len());
        let thieves = history.left_before(pinned);
        let claims = forged.into_iter().map(|(set, version, threshold)| {
            // Their own roots, or a set of the authority's, under any version.
            let theirs = RootSet { keys: thieves.clone(), threshold: threshold.min(thieves.len()) };
            let set = if threshold == 1 { &theirs } else { set.get(&history.0) };
            stated(version, set, &thieves)
        });
        let pool: Vec<Vec<u8>> = genuine.iter().cloned().chain(claims).collect();
        // A stretch of the genuine way, so that forged ones stand where the next is expected; then anything.
        let way = &genuine[pinned..=pinned + genuine_first.index(genuine.len() - pinned)];
        let anything = order.iter().map(|at| at.get(&pool));
        let list = way.iter().chain(anything).cloned().collect();
        // The keyset carries everybody's signatures, so that only the roots decide.
        let everybody = history.0.iter().flat_map(|set| &set.keys).chain(&thieves).copied().collect();
        let everybody = RootSet { keys: everybody, threshold: 1 };
        if let Ok(trust) = follow(&history, pinned, versioned, list, &everybody, &Accepted::default()) {
            let found = trust.root().get();
            let at = usize::try_from(found.version).expect("small") - 1;
            prop_assert_eq!(&found.keys, &history.0[at].public_keys());
            prop_assert!(at >= pinned || !versioned);
        }
    }

    /// Whatever part of the genuine statements is shown, in whatever order, nobody goes back behind what they accepted.
    #[test]
    fn nothing_older_is_accepted_again(
        history in histories(),
        pinned: Index,
        order in prop::collection::vec(any::<Index>(), 1..9),
    ) {
        let all = history.statements();
        let pinned = pinned.index(history.0.len());
        let nothing = Accepted::default();
        let newest = follow(&history, pinned, true, all.clone(), last(&history), &nothing).expect("genuine");
        let list = order.iter().map(|at| at.get(&all).clone()).collect();
        let everybody = history.0.iter().flat_map(|set| &set.keys).copied().collect();
        let everybody = RootSet { keys: everybody, threshold: 1 };
        if let Ok(again) = follow(&history, pinned, true, list, &everybody, newest.accepted()) {
            prop_assert_eq!(again.root().id(), newest.root().id());
        }
    }

    /// Whatever other roots state before the pinned ones do, under any version: it is passed over.
    #[test]
    fn what_other_roots_state_is_passed_over(
        history in histories(), versioned: bool, version in 1..4u64, threshold in 1..3usize,
    ) {
        let more = [STRANGER, STRANGER - 2].into();
        let set = RootSet { threshold, keys: history.0[0].keys.union(&more).copied().collect() };
        let list = [vec![stated(version, &set, &set.keys)], history.statements()].concat();
        let found = follow(&history, 0, versioned, list, last(&history), &Accepted::default()).expect("genuine");
        prop_assert_eq!(found.root().get().version, history.0.len() as u64);
    }

    /// Whoever accepted a statement is led past it by no other of its version, however far the way goes on behind.
    #[test]
    fn a_fork_is_refused_though_the_way_goes_on(history in histories(), seen: Index) {
        let mut way = history.statements();
        let seen = 1 + seen.index(way.len() - 1);
        let (until, nothing) = (way[..=seen].to_vec(), Accepted::default());
        let before = follow(&history, 0, true, until, &history.0[seen], &nothing).expect("genuine");
        let mut fork = history.0[seen].clone();
        fork.keys.insert(STRANGER);
        let signers = history.0[seen - 1].keys.union(&fork.keys).copied().collect();
        way[seen] = stated(seen as u64 + 1, &fork, &signers);
        follow(&history, 0, true, way.clone(), last(&history), &nothing).expect("sound by itself");
        let found = follow(&history, 0, true, way, last(&history), before.accepted());
        prop_assert_eq!(found.err(), Some(TrustError::Equivocation));
    }
}
