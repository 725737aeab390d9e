//! License keys that another system made (`spec/license.md` §3.7).

use crate::LicenseKey;

/// Blocks keys that can be tried one by one.
const SYMBOLS: usize = 16;
/// In tenths of a bit.
const LEAST: usize = 640;
/// What has to be left where two keys of one import begin or end alike, in tenths of a bit.
const LEAST_APART: usize = 400;
const DIFFERENT: usize = 6;

/// A license key of another system, strong enough to be kept. It is a secret, so its `Debug` text hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct ForeignKey {
    spelling: Vec<char>,
    /// Tenths of a bit that a symbol carries at most.
    tenths: usize,
}

impl ForeignKey {
    /// Reads a key; else says what it must be. How it was made is not known: its strength is guessed by its looks.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if !LicenseKey::is_typed(text) {
            return Err("1 to 128 bytes, none of them a control character");
        }
        let spelling: Vec<char> = LicenseKey::normalise(text).chars().collect();
        let signs: Vec<char> = spelling.iter().copied().filter(char::is_ascii_alphanumeric).collect();
        let key = Self { tenths: tenths(&signs), spelling };
        if signs.len() < SYMBOLS {
            return Err("a key of at least 16 letters and digits: a shorter one can be guessed");
        }
        if signs.len() * key.tenths < LEAST {
            return Err("a key of at least 64 bits: one of digits alone has 20 of them or more");
        }
        if is_regular(&signs) {
            return Err("a random key: one that counts on or repeats itself can be guessed");
        }
        Ok(key)
    }

    /// Which of these keys tell too much about one another: who has one of them could try the others.
    pub fn too_alike(keys: &[Self]) -> Vec<bool> {
        let mut alike = vec![false; keys.len()];
        for reversed in [false, true] {
            let spelling = |key: &Self| -> Vec<char> {
                if reversed { key.spelling.iter().rev().copied().collect() } else { key.spelling.clone() }
            };
            let mut sorted: Vec<(Vec<char>, usize)> = keys.iter().map(spelling).zip(0..).collect();
            sorted.sort();
            for two in sorted.windows(2) {
                let [(a, at), (b, other)] = two else { continue };
                let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
                for (spelling, at) in [(a, *at), (b, *other)] {
                    alike[at] |= spelling.len().saturating_sub(same) * keys[at].tenths < LEAST_APART;
                }
            }
        }
        alike
    }
}

impl std::fmt::Debug for ForeignKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ForeignKey(…)")
    }
}

/// Digits; hexadecimal digits; digits and letters, of which some were read as others.
fn tenths(signs: &[char]) -> usize {
    if signs.iter().all(char::is_ascii_digit) {
        33
    } else if signs.iter().all(char::is_ascii_hexdigit) {
        40
    } else {
        50
    }
}

/// Whether it has few different signs, or mostly goes on by one or stays.
fn is_regular(signs: &[char]) -> bool {
    let different: std::collections::BTreeSet<_> = signs.iter().collect();
    let steps = signs.windows(2).filter(|two| u32::from(two[0]).abs_diff(u32::from(two[1])) <= 1).count();
    different.len() < DIFFERENT || steps * 2 > signs.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ForeignKey;
    use crate::LicenseKey;

    #[test]
    fn keys_of_other_systems_are_strong_enough() {
        for good in [
            "7KQM-W2ZD-HX9V-RT4B",
            "C1B6DE-39A6E3-DE1529-8559A0-4AF593-V3",
            "0f8b3a52-6d1c-4e97-a2b4-9c7d5e1f6083",
            "58203 91746 20385 71946",
            "aB3dE5fG7hJ9kLmNpQrStU",
        ] {
            assert!(ForeignKey::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_can_be_guessed_is_refused() {
        for weak in [
            "",
            "secret",
            "7KQM-W2ZD-HX9V",
            "5820-3917-4620-3857",
            "ABCDEFGHJKMNPQRSTVWXYZ",
            "1111-1111-1111-1111-1111",
            "ABAB-ABAB-ABAB-ABAB",
            "01234567890123456789",
            &"K7".repeat(65),
        ] {
            assert!(ForeignKey::parse(weak).is_err(), "{weak}");
        }
    }

    #[test]
    fn keys_that_differ_in_a_number_are_too_alike() {
        let keys: Vec<_> = [
            "ACME-CUSTOMER-KEY-0001",
            "ACME-CUSTOMER-KEY-0002",
            "7KQM-W2ZD-HX9V-RT4B",
            "0003-ACME-CUSTOMER-KEY",
        ]
        .map(|text| ForeignKey::parse(text).expect("long enough"))
        .into();
        assert_eq!(ForeignKey::too_alike(&keys), [true, true, false, false]);
        let keys = [keys[3].clone(), ForeignKey::parse("0004-ACME-CUSTOMER-KEY").expect("long enough")];
        assert_eq!(ForeignKey::too_alike(&keys), [true, true]);
    }

    proptest! {
        /// Whatever else is taken: our own keys are, and no two of them are too alike.
        #[test]
        fn our_own_keys_are_strong_enough(bits in prop::collection::vec(any::<[u8; 16]>(), 2)) {
            let keys: Vec<_> = bits.iter().map(|bits| ForeignKey::parse(&LicenseKey::from_random(*bits).expose())).collect();
            // One in some thousands happens to look regular.
            prop_assume!(keys.iter().all(Result::is_ok) && bits[0] != bits[1]);
            let keys: Vec<_> = keys.into_iter().map(|key| key.expect("is one")).collect();
            prop_assert_eq!(ForeignKey::too_alike(&keys), vec![false, false]);
        }
    }
}
