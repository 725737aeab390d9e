//! The device's request: what one device asks of a server (`spec/online.md` §2).

use crate::fields::{Fields, int, invalid};
use crate::{
    AppId, ArtifactError, Attachments, DeviceId, Kind, LicenseId, Operation, PublicKey, Statement, TenantId,
    UnixSeconds, Value, Word, hex, limits,
};

/// 128 random bits that tie a decision to its request (`spec/online.md` §2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nonce([u8; 16]);

impl Nonce {
    /// The nonce of these random bits, the caller's.
    pub fn from_random(bits: [u8; 16]) -> Self {
        Self(bits)
    }

    /// Reads 32 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        hex::decode(text).map(Self)
    }

    /// The 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl std::fmt::Display for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

/// How a request names its license (`spec/online.md` §2.2). Its `Debug` text hides a key.
#[derive(Clone, PartialEq, Eq)]
pub enum LicenseName {
    /// By its identifier.
    Id(LicenseId),
    /// By its key as the customer typed it: a secret.
    Key(Word),
}

impl std::fmt::Debug for LicenseName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "Id({id})"),
            Self::Key(_) => f.write_str("Key(…)"),
        }
    }
}

/// What a device asks, signed by its own key. Tenant, app, fingerprint and time are the device's claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRequest {
    /// Whose license it is.
    pub tenant: TenantId,
    /// The app that asks.
    pub app: AppId,
    /// The license, by identifier or key.
    pub license: LicenseName,
    /// The device's key, the one that signs.
    pub device_key: PublicKey,
    /// What the app can tell about the machine, in its own words.
    pub fingerprint: Option<Word>,
    /// What is asked for.
    pub operation: Operation,
    /// New for every request.
    pub nonce: Nonce,
    /// What the device's clock says.
    pub client_time: UnixSeconds,
    /// What the device says about itself.
    pub about: AboutDevice,
    /// The device whose seat is to be given back, where that is not the asking one (`spec/online.md` §9).
    pub release: Option<DeviceId>,
}

/// What a device says about itself, for people: nobody checks it. Each is 1 to 64 bytes without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AboutDevice {
    /// What people call it, such as its host name.
    pub name: Option<String>,
    /// Its operating system and processor.
    pub platform: Option<String>,
    /// The version of the program that asks.
    pub product_version: Option<String>,
}

impl DeviceRequest {
    /// The license's identifier, where the request names one.
    pub fn license_id(&self) -> Option<LicenseId> {
        match self.license {
            LicenseName::Id(id) => Some(id),
            LicenseName::Key(_) => None,
        }
    }
}

impl Statement for DeviceRequest {
    const KIND: Kind = Kind::DeviceRequest;

    fn take(fields: &mut Fields, _: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        Ok(Self {
            tenant: fields.parsed("tenant", "not an identifier", |t| TenantId::parse(t).ok())?,
            app: fields.parsed("app", "not an identifier", |t| AppId::parse(t).ok())?,
            license: license_name(fields)?,
            device_key: PublicKey::parse(&fields.text("device_key")?)?,
            fingerprint: fields.nullable("fingerprint", word)?,
            operation: fields.parsed("operation", "not of its form", Operation::parse)?,
            nonce: fields.parsed("nonce", "not 32 lower-case hexadecimal digits", Nonce::parse)?,
            client_time: fields.time("client_time")?,
            about: about_device(fields)?,
            release: fields.optional("release", |fields, field| {
                fields.parsed(field, "not an identifier", |t| DeviceId::parse(t).ok())
            })?,
        })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let (license, license_key) = match &self.license {
            LicenseName::Id(id) => (Value::Text(id.to_string()), Value::Null),
            LicenseName::Key(key) => (Value::Null, Value::Text(key.to_string())),
        };
        let mut members = vec![
            ("tenant", Value::Text(self.tenant.to_string())),
            ("app", Value::Text(self.app.to_string())),
            ("license", license),
            ("license_key", license_key),
            ("device_key", Value::Text(self.device_key.to_string())),
            (
                "fingerprint",
                self.fingerprint.as_ref().map_or(Value::Null, |word| Value::Text(word.to_string())),
            ),
            ("operation", Value::Text(self.operation.to_string())),
            ("nonce", Value::Text(self.nonce.to_string())),
            ("client_time", int(self.client_time.get())),
        ];
        members.extend(about_members(&self.about));
        members.extend(self.release.map(|device| ("release", Value::Text(device.to_string()))));
        members
    }
}

/// `spec/online.md` §2.2: exactly one of the two, judged once both were read.
fn license_name(fields: &mut Fields) -> Result<LicenseName, ArtifactError> {
    let id = fields.nullable("license", |fields, field| {
        fields.parsed(field, "not an identifier", |t| LicenseId::parse(t).ok())
    })?;
    match (id, fields.nullable("license_key", word)?) {
        (Some(id), None) => Ok(LicenseName::Id(id)),
        (None, Some(key)) => Ok(LicenseName::Key(key)),
        _ => Err(invalid("license_key", "exactly one of license and license_key is not null")),
    }
}

