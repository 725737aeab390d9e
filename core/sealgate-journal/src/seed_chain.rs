//! The chain of the system whose documents this project began with, for people who move over from it (`spec/chain.md` §7). It
//! keys nothing of ours.

use hmac::{Hmac, KeyInit, Mac};
use sealgate_artifact::ChainWord;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What its key is made of. What is `None` has a word of its own.
#[derive(Clone, Copy, Default)]
pub struct SeedChainKey<'a> {
    /// The license's signature as text, else its id.
    pub license: Option<&'a str>,
    /// The project's seed.
    pub project: Option<&'a str>,
    /// The salt.
    pub salt: Option<&'a str>,
    /// The server's nonce.
    pub nonce: Option<&'a str>,
}

/// One entry of it.
#[derive(Debug, Clone, Copy)]
pub struct SeedChainEntry<'a> {
    /// The signature before it; `None` before the first.
    pub previous: Option<&'a str>,
    /// Its number; the first has 1.
    pub seq: u64,
    /// The tenant; `None` or white space where there is none.
    pub tenant: Option<&'a str>,
    /// The type of the action.
    pub action_type: &'a str,
    /// The action's name.
    pub action: &'a str,
    /// The hash of its particulars, as text.
    pub hash: &'a str,
    /// When, with seven digits behind the second, as text.
    pub at: &'a str,
}

impl SeedChainKey<'_> {
    /// SHA-256 of the four texts with colons between them: 32 bytes.
    pub fn derive(&self) -> Zeroizing<[u8; 32]> {
        let license = self.license.unwrap_or("GENESIS_CORE");
        let project = self.project.unwrap_or("COMMUNITY_DEFAULT");
        let nonce = self.nonce.unwrap_or("NO_SERVER_CONNECTION");
        let text = Zeroizing::new(format!("{license}:{project}:{}:{nonce}", self.salt.unwrap_or_default()));
        Zeroizing::new(Sha256::digest(text.as_bytes()).into())
    }
}

impl SeedChainEntry<'_> {
    /// Its signature: HMAC-SHA256 of the texts with bars between them, in upper-case hexadecimal digits.
    pub fn sign(&self, key: &[u8; 32]) -> String {
        let Self { seq, action_type, action, hash, at, .. } = self;
        let previous = self.previous.unwrap_or("GENESIS");
        let tenant =
            self.tenant.map(str::trim).filter(|tenant| !tenant.is_empty()).unwrap_or(ChainWord::HOST);
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
        mac.update(format!("{previous}|{seq}|{tenant}|{action_type}|{action}|{hash}|{at}").as_bytes());
        let signature: [u8; 32] = mac.finalize().into_bytes().into();
        sealgate_artifact::encode_hex(&signature).to_ascii_uppercase()
    }
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::encode_hex;

    use super::{SeedChainEntry, SeedChainKey};

    /// The known answer that came with the documents is a vector (`vectors/chain`); this is what they leave to defaults, computed
    /// apart from this code by `spec/chain.md` §7.1.
    #[test]
    fn what_is_absent_has_a_word_of_its_own() {
        let key = SeedChainKey::default().derive();
        assert_eq!(encode_hex(&key[..]), "6b8f7589ed727c288fc79f96778ae5528e2b453c0caa7757c48bf3655f1a58e7");
        let entry = SeedChainEntry {
            previous: None,
            seq: 1,
            tenant: None,
            action_type: "ACTION",
            action: "ActionA",
            hash: "HASH",
            at: "2026-03-08T00:00:00.0000000Z",
        };
        let signature = entry.sign(&key);
        assert_eq!(signature, "017A5AFFC0E259741E48CCD4CEC904E0C442DB06C166330BA8B549234323F992");
        for blank in ["", " \t"] {
            assert_eq!(SeedChainEntry { tenant: Some(blank), ..entry }.sign(&key), signature);
        }
        assert_eq!(
            SeedChainEntry { previous: Some("GENESIS"), tenant: Some(" __host__ "), ..entry }.sign(&key),
            signature
        );
    }
}
