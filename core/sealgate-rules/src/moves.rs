//! Which seat moves to a new key of the same machine (`spec/online.md` §11).

use sealgate_artifact::UnixSeconds;

use crate::fingerprint::likeness;

/// spec/online.md §11.3: "at most three times within 30 days". How many of a seat's last moves are to be known.
pub const MOST_MOVES: usize = 3;
const WINDOW_SECONDS: u64 = 30 * 24 * 60 * 60;

/// A device with a key that holds a seat of the license.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder<'a> {
    /// What it said of its machine.
    pub fingerprint: &'a str,
    /// Whether the access lists admit it.
    pub is_admitted: bool,
    /// When its seat moved, the last times.
    pub moved: [Option<UnixSeconds>; MOST_MOVES],
    /// When it was let in last.
    pub last_seen: Option<UnixSeconds>,
}

impl Holder<'_> {
    /// A move that another clock put ahead counts as well.
    fn may_move(&self, now: UnixSeconds) -> bool {
        let counts = |at: &UnixSeconds| *at > now.minus(WINDOW_SECONDS);
        self.is_admitted && self.moved.iter().flatten().filter(|at| counts(at)).count() < MOST_MOVES
    }
}

/// The place of the device whose seat moves to one that says this of its machine, if any does.
pub fn seat_that_moves(fingerprint: &str, holders: &[Holder<'_>], now: UnixSeconds) -> Option<usize> {
    let alike = |(n, holder): (usize, &Holder<'_>)| {
        let like = likeness(fingerprint, holder.fingerprint);
        (like > 0 && holder.may_move(now)).then_some((
            like,
            std::cmp::Reverse(holder.last_seen),
            std::cmp::Reverse(n),
        ))
    };
    holders.iter().enumerate().filter_map(alike).max().map(|(_, _, n)| n.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::UnixSeconds;

    use super::{Holder, MOST_MOVES, seat_that_moves};
    use crate::fingerprint::likeness;

    const DAY: u64 = 24 * 60 * 60;

    fn at(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).expect("in range")
    }

    fn holder(fingerprint: &str) -> Holder<'_> {
        Holder { fingerprint, is_admitted: true, moved: [None; MOST_MOVES], last_seen: None }
    }

    fn text(slots: [u8; 6]) -> String {
        let slots = slots.map(|n| if n == 0 { "-".to_owned() } else { format!("{n:016x}") });
        format!("fp1.{}", slots.join("."))
    }

    #[test]
    fn a_seat_moves_three_times_within_thirty_days() {
        let now = at(100 * DAY);
        let moved =
            |days: [u64; 3]| Holder { moved: days.map(|ago| Some(at((100 - ago) * DAY))), ..holder("m-1") };
        assert_eq!(seat_that_moves("m-1", &[moved([0, 1, 29])], now), None);
        assert_eq!(seat_that_moves("m-1", &[moved([0, 1, 30])], now), Some(0));
        let ahead = Holder { moved: [Some(at(200 * DAY)); 3], ..holder("m-1") };
        assert_eq!(seat_that_moves("m-1", &[ahead], now), None);
        let twice = Holder { moved: [Some(now), Some(now), None], ..holder("m-1") };
        assert_eq!(seat_that_moves("m-1", &[twice], now), Some(0));
    }

    #[test]
    fn that_of_the_most_alike_moves_and_of_those_that_of_the_longest_unseen() {
        let (like, more, other) =
            (text([1, 2, 3, 9, 9, 9]), text([1, 2, 3, 4, 9, 9]), text([1, 2, 9, 9, 9, 9]));
        let asks = text([1, 2, 3, 4, 5, 6]);
        assert_eq!(seat_that_moves(&asks, &[holder(&other), holder(&like), holder(&more)], at(0)), Some(2));
        let seen = |fingerprint, last| Holder { last_seen: Some(at(last)), ..holder(fingerprint) };
        assert_eq!(
            seat_that_moves(&asks, &[seen(&like, 9), seen(&like, 5), seen(&like, 7)], at(10)),
            Some(1)
        );
        assert_eq!(
            seat_that_moves(&asks, &[seen(&like, 5), seen(&like, 5)], at(10)),
            Some(0),
            "always the same"
        );
        let denied = Holder { is_admitted: false, ..holder(&more) };
        assert_eq!(seat_that_moves(&asks, &[denied.clone(), holder(&like)], at(0)), Some(1));
        assert_eq!(seat_that_moves(&asks, &[denied], at(0)), None);
    }

    proptest! {
        /// Whatever moves matches, is admitted and has a move left; and if any does, one moves.
        #[test]
        fn only_what_may_moves(
            asks in prop::array::uniform6(0u8..3),
            others in prop::collection::vec((prop::array::uniform6(0u8..3), any::<bool>(), 0u64..4, prop::option::of(0u64..9)), 0..6),
        ) {
            let now = at(100 * DAY);
            let (asks, texts): (_, Vec<String>) = (text(asks), others.iter().map(|(slots, ..)| text(*slots)).collect());
            let holders: Vec<Holder<'_>> = others.iter().zip(&texts).map(|((_, is_admitted, spent, seen), fingerprint)| {
                let moved = [1, 2, 3].map(|n| (n <= *spent).then(|| at(99 * DAY)));
                Holder { fingerprint, is_admitted: *is_admitted, moved, last_seen: seen.map(at) }
            }).collect();
            let may = |n: &usize| likeness(&asks, &texts[*n]) > 0 && others[*n].1 && others[*n].2 < 3;
            let chosen = seat_that_moves(&asks, &holders, now);
            prop_assert_eq!(chosen.is_some(), (0..holders.len()).any(|n| may(&n)));
            prop_assert!(chosen.is_none_or(|n| may(&n)));
        }
    }
}
