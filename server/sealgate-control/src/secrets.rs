//! The secrets that only the vendor's side holds.

use sealgate_artifact::{LicenseId, LicenseKey};
use sealgate_authority::secrets::{MacKey, SealingKey};

/// Opens license keys for display, kept answers and access tokens. A process that only answers running software has
/// none of it.
pub struct VendorSecrets {
    display: SealingKey,
    answers: SealingKey,
    tokens: MacKey,
}

impl VendorSecrets {
    /// Asks `secret` for each secret by its name.
    pub fn load<E>(secret: impl Fn(&str) -> Result<[u8; 32], E>) -> Result<Self, E> {
        Ok(Self {
            display: SealingKey::new(secret("license-key-display-v1")?),
            answers: SealingKey::new(secret("answers-v1")?),
            tokens: MacKey::new(secret("token-pepper-v1")?),
        })
    }

    /// A license key for display, bound to its license.
    pub(crate) fn seal_license_key(&self, key: &LicenseKey, license: LicenseId, nonce: [u8; 24]) -> Vec<u8> {
        self.display.seal(key.expose().as_bytes(), license.as_bytes(), nonce)
    }

    /// The license key, if it was sealed for this license.
    pub(crate) fn open_license_key(&self, sealed: &[u8], license: LicenseId) -> Option<String> {
        String::from_utf8(self.display.open(sealed, license.as_bytes())?).ok()
    }

    /// An answer to be given again, bound to who asked and to the request's idempotency key.
    pub(crate) fn seal_answer(&self, answer: &[u8], name: (&str, &str), nonce: [u8; 24]) -> Vec<u8> {
        self.answers.seal(answer, &of_name(name), nonce)
    }

    /// The answer, if it was sealed for this caller and idempotency key.
    pub(crate) fn open_answer(&self, sealed: &[u8], name: (&str, &str)) -> Option<Vec<u8>> {
        self.answers.open(sealed, &of_name(name))
    }

    /// What the database knows an access token by.
    pub(crate) fn token(&self, token: &str) -> [u8; 32] {
        self.tokens.digest(&[token.as_bytes()])
    }
}

/// A caller and an idempotency key in one. Neither holds a space.
fn of_name((caller, key): (&str, &str)) -> Vec<u8> {
    format!("{caller} {key}").into_bytes()
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::{LicenseId, LicenseKey};

    use super::VendorSecrets;

    #[test]
    fn a_sealed_key_opens_only_for_its_own_license() {
        let secrets = VendorSecrets::load(|_| Ok::<_, ()>([4; 32])).expect("loads");
        let key = LicenseKey::from_random([3; 16]);
        let (mine, other) = (LicenseId::from_bytes([1; 16]), LicenseId::from_bytes([2; 16]));
        let sealed = secrets.seal_license_key(&key, mine, [9; 24]);
        assert_eq!(secrets.open_license_key(&sealed, mine), Some(key.expose()));
        assert_eq!(secrets.open_license_key(&sealed, other), None);
    }

    #[test]
    fn a_sealed_answer_opens_only_for_who_asked_and_what_they_called_it() {
        let secrets = VendorSecrets::load(|_| Ok::<_, ()>([4; 32])).expect("loads");
        let sealed = secrets.seal_answer(b"{}", ("token:a", "order-1"), [9; 24]);
        assert_eq!(secrets.open_answer(&sealed, ("token:a", "order-1")), Some(b"{}".to_vec()));
        assert_eq!(secrets.open_answer(&sealed, ("token:b", "order-1")), None);
        assert_eq!(secrets.open_answer(&sealed, ("token:a", "order-2")), None);
    }
}
