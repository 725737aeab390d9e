//! Which heartbeat counts (`spec/activation.md` §7.4, points 2 to 5). The rest of the decision is [`Facts::continues`](crate::Facts::continues).

use sealgate_artifact::{Code, InstanceId, Nonce, StatementId};

/// What a server holds of one instance: what it answered last, and what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HeldBeat {
    /// The number of the last heartbeat that counted.
    pub seq: u64,
    /// The nonce that its answer gave.
    pub next: Nonce,
    /// The request that it was.
    pub request: StatementId,
}

/// What a server holds of an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldActivation {
    /// The newest generation.
    pub generation: u64,
    /// The nonce of its proof.
    pub first_nonce: Nonce,
    /// Whether it gives out another instance.
    pub has_room: bool,
}

/// What a heartbeat says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beat {
    /// The generation of the proof that it names.
    pub generation: u64,
    /// The instance; `None` in the first heartbeat of a generation.
    pub instance: Option<InstanceId>,
    /// Its number.
    pub seq: u64,
    /// The nonce that it was given.
    pub nonce: Nonce,
    /// The request's id.
    pub request: StatementId,
}

/// What a device shows of newer times, under the installation's own signatures (`spec/activation.md` §7.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The generation of its proof.
    pub generation: u64,
    /// What its last answer gave, if it shows one: to which instance, and the number of the heartbeat.
    pub last: Option<(InstanceId, u64)>,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It was answered before: the same answer again.
    Repeat,
    /// The first one of a new instance.
    Begins,
    /// The one that is due.
    Counts,
    /// It does not count.
    Refused(Code),
}

impl Heard {
    /// Whether what a refusal says hints at a state that runs twice.
    pub fn hints_at_clone(self) -> bool {
        matches!(self, Self::Refused(Code::NonceReplayed | Code::InstanceLimit))
    }
}

/// Judges a heartbeat. `held` is what the server holds of the instance that it names; of one that names none, the instance
/// that began with this very request, if there is one.
pub fn hear(activation: &HeldActivation, held: Option<&HeldBeat>, beat: &Beat) -> Heard {
    if beat.generation < activation.generation {
        return Heard::Refused(Code::Superseded);
    }
    if beat.generation > activation.generation {
        return Heard::Refused(Code::StateWanted);
    }
    match (held, beat.instance) {
        (Some(held), _) if held.request == beat.request => Heard::Repeat,
        (Some(held), Some(_)) => of_instance(held, beat),
        // A database that came back older knows fewer instances.
        (None, Some(_)) => Heard::Refused(Code::StateWanted),
        (_, None) if beat.seq != 1 || beat.nonce != activation.first_nonce => {
            Heard::Refused(Code::NonceReplayed)
        }
        (_, None) if !activation.has_room => Heard::Refused(Code::InstanceLimit),
        (_, None) => Heard::Begins,
    }
}

fn of_instance(held: &HeldBeat, beat: &Beat) -> Heard {
    let due = held.seq + 1;
    match beat.seq.cmp(&due) {
        std::cmp::Ordering::Equal if beat.nonce == held.next => Heard::Counts,
        std::cmp::Ordering::Greater => Heard::Refused(Code::StateWanted),
        _ => Heard::Refused(Code::NonceReplayed),
    }
}

impl Shown {
    /// Without an answer that another instance got than the one that asks: nothing was read of that one, so nobody knows which is
    /// newer.
    #[must_use]
    pub fn to(self, asks: Option<InstanceId>) -> Self {
        Self { last: self.last.filter(|(instance, _)| Some(*instance) == asks), ..self }
    }

