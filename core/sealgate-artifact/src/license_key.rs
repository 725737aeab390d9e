//! License keys: 128 random bits in a form that people can dictate (`spec/license.md` §3.1 to §3.3).

use sha2::{Digest, Sha256};

use crate::{ArtifactError, limits, typed};

/// Digits and letters without I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 128 bits and a 12-bit checksum, five bits a symbol.
const SYMBOLS: usize = 28;
const GROUP: usize = 4;

/// A license key. It is a secret, so its `Debug` text hides it and it has no `==`.
#[derive(Clone)]
pub struct LicenseKey([u8; 16]);

impl LicenseKey {
    /// The key of these random bits.
    pub fn from_random(bits: [u8; 16]) -> Self {
        Self(bits)
    }

    /// Reads a key as people type and paste it (`spec/license.md` §3.3).
    pub fn parse(text: &str) -> Result<Self, ArtifactError> {
        let mut packed = 0u128;
        let mut tail = 0u16;
        let mut symbols = 0;
        for c in typed::symbols(text) {
            let value = symbol_value(c).ok_or(ArtifactError::LicenseKey("a symbol that no key has"))?;
            symbols += 1;
            match symbols {
                // 25 symbols fill 125 bits; the 26th gives the last three and the checksum's first two.
                1..=25 => packed = packed << 5 | u128::from(value),
                26 => (packed, tail) = (packed << 3 | u128::from(value >> 2), u16::from(value & 3)),
                27..=SYMBOLS => tail = tail << 5 | u16::from(value),
                _ => break,
            }
        }
        if symbols != SYMBOLS {
            return Err(ArtifactError::LicenseKey("not 28 symbols"));
        }
        let key = Self(packed.to_be_bytes());
        if key.checksum() == tail { Ok(key) } else { Err(ArtifactError::LicenseKeyMistyped) }
    }

    /// The spelling of a typed key that is hashed: its symbols and nothing else. The text need not be a possible key
    /// (`spec/license.md` §3.4).
    pub fn normalise(text: &str) -> String {
        let mut spelling = String::with_capacity(text.len());
        spelling.extend(typed::symbols(text));
        spelling
    }

    /// Whether a text has a length and characters that a server looks up (`spec/http.md` §2.2).
    pub fn is_typed(text: &str) -> bool {
        if !(1..=limits::TYPED_KEY_BYTES).contains(&text.len()) {
            return false;
        }
        let bytes = typed::symbols(text).try_fold(0, |n, c| (!c.is_control()).then(|| n + c.len_utf8()));
        bytes.is_some_and(|n| n <= limits::WORD_BYTES)
    }

    /// The key in its one printed form: seven groups of four.
    pub fn expose(&self) -> String {
        let packed = u128::from_be_bytes(self.0);
        let checksum = u128::from(self.checksum());
        let mut out = String::with_capacity(SYMBOLS + SYMBOLS / GROUP);
        for i in 0..SYMBOLS {
            let value = match i {
                0..25 => packed >> (123 - 5 * i),
                25 => (packed << 2) | (checksum >> 10),
                _ => checksum >> (5 * (SYMBOLS - 1 - i)),
            };
            if i > 0 && i % GROUP == 0 {
                out.push('-');
            }
            out.push(char::from(ALPHABET[usize::try_from(value & 31).expect("five bits")]));
        }
        out
    }

    fn checksum(&self) -> u16 {
        let digest = Sha256::new().chain_update(b"sealgate-license-key-v1\0").chain_update(self.0).finalize();
        u16::from_be_bytes([digest[0], digest[1]]) >> 4
    }
}

impl std::fmt::Debug for LicenseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LicenseKey(…)")
    }
}

