//! A device's request for a bundle (`spec/offline.md` §2.1).

use sha2::{Digest, Sha256};

use crate::activation_proof::statement_id;
use crate::fields::{Fields, int, invalid};
use crate::request::{about_device, about_members, word};
use crate::{
    AboutDevice, AppId, ArtifactError, Attachments, Kind, LicenseId, LicenseKey, Nonce, PublicKey, Statement,
    StatementId, TenantId, UnixSeconds, Value, Word, hex,
};

/// Asks for a bundle, signed by the device's own key. Tenant, app, fingerprint and time are the device's claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflineRequest {
    /// Whose license it is.
    pub tenant: TenantId,
    /// The app that asks.
    pub app: AppId,
    /// The license; `None`: the vendor says which.
    pub license: Option<LicenseHint>,
    /// The device's key, the one that signs.
    pub device_key: PublicKey,
    /// What the app can tell about the machine, in its own words.
    pub fingerprint: Option<Word>,
    /// New for every request.
    pub nonce: Nonce,
    /// What the device's clock says.
    pub client_time: UnixSeconds,
    /// What the device says about itself.
    pub about: AboutDevice,
    /// The bundle that the device uses now.
    pub bundle: Option<StatementId>,
}

/// How a request for a bundle names its license.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LicenseHint {
    /// By its identifier.
    Id(LicenseId),
    /// By the digest of its key (`spec/offline.md` §2.2).
    KeyDigest([u8; 32]),
}

impl LicenseHint {
    /// The digest of a license key as people type it (`spec/offline.md` §2.2).
    pub fn of_key(typed: &str) -> Self {
        Self::KeyDigest(Self::digest(typed))
    }

    /// The same as bytes.
    pub fn digest(typed: &str) -> [u8; 32] {
        let symbols = LicenseKey::normalise(typed);
        Sha256::new().chain_update(b"sealgate-offline-key-v1\0").chain_update(symbols).finalize().into()
    }
}

impl Statement for OfflineRequest {
    const KIND: Kind = Kind::OfflineRequest;

    fn take(fields: &mut Fields, _: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        Ok(Self {
            tenant: fields.parsed("tenant", "not an identifier", |t| TenantId::parse(t).ok())?,
            app: fields.parsed("app", "not an identifier", |t| AppId::parse(t).ok())?,
            license: license(fields)?,
            device_key: PublicKey::parse(&fields.text("device_key")?)?,
            fingerprint: fields.nullable("fingerprint", word)?,
            nonce: fields.parsed("nonce", "not 32 lower-case hexadecimal digits", Nonce::parse)?,
            client_time: fields.time("client_time")?,
            about: about_device(fields)?,
            bundle: fields.optional("bundle", statement_id)?,
        })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let text = |shown: &dyn std::fmt::Display| Value::Text(shown.to_string());
        let (license, license_key) = match &self.license {
            Some(LicenseHint::Id(id)) => (text(id), Value::Null),
            Some(LicenseHint::KeyDigest(digest)) => (Value::Null, Value::Text(hex::encode(digest))),
            None => (Value::Null, Value::Null),
        };
        let mut members = vec![
            ("tenant", text(&self.tenant)),
            ("app", text(&self.app)),
            ("license", license),
            ("license_key", license_key),
            ("device_key", text(&self.device_key)),
            ("fingerprint", self.fingerprint.as_ref().map_or(Value::Null, |word| text(word))),
            ("nonce", text(&self.nonce)),
            ("client_time", int(self.client_time.get())),
        ];
        members.extend(about_members(&self.about));
        members.extend(self.bundle.map(|bundle| ("bundle", text(&bundle))));
        members
    }
}

/// `spec/offline.md` §2.3: not both, judged once both were read.
fn license(fields: &mut Fields) -> Result<Option<LicenseHint>, ArtifactError> {
    let id = fields.nullable("license", |fields, field| {
        fields.parsed(field, "not an identifier", |t| LicenseId::parse(t).ok())
    })?;
    let digest = fields.nullable("license_key", |fields, field| {
        fields.parsed(field, "not 64 lower-case hexadecimal digits", hex::decode::<32>)
    })?;
    match (id, digest) {
        (Some(_), Some(_)) => Err(invalid("license_key", "not both of license and license_key are there")),
        (id, digest) => Ok(id.map(LicenseHint::Id).or(digest.map(LicenseHint::KeyDigest))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LicenseHint, OfflineRequest};
    use crate::{
        AboutDevice, AppId, LicenseId, Nonce, PublicKey, Statement, StatementId, TenantId, UnixSeconds, Word,
        limits,
    };

    proptest! {
        /// Any request that can be signed is read back the same.
        #[test]
        fn what_is_written_is_read(
            (bits, key) in any::<([u8; 16], [u8; 32])>(),
            named in 0..3u8,
            fingerprint in prop::option::of("[^\\p{Cc}]{1,32}"),
            said in prop::option::of("[^\\p{Cc}]{1,16}"),
            time in 0..=limits::LAST_SECOND,
        ) {
            let license = match named {
                0 => None,
                1 => Some(LicenseHint::Id(LicenseId::from_bytes(bits))),
                _ => Some(LicenseHint::KeyDigest(key)),
            };
            let written = OfflineRequest {
                tenant: TenantId::from_bytes(bits),
                app: AppId::from_bytes(bits),
                license,
                device_key: PublicKey::from_bytes(key),
                fingerprint: fingerprint.map(|text| Word::parse(&text).expect("a word")),
                nonce: Nonce::from_random(bits),
                client_time: UnixSeconds::new(time).expect("in range"),
                bundle: said.is_some().then(|| StatementId::from_bytes(key)),
                about: AboutDevice { name: said.clone(), platform: None, product_version: said },
            };
            prop_assert_eq!(OfflineRequest::from_payload(&written.to_payload(), &[]), Ok(written));
        }
    }

    /// `spec/offline.md` §2.2: however the key was typed; and the digest is what the page says.
    #[test]
    fn a_key_has_one_digest() {
        let digest = LicenseHint::of_key("000G-40R4-0M30-E209-185G-R38E-1YRB");
        assert_eq!(LicenseHint::of_key(" 000g40r4 0m30e209185gr38e1yrb\n"), digest);
        let LicenseHint::KeyDigest(digest) = digest else { panic!("a digest") };
        let bytes = [&b"sealgate-offline-key-v1"[..], &[0], b"000G40R40M30E209185GR38E1YRB"].concat();
        assert_eq!(digest, <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(bytes)));
    }
}