/// What a device says about itself, as it stands in a request.
pub(crate) fn about_device(fields: &mut Fields) -> Result<AboutDevice, ArtifactError> {
    Ok(AboutDevice {
        name: fields.optional("name", about)?,
        platform: fields.optional("platform", about)?,
        product_version: fields.optional("product_version", about)?,
    })
}

pub(crate) fn about_members(said: &AboutDevice) -> impl Iterator<Item = (&'static str, Value)> {
    let AboutDevice { name, platform, product_version } = said;
    let fields = [("name", name), ("platform", platform), ("product_version", product_version)];
    fields.into_iter().filter_map(|(field, text)| Some((field, Value::Text(text.clone()?))))
}

/// `spec/online.md` §2.7.
fn about(fields: &mut Fields, field: &'static str) -> Result<String, ArtifactError> {
    let is_short = |text: &str| (1..=limits::ABOUT_DEVICE_BYTES).contains(&text.len());
    fields.parsed(field, "not 1 to 64 bytes without control characters", |text| {
        (is_short(text) && !text.chars().any(char::is_control)).then(|| text.to_owned())
    })
}

/// `spec/online.md` §2.3.
pub(crate) fn word(fields: &mut Fields, field: &'static str) -> Result<Word, ArtifactError> {
    fields.parsed(field, "not 1 to 128 bytes without control characters", Word::parse)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{AboutDevice, DeviceRequest, LicenseName, Nonce};
    use crate::{
        AppId, Carrier, DeviceId, Envelope, LicenseId, Operation, PublicKey, Statement, TenantId,
        UnixSeconds, Unverified, Word, limits,
    };

    /// Up to 128 bytes: the longest character has four.
    fn word() -> impl Strategy<Value = Word> {
        "[^\\p{Cc}]{1,32}".prop_map(|text| Word::parse(&text).expect("a word"))
    }

    fn requests() -> impl Strategy<Value = DeviceRequest> {
        let license = prop_oneof![
            any::<[u8; 16]>().prop_map(|id| LicenseName::Id(LicenseId::from_bytes(id))),
            word().prop_map(LicenseName::Key),
        ];
        let bytes = (any::<[u8; 16]>(), any::<[u8; 32]>());
        let said = || prop::option::of("[^\\p{Cc}]{1,16}");
        let about = (said(), said(), said(), any::<bool>());
        (bytes, license, prop::option::of(word()), "[a-z0-9_.-]{1,32}", 0..=limits::LAST_SECOND, about)
            .prop_map(|((bits, key), license, fingerprint, operation, time, about)| DeviceRequest {
                tenant: TenantId::from_bytes(bits),
                app: AppId::from_bytes(bits),
                license,
                device_key: PublicKey::from_bytes(key),
                fingerprint,
                operation: Operation::parse(&operation).expect("a name"),
                nonce: Nonce::from_random(bits),
                client_time: UnixSeconds::new(time).expect("in range"),
                about: AboutDevice { name: about.0, platform: about.1, product_version: about.2 },
                release: about.3.then(|| DeviceId::from_bytes(bits)),
            })
    }

    proptest! {
        /// Any request that can be signed is read back the same.
        #[test]
        fn what_is_written_is_read(request in requests()) {
            prop_assert_eq!(DeviceRequest::from_payload(&request.to_payload(), &[]), Ok(request));
        }

        /// The `Debug` text never shows a license key: not the request's, not that of an envelope that carries it.
        #[test]
        fn debug_text_hides_the_key(mut request in requests(), key in "[A-Z]{4}-[A-Z]{4}-[A-Z]{4}") {
            request.license = LicenseName::Key(Word::parse(&key).expect("a word"));
            let envelope = Envelope::new(DeviceRequest::KIND.payload_type(), request.to_payload(), vec![]);
            let carrier = Carrier { envelope: envelope.clone(), attachments: vec![] };
            let digits = key.bytes().map(|b| b.to_string()).collect::<Vec<_>>().join(", ");
            let shown = format!("{request:?}");
            prop_assert!(shown.contains("Key(…)"), "{}", shown);
            for text in [shown, format!("{envelope:?}"), format!("{carrier:?}")] {
                prop_assert!(!text.contains(&key) && !text.contains(&digits), "{}", text);
            }
        }
    }

    /// The same for what was decoded and not believed yet.
    #[test]
    fn debug_text_of_a_claim_hides_the_key() {
        let payload = br#"{"license_key":"AAAA-BBBB"}"#.to_vec();
        let entry = crate::SignatureEntry { keyid: String::new(), sig: vec![0; 64] };
        let envelope = Envelope::new(DeviceRequest::KIND.payload_type(), payload, vec![entry]);
        let claim = Unverified::<DeviceRequest>::decode(&envelope.encode()).expect("decodes");
        let text = format!("{claim:?}");
        // 65, 65 is how a list of bytes would show "AA".
        assert!(!text.contains("AAAA") && !text.contains("65, 65"), "{text}");
        assert!(text.contains("27 bytes"), "{text}");
    }
}
