//! The two copies in which a state is kept: each with a number that rises and a MAC, so that the newest whole one is known.

use hmac::{Hmac, KeyInit, Mac};
use sealgate_artifact::{decode_hex, encode_hex};
use sha2::Sha256;
use zeroize::Zeroizing;

const MARK: &str = "sealgate-state 2";
const CONTEXT: &[u8] = b"sealgate-state-copy-v2\0";
/// The mark, a number, a MAC, and what is between them.
pub(crate) const HEADER_BYTES: usize = 128;

/// Lies beside the copies. Keeps a damaged copy, or another folder's, from being taken for this one's; whoever may read the folder
/// can make one.
pub(crate) struct CopyKey(Zeroizing<[u8; 32]>);

/// A copy that is whole.
pub(crate) struct Copy {
    /// The newer copy has the higher number.
    pub(crate) number: u64,
    pub(crate) state: Zeroizing<Vec<u8>>,
}

impl CopyKey {
    pub(crate) fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The file's bytes.
    pub(crate) fn seal(&self, number: u64, state: &[u8]) -> Zeroizing<Vec<u8>> {
        let mac = encode_hex(&self.over(number, state).finalize().into_bytes());
        let mut file = Zeroizing::new(Vec::with_capacity(HEADER_BYTES + state.len()));
        file.extend_from_slice(format!("{MARK} {number} {mac}\n").as_bytes());
        file.extend_from_slice(state);
        file
    }

    /// `None` where the file is not whole.
    pub(crate) fn open(&self, file: &[u8]) -> Option<Copy> {
        let end = file.iter().take(HEADER_BYTES).position(|byte| *byte == b'\n')?;
        let header = std::str::from_utf8(&file[..end]).ok()?;
        let (number, mac) = header.strip_prefix(MARK)?.strip_prefix(' ')?.split_once(' ')?;
        let (state, mac) = (&file[end + 1..], decode_hex::<32>(mac)?);
        let number = number.parse().ok()?;
        self.over(number, state).verify_slice(&mac).ok()?;
        Some(Copy { number, state: Zeroizing::new(state.to_vec()) })
    }

    fn over(&self, number: u64, state: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0[..]).expect("a key of any length");
        mac.update(CONTEXT);
        mac.update(&number.to_be_bytes());
        mac.update(state);
        mac
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zeroize::Zeroizing;

    use super::CopyKey;

    fn key(seed: u8) -> CopyKey {
        CopyKey::new(Zeroizing::new([seed; 32]))
    }

    proptest! {
        /// What was sealed is opened; what was cut, changed or sealed with another key is not.
        #[test]
        fn a_copy_is_whole_or_nothing(
            number: u64, state in prop::collection::vec(any::<u8>(), 0..60),
            cut in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), bit in 0u8..8,
        ) {
            let file = key(1).seal(number, &state);
            let copy = key(1).open(&file).expect("whole");
            prop_assert!(copy.number == number && *copy.state == state);
            prop_assert!(key(2).open(&file).is_none());
            prop_assert!(key(1).open(&file[..cut.index(file.len())]).is_none());
            let mut changed = file.to_vec();
            changed[place.index(file.len())] ^= 1 << bit;
            prop_assert!(key(1).open(&changed).is_none());
        }
    }
}
