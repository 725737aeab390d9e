//! What the server computes with its secrets. None of them is ever stored in the database or the configuration.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sealgate_artifact::{ActivationId, AppId, LicenseHint, LicenseId, LicenseKey, StatementId};
use sealgate_store::table::KeyHash;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The secrets that both sides need: by them license keys, apps and sessions are recognised. Each is for one purpose,
/// and its name carries its version.
pub struct SharedSecrets {
    license_keys: MacKey,
    apps: MacKey,
    sessions: MacKey,
    files: MacKey,
    /// For files that were kept before each had a key of its own.
    former_files: SealingKey,
}

impl SharedSecrets {
    /// What the name of the sessions' secret begins with. It is the one that can be renewed: the newest version counts.
    pub const SESSION: &str = "session";

    /// Their names, of which the sessions' is given. A runtime has no others. The access tokens' secret is not among
    /// them: with it, whoever steals a runtime could write an access token of his own into the database.
    pub fn names(session: &str) -> [&str; 4] {
        ["license-key-pepper-v1", "files-v1", "app-secret-pepper-v1", session]
    }

    /// Asks `secret` for each of the [names](Self::names).
    pub fn load<E>(session: &str, secret: impl Fn(&str) -> Result<[u8; 32], E>) -> Result<Self, E> {
        Ok(Self {
            license_keys: MacKey::new(secret("license-key-pepper-v1")?),
            apps: MacKey::new(secret("app-secret-pepper-v1")?),
            sessions: MacKey::new(secret(session)?),
            files: MacKey::new(secret("files-v1")?),
            former_files: SealingKey::new(secret("files-v1")?),
        })
    }

    /// What the database knows a license key by. A typing mistake costs as much work as a right key.
    pub fn license_key(&self, typed: &str) -> KeyHash {
        KeyHash(self.license_keys.digest(&[LicenseKey::normalise(typed).as_bytes()]))
    }

    /// What the database knows the digest of a license key by (`spec/offline.md` §2.2).
    pub fn key_digest(&self, digest: &[u8; 32]) -> KeyHash {
        KeyHash(self.license_keys.digest(&[b"offline key digest\0", digest]))
    }

    /// The same for a key as people type it.
    pub fn digest_of_key(&self, typed: &str) -> KeyHash {
        self.key_digest(&LicenseHint::digest(typed))
    }

    /// What the database knows a row of an app's import by. The row may hold a license key.
    pub fn imported_row(&self, app: AppId, name: &str) -> [u8; 32] {
        self.license_keys.digest(&[b"imported row\0", app.as_bytes(), name.as_bytes()])
    }

    /// What the database knows an app's secret by.
    pub fn app_secret(&self, secret: &str) -> [u8; 32] {
        self.apps.digest(&[secret.as_bytes()])
    }

    /// A file with a license key in it, bound to its license and device. It opens with this secret and the license key in it
    /// together: whoever holds the secret and reads the database learns no license key.
    pub fn seal_file(&self, file: &str, place: FilePlace<'_>, nonce: [u8; 24]) -> Vec<u8> {
        self.file_key(place.key).seal(file.as_bytes(), &place.context(), nonce)
    }

    /// The file inside, if it was sealed for this license, device and license key.
    pub fn open_file(&self, sealed: &[u8], place: FilePlace<'_>) -> Option<String> {
        let context = place.context();
        let opened = self.file_key(place.key).open(sealed, &context);
        String::from_utf8(opened.or_else(|| self.former_files.open(sealed, &context))?).ok()
    }

    fn file_key(&self, key: &str) -> SealingKey {
        SealingKey::new(self.files.digest(&[b"kept file\0", LicenseKey::normalise(key).as_bytes()]))
    }

    /// The secret of a device's chain (`spec/activation.md` §3.2). No database holds it.
    pub fn chain_secret(
        &self,
        activation: ActivationId,
        (generation, request): (u64, StatementId),
    ) -> Zeroizing<[u8; 32]> {
        let generation = generation.to_be_bytes();
        let parts = [&b"chain secret\0"[..], activation.as_bytes(), &generation, request.as_bytes()];
        Zeroizing::new(self.files.digest(&parts))
    }

    /// 128 bits that only this installation can compute. The parts cannot run into each other.
    pub fn session_mac(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut mac = self.sessions.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        *mac.finalize().into_bytes().first_chunk().expect("a digest has 32 bytes")
    }
}

/// What a kept file is bound to.
#[derive(Clone, Copy)]
pub struct FilePlace<'a> {
    /// Whose file it is.
    pub license: LicenseId,
    /// The license key that stands in it, as the customer sends it.
    pub key: &'a str,
    /// The device it was made for.
    pub device: &'a str,
}

