//! What machines say of their parts, and when two of them are taken for one (`spec/online.md` §10).

use core::fmt;

use sealgate_artifact::AppId;
use sha2::{Digest, Sha256};

/// spec/online.md §10.5: "at least three slots that both have are equal".
const NEEDED: usize = 3;
const SLOTS: usize = Component::ALL.len();
const PREFIX: &str = "fp1.";
const DOMAIN: &[u8] = b"sealgate-fingerprint-v1";
const ABSENT: &str = "-";
const SLOT_DIGITS: usize = 16;

/// spec/online.md §10.4: what makers and hypervisors write where they have nothing to say.
const FILLERS: &[&str] = &[
    "none",
    "na",
    "null",
    "unknown",
    "default",
    "invalid",
    "uninitialized",
    "notavailable",
    "notapplicable",
    "notspecified",
    "notsupported",
    "defaultstring",
    "tobefilledbyoem",
    "systemserialnumber",
    "baseboardserialnumber",
    "0123456789",
    "123456789",
    "1234567890",
    "0123456789abcdef",
    "03000200040005000006000700080009",
];
/// The same, as a part of the value: disks that are numbered on each machine anew.
const COUNTED: &[&str] = &["qm0000", "persistentdisk", "drivescsi"];

/// A part of a machine, as `spec/online.md` §10.3 lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Component {
    /// The installation of the operating system.
    Machine,
    /// The machine, by its maker.
    Product,
    /// Its main board.
    Board,
    /// The drive that holds the root file system.
    Disk,
    /// Its network card.
    Network,
    /// The model of its processor.
    Cpu,
}

impl Component {
    /// All of them, in the order of the slots.
    pub const ALL: [Self; 6] =
        [Self::Machine, Self::Product, Self::Board, Self::Disk, Self::Network, Self::Cpu];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Product => "product",
            Self::Board => "board",
            Self::Disk => "disk",
            Self::Network => "network",
            Self::Cpu => "cpu",
        }
    }
}

/// A machine by its parts, in the form of `spec/online.md` §10.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ComponentFingerprint {
    slots: [Option<u64>; SLOTS],
}

impl ComponentFingerprint {
    /// That of a machine whose parts say this, for one app.
    pub fn of(app: AppId, mut says: impl FnMut(Component) -> Option<String>) -> Self {
        let mut slot =
            |part| says(part).and_then(|value| normalized(&value)).map(|value| slot(app, part, &value));
        Self { slots: Component::ALL.map(&mut slot) }
    }

    /// Reads the one form that there is; any other text is the app's own.
    pub fn parse(text: &str) -> Option<Self> {
        let mut slots = [None; SLOTS];
        let mut parts = text.strip_prefix(PREFIX)?.split('.');
        for slot in &mut slots {
            *slot = parse_slot(parts.next()?)?;
        }
        parts.next().is_none().then_some(Self { slots })
    }

    /// spec/online.md §10.5: whether it has as many slots as a match needs.
    pub fn names_a_machine(&self) -> bool {
        self.slots.iter().flatten().count() >= NEEDED
    }

    /// How many slots that both have are equal.
    fn equal_slots(&self, other: &Self) -> usize {
        self.slots.iter().zip(&other.slots).filter(|(mine, its)| mine.is_some() && mine == its).count()
    }
}

impl fmt::Display for ComponentFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        for (n, slot) in self.slots.iter().enumerate() {
            if n > 0 {
                f.write_str(".")?;
            }
            match slot {
                Some(slot) => write!(f, "{slot:016x}")?,
                None => f.write_str(ABSENT)?,
            }
        }
        Ok(())
    }
}

/// How alike two fingerprints are: the number of their equal slots if they match (`spec/online.md` §10.5), as many as there
/// are for equal text of an app's own, and otherwise 0.
pub fn likeness(a: &str, b: &str) -> usize {
    match (ComponentFingerprint::parse(a), ComponentFingerprint::parse(b)) {
        (Some(a), Some(b)) => Some(a.equal_slots(&b)).filter(|equal| *equal >= NEEDED).unwrap_or(0),
        (None, None) if a == b => SLOTS,
        _ => 0,
    }
}

/// The fingerprint, if it says which machine it is: one of components may have too few slots for that (`spec/online.md` §10.5).
pub fn machine_named(fingerprint: Option<&str>) -> Option<&str> {
    fingerprint.filter(|text| ComponentFingerprint::parse(text).is_none_or(|parts| parts.names_a_machine()))
}