fn symbol_value(c: char) -> Option<u8> {
    ALPHABET.iter().position(|&s| char::from(s) == c).and_then(|at| u8::try_from(at).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::LicenseKey;
    use crate::Code;

    /// What may stand before, between and behind the symbols of a key.
    const DECORATION: &str = " \t\n\r\u{85}\u{a0}\u{2009}\u{202f}\u{3000}\u{2028}\u{200b}\u{200d}\u{2060}\u{feff}\u{ad}\u{200e}\u{202a}\u{2066}\u{fe0f}\
        -‐‑‒–—―−﹣－ー\"'`´“”„‘’‚«»‹›「」＂＇()[]{}<>（）［］｛｝【】《》";

    proptest! {
        /// Any key is read back, also in lower case, without hyphens and with look-alike letters.
        #[test]
        fn what_is_printed_is_read(bits in any::<[u8; 16]>()) {
            let text = LicenseKey::from_random(bits).expose();
            for typed in [text.clone(), text.to_lowercase(), text.replace('-', " "), text.replace('0', "o").replace('1', "l")] {
                prop_assert_eq!(LicenseKey::parse(&typed).expect("reads").0, bits);
            }
        }

        /// Any decoration of a right key reads as that key, in full-width forms too, and is found under the same spelling.
        #[test]
        fn any_decoration_of_a_right_key_reads_as_that_key(
            bits in any::<[u8; 16]>(),
            between in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), 29),
            wide in any::<u32>(),
            lower in any::<u32>(),
            stops in "[.,．，。、]{0,2}",
        ) {
            let printed = LicenseKey::from_random(bits).expose();
            let signs: Vec<char> = DECORATION.chars().collect();
            let mut typed = String::new();
            let decorated = between.iter().map(|gap| gap.iter().map(|at| signs[at.index(signs.len())]).collect::<String>());
            let mut symbols = printed.chars().filter(|c| *c != '-').enumerate();
            for gap in decorated {
                typed.push_str(&gap);
                let Some((at, symbol)) = symbols.next() else { break };
                let symbol = if lower >> at & 1 == 1 { symbol.to_ascii_lowercase() } else { symbol };
                let full_width = char::from_u32(u32::from(symbol) + 0xfee0).expect("a full-width form");
                typed.push(if wide >> at & 1 == 1 { full_width } else { symbol });
            }
            typed.push_str(&stops);
            prop_assert_eq!(LicenseKey::parse(&typed).expect("reads").0, bits, "{:?}", typed);
            prop_assert_eq!(LicenseKey::normalise(&typed), printed.replace('-', ""));
        }

        /// Nearly every single wrong symbol is noticed: 12 bits of checksum miss one in 4,096.
        #[test]
        fn a_wrong_symbol_never_gives_the_same_key(bits in any::<[u8; 16]>(), at in 0usize..28, by in 1u8..32) {
            let mut symbols: Vec<u8> = LicenseKey::from_random(bits).expose().bytes().filter(|b| *b != b'-').collect();
            let old = super::symbol_value(char::from(symbols[at])).expect("of the alphabet");
            symbols[at] = super::ALPHABET[usize::from((old + by) % 32)];
            let read = LicenseKey::parse(std::str::from_utf8(&symbols).expect("ASCII"));
            prop_assert!(read.is_err() || read.expect("reads").0 != bits);
        }
    }

    /// A slip of the finger has words of its own; what is no key at all has others.
    #[test]
    fn a_checksum_that_does_not_fit_is_a_typing_mistake() {
        let code = |text: &str| LicenseKey::parse(text).expect_err("no key").code();
        assert_eq!(code("000G-40R4-0M30-E209-185G-R38E-1YRC"), Code::LicenseKeyMistyped);
        for text in [
            "",
            "x",
            "000G-40R4",
            "000G-40R4-0M30-E209-185G-R38E-1YRU",
            "000G-40R4-0M30-E209-185G-R38E-1Y.RB",
        ] {
            assert_eq!(code(text), Code::LicenseKeyMalformed, "{text}");
        }
    }

    /// The form that a server looks up is generous with what is passed over, and with nothing else.
    #[test]
    fn a_typed_key_has_a_bounded_form() {
        for good in
            ["-", "x", "a\nb", &"x".repeat(128), &" ".repeat(512), &format!("{}x", "\u{200b}".repeat(170))]
        {
            assert!(LicenseKey::is_typed(good), "{good:?}");
        }
        for bad in ["", "a\0b", "\u{7f}", "\u{9f}", &"x".repeat(129), &"é".repeat(65), &" ".repeat(513)] {
            assert!(!LicenseKey::is_typed(bad), "{bad:?}");
        }
    }

    #[test]
    fn debug_text_says_nothing() {
        assert_eq!(format!("{:?}", LicenseKey::from_random([7; 16])), "LicenseKey(…)");
    }
}