impl FilePlace<'_> {
    fn context(self) -> Vec<u8> {
        [self.license.as_bytes(), b"\0file\0".as_slice(), self.device.as_bytes()].concat()
    }
}

/// A key for HMAC-SHA256.
pub struct MacKey(Hmac<Sha256>);

impl MacKey {
    /// The key of these bytes.
    pub fn new(secret: [u8; 32]) -> Self {
        Self(Hmac::new_from_slice(&secret).expect("HMAC takes keys of any length"))
    }

    /// The digest of the parts, one after the other.
    pub fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// A key for XChaCha20-Poly1305. What it seals begins with its nonce.
pub struct SealingKey(XChaCha20Poly1305);

impl SealingKey {
    /// The key of these bytes.
    pub fn new(secret: [u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(&secret.into()))
    }

    /// Seals a text for one context.
    pub fn seal(&self, msg: &[u8], context: &[u8], nonce: [u8; 24]) -> Vec<u8> {
        let sealed = self.0.encrypt(&XNonce::from(nonce), Payload { msg, aad: context });
        [&nonce[..], &sealed.expect("texts of this size can be sealed")].concat()
    }

    /// The text, if it was sealed for this context.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        let (nonce, msg) = sealed.split_first_chunk::<24>()?;
        self.0.decrypt(&XNonce::from(*nonce), Payload { msg, aad: context }).ok()
    }
}

/// Whether two secrets or digests are equal, in a time that does not tell where they differ.
pub fn same<const N: usize>(a: &[u8; N], b: &[u8; N]) -> bool {
    a.ct_eq(b).into()
}

/// A new secret for people to store: a prefix that says what it is, then 256 random bits.
pub fn secret_text(prefix: &str, random: [u8; 32]) -> String {
    format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> SharedSecrets {
        SharedSecrets::load("session-v1", |name| Ok::<_, ()>([u8::try_from(name.len()).expect("short"); 32]))
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
    fn what_is_sealed_opens_only_in_its_own_context() {
        let key = SealingKey::new([7; 32]);
        let sealed = key.seal(b"text", b"mine", [9; 24]);
        assert_eq!(key.open(&sealed, b"mine").as_deref(), Some(b"text".as_slice()));
        assert_eq!(key.open(&sealed, b"yours"), None);
        assert_eq!(SealingKey::new([8; 32]).open(&sealed, b"mine"), None);
        assert_eq!(key.open(&sealed[..20], b"mine"), None);
    }

    #[test]
    fn a_sealed_file_opens_only_for_its_own_license_and_device_and_with_its_license_key() {
        let [key, other_key] = [[3; 16], [4; 16]].map(|bytes| LicenseKey::from_random(bytes).expose());
        let mine = FilePlace { license: LicenseId::from_bytes([1; 16]), key: &key, device: "desk" };
        let sealed = secrets().seal_file("file", mine, [9; 24]);
        assert_eq!(secrets().open_file(&sealed, mine).as_deref(), Some("file"));
        let typed = key.to_lowercase().replace('-', " ");
        assert_eq!(secrets().open_file(&sealed, FilePlace { key: &typed, ..mine }).as_deref(), Some("file"));
        for other in [
            FilePlace { device: "lap", ..mine },
            FilePlace { license: LicenseId::from_bytes([2; 16]), ..mine },
            FilePlace { key: &other_key, ..mine },
            FilePlace { key: "", ..mine },
        ] {
            assert_eq!(secrets().open_file(&sealed, other), None);
        }
        // The secret alone, as one that was stolen, opens it in no way.
        assert_eq!(secrets().former_files.open(&sealed, &mine.context()), None);
    }

    #[test]
    fn a_file_that_was_kept_before_still_opens() {
        let place = FilePlace { license: LicenseId::from_bytes([1; 16]), key: "any", device: "desk" };
        let sealed = secrets().former_files.seal(b"file", &place.context(), [9; 24]);
        assert_eq!(secrets().open_file(&sealed, place).as_deref(), Some("file"));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(secrets().session_mac(&[b"ab", b"c"]), secrets().session_mac(&[b"a", b"bc"]));
    }

    #[test]
    fn every_secret_that_is_loaded_is_listed() {
        let asked = std::cell::RefCell::new(vec![]);
        let load = SharedSecrets::load("session-v2", |name| {
            asked.borrow_mut().push(name.to_owned());
            Ok::<_, ()>([0; 32])
        });
        assert!(load.is_ok());
        let (mut asked, mut listed) =
            (asked.into_inner(), SharedSecrets::names("session-v2").map(str::to_owned).to_vec());
        asked.sort();
        asked.dedup();
        listed.sort();
        assert_eq!(asked, listed);
    }
}