    /// Whether it says more than what is held: the generation, and the number of the last heartbeat of the instance that asks.
    pub fn is_newer(self, held: Option<(u64, Option<u64>)>) -> bool {
        let Some((generation, seq)) = held else { return true };
        if self.generation != generation {
            return self.generation > generation;
        }
        self.last.is_some_and(|(_, shown)| seq.is_none_or(|held| shown > held))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{Code, InstanceId, Nonce, StatementId};

    use super::{Beat, Heard, HeldActivation, HeldBeat, Shown, hear};

    fn nonce(n: u8) -> Nonce {
        Nonce::from_random([n; 16])
    }

    fn request(n: u8) -> StatementId {
        StatementId::from_bytes([n; 32])
    }

    const INSTANCE: [u8; 16] = [9; 16];

    fn activation(generation: u64) -> HeldActivation {
        HeldActivation { generation, first_nonce: nonce(0), has_room: true }
    }

    fn beat(generation: u64, instance: bool, seq: u64, given: u8, bytes: u8) -> Beat {
        let instance = instance.then(|| InstanceId::from_bytes(INSTANCE));
        Beat { generation, instance, seq, nonce: nonce(given), request: request(bytes) }
    }

    proptest! {
        /// Of all heartbeats of one instance, only one counts next: the one with the number and the nonce that are due, of the newest
        /// generation. The very request that was answered is answered again.
        #[test]
        fn one_heartbeat_is_due(
            held_seq in 1u64..5, generation in 1u64..4,
            asked in (1u64..4, 1u64..7, 0u8..3, 0u8..3),
        ) {
            let held = HeldBeat { seq: held_seq, next: nonce(1), request: request(1) };
            let (asked_generation, seq, given, bytes) = asked;
            let heard = hear(&activation(generation), Some(&held), &beat(asked_generation, true, seq, given, bytes));
            let expected = match () {
                () if asked_generation < generation => Heard::Refused(Code::Superseded),
                () if asked_generation > generation => Heard::Refused(Code::StateWanted),
                () if bytes == 1 => Heard::Repeat,
                () if seq == held_seq + 1 && given == 1 => Heard::Counts,
                () if seq > held_seq + 1 => Heard::Refused(Code::StateWanted),
                () => Heard::Refused(Code::NonceReplayed),
            };
            prop_assert_eq!(heard, expected);
        }
    }

    /// Whatever else a heartbeat is refused with, and whatever follows from one that counts, hints at no copy.
    #[test]
    fn two_refusals_hint_at_a_clone() {
        for code in Code::ALL {
            let hints = [Code::NonceReplayed, Code::InstanceLimit].contains(code);
            assert_eq!(Heard::Refused(*code).hints_at_clone(), hints, "{code}");
        }
        for heard in [Heard::Repeat, Heard::Begins, Heard::Counts] {
            assert!(!heard.hints_at_clone(), "{heard:?}");
        }
    }

    #[test]
    fn an_instance_begins_with_the_proofs_nonce_and_where_there_is_room() {
        let begins = beat(1, false, 1, 0, 1);
        assert_eq!(hear(&activation(1), None, &begins), Heard::Begins);
        let full = HeldActivation { has_room: false, ..activation(1) };
        assert_eq!(hear(&full, None, &begins), Heard::Refused(Code::InstanceLimit));
        let wrong = Beat { nonce: nonce(3), ..begins };
        assert_eq!(hear(&activation(1), None, &wrong), Heard::Refused(Code::NonceReplayed));
        let late = Beat { seq: 2, ..begins };
        assert_eq!(hear(&activation(1), None, &late), Heard::Refused(Code::NonceReplayed));
        let held = HeldBeat { seq: 1, next: nonce(5), request: begins.request };
        assert_eq!(hear(&full, Some(&held), &begins), Heard::Repeat, "the answer was lost");
        let unknown = beat(1, true, 1, 0, 1);
        assert_eq!(hear(&activation(1), None, &unknown), Heard::Refused(Code::StateWanted));
    }

    proptest! {
        /// What is shown counts where it says more than what is held: of a newer generation, or of the same and the same instance
        /// with a higher number.
        #[test]
        fn only_what_is_newer_is_taken_over(
            generation in 1u64..4, last in prop::option::of((1u8..3, 1u64..4)), asks in prop::option::of(1u8..3),
            held in prop::option::of((1u64..4, prop::option::of(1u64..4))),
        ) {
            let instance = |n: u8| InstanceId::from_bytes([n; 16]);
            let shown = Shown { generation, last: last.map(|(n, seq)| (instance(n), seq)) }.to(asks.map(instance));
            let own = last.filter(|(n, _)| Some(*n) == asks).map(|(_, seq)| seq);
            prop_assert_eq!(shown.last.map(|(_, seq)| seq), own);
            // An absent number is less than any.
            prop_assert_eq!(shown.is_newer(held), held.is_none_or(|held| (generation, own) > held));
        }
    }
}