/// Whether a device that was activated on one machine is on it still (`spec/activation.md` §7.4, point 6). Where nobody said which machine that
/// was, it is.
pub fn is_same_machine(activated: Option<&str>, now: Option<&str>) -> bool {
    machine_named(activated).is_none_or(|activated| now.is_some_and(|now| likeness(activated, now) > 0))
}

#[expect(clippy::option_option, reason = "a slot that is not one, an absent one, and one")]
fn parse_slot(text: &str) -> Option<Option<u64>> {
    if text == ABSENT {
        return Some(None);
    }
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_slot = text.len() == SLOT_DIGITS && text.bytes().all(is_digit);
    is_slot.then(|| u64::from_str_radix(text, 16).ok())
}

/// spec/online.md §10.2.
fn slot(app: AppId, part: Component, value: &str) -> u64 {
    let mut hash = Sha256::new();
    for text in [DOMAIN, app.to_string().as_bytes(), part.as_str().as_bytes()] {
        hash.update(text);
        hash.update([0]);
    }
    hash.update(value.as_bytes());
    u64::from_be_bytes(*hash.finalize().first_chunk().expect("a digest has 32 bytes"))
}

/// spec/online.md §10.4; `None` where it tells nothing.
fn normalized(value: &str) -> Option<String> {
    let words = value.split(|c: char| c <= ' ' || c == '\u{7f}').filter(|word| !word.is_empty());
    let text = words.collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    let bare: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let is_one_character = bare.chars().all(|c| bare.starts_with(c));
    let is_filler = FILLERS.contains(&&*bare) || COUNTED.iter().any(|part| bare.contains(part));
    (!is_one_character && !is_filler).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::AppId;

    use super::{Component, ComponentFingerprint, is_same_machine, likeness, machine_named, normalized};

    const APP: &str = "01234567-89ab-7def-8123-456789abcdef";

    fn app(text: &str) -> AppId {
        AppId::parse(text).expect("an identifier")
    }

    fn value(part: Component) -> &'static str {
        match part {
            Component::Machine => "b08dfa6083e7567a1921a715000001fb\n",
            Component::Product => "4C4C4544-0051-3610-8052-B4C04F303132",
            Component::Board => "To be filled by O.E.M.",
            Component::Disk => "naa.5002538e40b1a2c3",
            Component::Network => "00:1B:21:3A:4F:5C",
            Component::Cpu => "GenuineIntel/6/142/Intel(R) Core(TM)  i7-8550U CPU @ 1.80GHz",
        }
    }

    fn names_a_machine(text: &str) -> bool {
        machine_named(Some(text)).is_some()
    }

    fn of(app: AppId, shows: impl Fn(Component) -> bool) -> String {
        ComponentFingerprint::of(app, |part| shows(part).then(|| value(part).to_owned())).to_string()
    }

    /// What other programs must compute, too: computed apart from this code, by another language's SHA-256.
    #[test]
    fn a_known_machine_has_these_slots() {
        let text = of(app(APP), |_| true);
        assert_eq!(
            text,
            "fp1.5ea51fce1c793d78.c3a17eea48542b00.-.ed95fd932e22dfa1.241029de193afb82.ce2d893645ad7b73"
        );
        let other = app("01234567-89ab-7def-8123-456789abcde0");
        assert_eq!(likeness(&text, &of(other, |_| true)), 0, "salted by the app");
    }

    #[test]
    fn values_are_normalized() {
        assert_eq!(normalized("\tA  b\0C\u{7f}\n").as_deref(), Some("a b c"));
        assert_eq!(normalized("Ä-12").as_deref(), Some("Ä-12".replace('A', "a")).as_deref());
        for filler in [
            "",
            " \n",
            "0",
            "00000000-0000-0000-0000-000000000000",
            "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
            "Default string",
            "To Be Filled By O.E.M.",
            "03000200-0400-0500-0006-000700080009",
            "t10.ATA     QEMU HARDDISK                           QM00001 ",
            "t10.Google PersistentDisk persistent-disk-0",
            "uninitialized\n",
            "N/A",
        ] {
            assert_eq!(normalized(filler), None, "{filler}");
        }
    }

    #[test]
    fn there_is_one_form() {
        let good = "fp1.0123456789abcdef.-.-.-.-.fedcba9876543210";
        assert_eq!(ComponentFingerprint::parse(good).map(|parts| parts.to_string()).as_deref(), Some(good));
        for bad in [
            "fp1.",
            "fp1.-.-.-.-.-",
            "fp1.-.-.-.-.-.-.-",
            "fp1.-.-.-.-.-.",
            "fp2.-.-.-.-.-.-",
            "FP1.-.-.-.-.-.-",
            " fp1.-.-.-.-.-.-",
            "fp1.0123456789ABCDEF.-.-.-.-.-",
            "fp1.0123456789abcde.-.-.-.-.-",
            "fp1.+123456789abcdef.-.-.-.-.-",
            "fp1.0123456789abcdef0.-.-.-.-.-",
        ] {
            assert_eq!(ComponentFingerprint::parse(bad), None, "{bad}");
            assert!(likeness(bad, bad) > 0 && names_a_machine(bad), "the app's own words: {bad}");
        }
    }

    #[test]
    fn a_container_and_a_shared_processor_match_nothing() {
        let text = of(app(APP), |part| matches!(part, Component::Machine | Component::Cpu));
        assert_eq!((likeness(&text, &text), names_a_machine(&text)), (0, false));
        let none = of(app(APP), |_| false);
        assert_eq!((&*none, likeness(&none, &none)), ("fp1.-.-.-.-.-.-", 0));
    }

    fn parts() -> impl Strategy<Value = ComponentFingerprint> {
        // Few values, so that slots are often equal.
        prop::array::uniform6(prop::option::weighted(0.8, 0u64..3))
            .prop_map(|slots| ComponentFingerprint { slots })
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![4 => parts().prop_map(|parts| parts.to_string()), 1 => "m-[12]", 1 => "\\PC{1,64}"]
    }

    proptest! {
        /// Who asks about whom does not matter.
        #[test]
        fn matching_is_symmetric(a in texts(), b in texts()) {
            prop_assert_eq!(likeness(&a, &b), likeness(&b, &a));
        }

        /// Equal texts match, unless they have too few slots to name a machine.
        #[test]
        fn equal_texts_match_if_they_name_a_machine(text in texts()) {
            prop_assert_eq!(likeness(&text, &text) > 0, names_a_machine(&text));
        }

        /// Never by fewer than three, and always by three or more, whatever the others are.
        #[test]
        fn three_equal_slots_decide(a in parts(), b in parts()) {
            let equal = (0..6).filter(|n| a.slots[*n].is_some() && a.slots[*n] == b.slots[*n]).count();
            let like = likeness(&a.to_string(), &b.to_string());
            prop_assert_eq!(like, if equal >= 3 { equal } else { 0 });
        }

        /// As many parts as spec/online.md §10.6 says may be replaced at once, and no more.
        #[test]
        fn replaced_parts_leave_the_machine_known(a in parts(), replaced in prop::collection::btree_set(0usize..6, 0..6)) {
            let mut b = a;
            for n in &replaced {
                b.slots[*n] = b.slots[*n].map(|slot| slot + 10);
            }
            let all = a.slots.iter().flatten().count();
            let gone = replaced.iter().filter(|n| a.slots[**n].is_some()).count();
            prop_assert_eq!(likeness(&a.to_string(), &b.to_string()) > 0, all >= gone + 3);
        }

        /// Text that is no component fingerprint matches itself alone.
        #[test]
        fn other_text_matches_only_itself(a in "\\PC{1,64}", b in texts()) {
            prop_assume!(ComponentFingerprint::parse(&a).is_none());
            prop_assert_eq!(likeness(&a, &b) > 0, a == b);
        }

        /// Only what was said at first binds a device: then it must be said again, of the same machine.
        #[test]
        fn a_device_stays_on_its_machine(activated in prop::option::of(texts()), now in prop::option::of(texts())) {
            let same = is_same_machine(activated.as_deref(), now.as_deref());
            let binds = activated.as_deref().is_some_and(names_a_machine);
            let is_alike = activated.zip(now).is_some_and(|(activated, now)| likeness(&activated, &now) > 0);
            prop_assert_eq!(same, !binds || is_alike);
        }

        /// It fits into a request, and what is written is read as the same.
        #[test]
        fn it_is_written_as_it_is_read(slots in prop::array::uniform6(prop::option::of(any::<u64>()))) {
            let parts = ComponentFingerprint { slots };
            let text = parts.to_string();
            prop_assert!(text.len() <= 105 && sealgate_artifact::Word::is_word(&text));
            prop_assert_eq!(ComponentFingerprint::parse(&text), Some(parts));
        }
    }
}
