//! License keys: 128 random bits in a form that people can dictate (`spec/license.md` §3.1 to §3.3).

use sha2::{Digest, Sha256};

use crate::ArtifactError;

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

    /// Reads a key as people type it. Case, spaces and hyphens do not matter; I and L are 1, O is 0.
    pub fn parse(text: &str) -> Result<Self, ArtifactError> {
        let mut packed = 0u128;
        let mut tail = 0u16;
        let mut symbols = 0;
        for c in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
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
        if key.checksum() == tail {
            Ok(key)
        } else {
            Err(ArtifactError::LicenseKey("mistyped: the checksum does not fit"))
        }
    }

    /// The spelling of a typed key that is hashed: no separators, no look-alikes. The text need not be a possible key
    /// (`spec/license.md` §3.4).
    pub fn normalise(text: &str) -> String {
        text.chars().filter(|c| !matches!(c, '-' | ' ')).map(plain).collect()
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

fn plain(c: char) -> char {
    match c.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        c => c,
    }
}

fn symbol_value(c: char) -> Option<u8> {
    let c = plain(c);
    ALPHABET.iter().position(|&s| char::from(s) == c).and_then(|at| u8::try_from(at).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::LicenseKey;

    proptest! {
        /// Any key is read back, also in lower case, without hyphens and with look-alike letters.
        #[test]
        fn what_is_printed_is_read(bits in any::<[u8; 16]>()) {
            let text = LicenseKey::from_random(bits).expose();
            for typed in [text.clone(), text.to_lowercase(), text.replace('-', " "), text.replace('0', "o").replace('1', "l")] {
                prop_assert_eq!(LicenseKey::parse(&typed).expect("reads").0, bits);
            }
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

    #[test]
    fn debug_text_says_nothing() {
        assert_eq!(format!("{:?}", LicenseKey::from_random([7; 16])), "LicenseKey(…)");
    }
}
