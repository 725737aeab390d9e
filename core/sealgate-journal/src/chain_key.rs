//! The key of a chain of actions, and how an entry is made with it (`spec/chain.md` §1 and §2).

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sealgate_artifact::{ActivationId, ChainEntry, ChainHead, ChainRecord, StatementId};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What the MACs of a chain begin with, so that its key says nothing else.
const CONTEXT: &[u8] = b"sealgate-chain-v1\0";

/// Which chain: each generation of an activation has one (`spec/chain.md` §1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainActivation {
    /// The activation.
    pub activation: ActivationId,
    /// The request that the generation began with.
    pub request: StatementId,
    /// How often the device was activated again.
    pub generation: u64,
}

/// The key of one chain. Its memory is wiped when it goes, and nothing shows it (`spec/chain.md` §2.2).
#[derive(Clone)]
pub struct ChainKey(Zeroizing<[u8; 32]>);

impl ChainKey {
    /// `spec/chain.md` §2.1: the server gave `secret` to the device with the activation.
    pub fn derive(secret: &[u8; 32], chain: &ChainActivation) -> Self {
        let hkdf = Hkdf::<Sha256>::new(Some(chain.activation.as_bytes()), secret);
        let mut key = Zeroizing::new([0; 32]);
        let info: [&[u8]; 2] = [chain.request.as_bytes(), &chain.generation.to_be_bytes()];
        hkdf.expand_multi_info(&info, &mut key[..]).expect("32 bytes are fewer than 255 blocks");
        Self(key)
    }

    /// The entry that follows `head`.
    pub fn append(&self, head: &ChainHead, record: ChainRecord) -> ChainEntry {
        let seq = head.seq + 1;
        let mac = self.over(&head.mac, seq, &record).finalize().into_bytes().into();
        ChainEntry { seq, record, mac }
    }

    /// Whether this entry follows the one with the MAC `previous`. Takes as long for any wrong MAC.
    pub(crate) fn links(&self, previous: &[u8; 32], entry: &ChainEntry) -> bool {
        self.over(previous, entry.seq, &entry.record).verify_slice(&entry.mac).is_ok()
    }

    /// `spec/chain.md` §1.3: words stand behind their lengths, so that text cannot move from one to the next.
    fn over(&self, previous: &[u8; 32], seq: u64, record: &ChainRecord) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0[..]).expect("a key of any length");
        mac.update(CONTEXT);
        mac.update(previous);
        mac.update(&seq.to_be_bytes());
        mac.update(&record.at.get().to_be_bytes());
        for word in [&record.tenant, &record.action] {
            let word = word.as_str().as_bytes();
            mac.update(&u32::try_from(word.len()).expect("at most 64 bytes").to_be_bytes());
            mac.update(word);
        }
        mac.update(&record.hash);
        mac
    }
}

/// Never the key, `spec/chain.md` §2.2.
impl std::fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChainKey")
    }
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::{
        ActivationId, ChainHead, ChainRecord, ChainWord, StatementId, UnixSeconds, encode_hex,
    };

    use super::{ChainActivation, ChainKey};

    fn key() -> ChainKey {
        let chain = ChainActivation {
            activation: ActivationId::parse("01890a5d-ac96-774b-bcce-b302099ab001").unwrap(),
            request: StatementId::from_bytes([2; 32]),
            generation: 3,
        };
        ChainKey::derive(&[1; 32], &chain)
    }

    /// Chains in the field have these MACs. They were computed apart from this code, by `spec/chain.md` §1.3 and §2.1.
    #[test]
    fn keys_and_macs_never_change() {
        let key = key();
        assert_eq!(
            encode_hex(&key.0[..]),
            "7396a8d34a7af1c031ffed1e5c3d6dd55d49b0a93b2a7bd3632d9cf1bc58c31f"
        );
        let word = |text| ChainWord::parse(text).unwrap();
        let record = ChainRecord {
            at: UnixSeconds::new(1_800_000_000).unwrap(),
            tenant: ChainWord::host(),
            action: word("rule.evaluate"),
            hash: [4; 32],
        };
        let first = key.append(&ChainHead::EMPTY, record.clone());
        assert_eq!(
            (first.seq, encode_hex(&first.mac)),
            (1, "c04585fc21f7afd0e8e8ac23e9db88eff33405ae212fc3f181375de11235f566".to_owned())
        );
        let second = key.append(&first.head(), ChainRecord { tenant: word("é"), ..record });
        assert_eq!(
            (second.seq, encode_hex(&second.mac)),
            (2, "4b0a31b3be4a7ab31dae43ce745e1e9f8a05ced6e459888ac1ee3f906510614b".to_owned())
        );
    }

    #[test]
    fn a_key_is_not_shown() {
        assert_eq!(format!("{:?}", key()), "ChainKey");
    }
}
