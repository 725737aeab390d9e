//! What the server computes with its secrets. None of them is ever stored in the database or the configuration.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sealgate_artifact::{LicenseId, LicenseKey};
use sealgate_store::KeyHash;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::Role;

/// The server's secrets, each for one purpose. Each name carries the version of the secret.
pub struct Secrets {
    license_keys: Hmac<Sha256>,
    files: XChaCha20Poly1305,
    /// What only the vendor's side needs.
    vendor: Option<VendorSecrets>,
    apps: Hmac<Sha256>,
    sessions: Hmac<Sha256>,
}

struct VendorSecrets {
    display: XChaCha20Poly1305,
    answers: XChaCha20Poly1305,
    tokens: Hmac<Sha256>,
}

impl Secrets {
    /// The names of the secrets that answer running software: a server that does only that has no other. That of the
    /// access tokens is not among them, or whoever took such a server could write himself a token into the database.
    pub const OF_RUNTIME: [&str; 4] =
        ["license-key-pepper-v1", "files-v1", "app-secret-pepper-v1", "session-v1"];

    /// Asks `secret` for each secret that the role needs by its name.
    pub fn load<E>(role: Role, secret: impl Fn(&str) -> Result<[u8; 32], E>) -> Result<Self, E> {
        let mac =
            |name| secret(name).map(|key| Hmac::new_from_slice(&key).expect("HMAC takes keys of any length"));
        let seal = |name| secret(name).map(|key| XChaCha20Poly1305::new(&key.into()));
        Ok(Self {
            license_keys: mac("license-key-pepper-v1")?,
            files: seal("files-v1")?,
            vendor: if role.has_control() {
                Some(VendorSecrets {
                    display: seal("license-key-display-v1")?,
                    answers: seal("answers-v1")?,
                    tokens: mac("token-pepper-v1")?,
                })
            } else {
                None
            },
            apps: mac("app-secret-pepper-v1")?,
            sessions: mac("session-v1")?,
        })
    }

    /// What the database knows a license key by. The same work for any text, so that a typo takes no other time.
    pub(crate) fn license_key(&self, typed: &str) -> KeyHash {
        KeyHash(digest(&self.license_keys, &[LicenseKey::normalise(typed).as_bytes()]))
    }

    fn vendor(&self) -> &VendorSecrets {
        self.vendor.as_ref().expect("the vendor's side is served only where its secrets were loaded")
    }

    /// The key for display, bound to its license.
    pub(crate) fn seal_license_key(&self, key: &LicenseKey, license: LicenseId, nonce: [u8; 24]) -> Vec<u8> {
        seal(&self.vendor().display, key.expose().as_bytes(), license.as_bytes(), nonce)
    }

    /// The key for display of this license. [`None`] where it was sealed for another.
    pub(crate) fn open_license_key(&self, sealed: &[u8], license: LicenseId) -> Option<String> {
        String::from_utf8(open(&self.vendor().display, sealed, license.as_bytes())?).ok()
    }

    /// A file with a license key in it, bound to its license and device.
    pub(crate) fn seal_file(
        &self,
        file: &str,
        (license, device): (LicenseId, &str),
        nonce: [u8; 24],
    ) -> Vec<u8> {
        seal(&self.files, file.as_bytes(), &file_context(license, device), nonce)
    }

    /// The file inside, if it was sealed for this license and device.
    pub(crate) fn open_file(&self, sealed: &[u8], (license, device): (LicenseId, &str)) -> Option<String> {
        String::from_utf8(open(&self.files, sealed, &file_context(license, device))?).ok()
    }

    /// An answer to be given again, bound to what its request was called.
    pub(crate) fn seal_answer(&self, answer: &[u8], key: &str, nonce: [u8; 24]) -> Vec<u8> {
        seal(&self.vendor().answers, answer, key.as_bytes(), nonce)
    }

    /// The answer inside, if it was sealed for a request of this name.
    pub(crate) fn open_answer(&self, sealed: &[u8], key: &str) -> Option<Vec<u8>> {
        open(&self.vendor().answers, sealed, key.as_bytes())
    }

    /// What the database knows an access token by.
    pub(crate) fn token(&self, token: &str) -> [u8; 32] {
        digest(&self.vendor().tokens, &[token.as_bytes()])
    }

    /// What the database knows an app's secret by.
    pub(crate) fn app_secret(&self, secret: &str) -> [u8; 32] {
        digest(&self.apps, &[secret.as_bytes()])
    }

    /// Whether two digests are equal, in a time that does not tell where they differ.
    pub(crate) fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
        a.ct_eq(b).into()
    }

    /// The same for shorter ones.
    pub(crate) fn same_mac(a: &[u8; 16], b: &[u8; 16]) -> bool {
        a.ct_eq(b).into()
    }

    /// 128 bits that only this server can compute, over parts that cannot run into each other.
    pub(crate) fn session_mac(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut mac = self.sessions.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        *mac.finalize().into_bytes().first_chunk().expect("a digest has 32 bytes")
    }
}

/// A new secret for people to store: what it is, then 256 random bits.
pub(crate) fn secret_text(prefix: &str, random: [u8; 32]) -> String {
    format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(random))
}

fn seal(cipher: &XChaCha20Poly1305, msg: &[u8], aad: &[u8], nonce: [u8; 24]) -> Vec<u8> {
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg, aad });
    [&nonce[..], &sealed.expect("texts of this size can be sealed")].concat()
}

fn open(cipher: &XChaCha20Poly1305, sealed: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
    let (nonce, msg) = sealed.split_first_chunk::<24>()?;
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg, aad }).ok()
}

fn file_context(license: LicenseId, device: &str) -> Vec<u8> {
    [license.as_bytes(), b"\0file\0".as_slice(), device.as_bytes()].concat()
}

fn digest(key: &Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = key.clone();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets::load(Role::All, |name| Ok::<_, ()>([u8::try_from(name.len()).expect("short"); 32]))
            .expect("loads")
    }

    #[test]
    fn a_key_is_known_by_any_spelling_of_it() {
        let key = LicenseKey::from_random([0x5a; 16]).expose();
        let hash = secrets().license_key(&key);
        assert_eq!(secrets().license_key(&key.to_lowercase().replace('-', " ")), hash);
        assert_ne!(secrets().license_key(&LicenseKey::from_random([0x5b; 16]).expose()), hash);
    }

    #[test]
    fn a_sealed_key_opens_only_for_its_own_license() {
        let (key, mine, other) = (
            LicenseKey::from_random([3; 16]),
            LicenseId::from_bytes([1; 16]),
            LicenseId::from_bytes([2; 16]),
        );
        let sealed = secrets().seal_license_key(&key, mine, [9; 24]);
        let open = |license| secrets().open_license_key(&sealed, license);
        assert_eq!(open(mine), Some(key.expose()));
        assert_eq!(open(other), None);
    }

    #[test]
    fn a_sealed_file_opens_only_for_its_own_license_and_device() {
        let (mine, other) = (LicenseId::from_bytes([1; 16]), LicenseId::from_bytes([2; 16]));
        let sealed = secrets().seal_file("file", (mine, "desk"), [9; 24]);
        assert_eq!(secrets().open_file(&sealed, (mine, "desk")).as_deref(), Some("file"));
        assert_eq!(secrets().open_file(&sealed, (mine, "lap")), None);
        assert_eq!(secrets().open_file(&sealed, (other, "desk")), None);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(secrets().session_mac(&[b"ab", b"c"]), secrets().session_mac(&[b"a", b"bc"]));
    }
}
