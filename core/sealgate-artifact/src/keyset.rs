//! Keysets: who may sign what (`spec/keys.md` §4 and §5).

use crate::fields::{Fields, int, invalid};
use crate::{
    ArtifactError, Attachments, KeyUse, Kind, PublicKey, Statement, TenantId, UnixSeconds, Value, limits,
};

/// What a key may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Signs and verifies.
    Active,
    /// Verifies what it signed, and signs nothing new.
    Retired,
    /// Verifies nothing, whatever its dates say.
    Revoked,
}

impl KeyState {
    const ALL: [Self; 3] = [Self::Active, Self::Retired, Self::Revoked];

    /// The state's name in a keyset.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }
}

/// One signer of a keyset: exactly one Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRecord {
    /// What the key is for.
    pub key_use: KeyUse,
    /// The key.
    pub public_key: PublicKey,
    /// What it may still do.
    pub state: KeyState,
}

/// The keys of the installation, signed by the roots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyset {
    /// Rises with every change.
    pub version: u64,
    /// When it was signed.
    pub issued_at: UnixSeconds,
    /// From this time on nothing is verified by its keys.
    pub expires_at: UnixSeconds,
    /// Its signers, at most 12.
    pub keys: Vec<KeyRecord>,
}

/// The keys of one tenant, signed by the authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantKeyset {
    /// The tenant it speaks for.
    pub tenant: TenantId,
    /// Rises with every change.
    pub version: u64,
    /// When it was signed.
    pub issued_at: UnixSeconds,
    /// From this time on nothing is verified by its keys.
    pub expires_at: UnixSeconds,
    /// Its signers, at most 16.
    pub keys: Vec<KeyRecord>,
}

impl Statement for Keyset {
    const KIND: Kind = Kind::Keyset;

    fn take(fields: &mut Fields, _: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        Ok(Self {
            version: fields.count("version")?,
            issued_at: fields.time("issued_at")?,
            expires_at: fields.time("expires_at")?,
            keys: take_keys(fields, limits::KEYSET_KEYS)?,
        })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("version", int(self.version)),
            ("issued_at", int(self.issued_at.get())),
            ("expires_at", int(self.expires_at.get())),
            ("keys", key_list(&self.keys)),
        ]
    }
}

impl Statement for TenantKeyset {
    const KIND: Kind = Kind::TenantKeyset;

    fn take(fields: &mut Fields, _: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        Ok(Self {
            tenant: fields.parsed("tenant", "not an identifier", |t| TenantId::parse(t).ok())?,
            version: fields.count("version")?,
            issued_at: fields.time("issued_at")?,
            expires_at: fields.time("expires_at")?,
            keys: take_keys(fields, limits::TENANT_KEYSET_KEYS)?,
        })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("tenant", Value::Text(self.tenant.to_string())),
            ("version", int(self.version)),
            ("issued_at", int(self.issued_at.get())),
            ("expires_at", int(self.expires_at.get())),
            ("keys", key_list(&self.keys)),
        ]
    }
}

fn take_keys(fields: &mut Fields, limit: usize) -> Result<Vec<KeyRecord>, ArtifactError> {
    fields.list("keys", limit)?.into_iter().map(key_record).collect()
}

fn key_record(value: Value) -> Result<KeyRecord, ArtifactError> {
    let mut fields = Fields::new(value).map_err(|_| invalid("keys", "an entry is not an object"))?;
    fields.parsed("alg", "not ed25519", |alg| (alg == "ed25519").then_some(()))?;
    let record = KeyRecord {
        // spec/keys.md §5.4: a device's key is not listed.
        key_use: fields
            .parsed("use", "unknown use", |u| KeyUse::parse(u).filter(|u| *u != KeyUse::Device))?,
        public_key: PublicKey::parse(&fields.text("public_key")?)?,
        state: fields
            .parsed("state", "unknown state", |s| KeyState::ALL.into_iter().find(|k| k.as_str() == s))?,
    };
    fields.finish()?;
    Ok(record)
}

fn key_list(keys: &[KeyRecord]) -> Value {
    let text = |t: &str| Value::Text(t.to_owned());
    let entry = |key: &KeyRecord| {
        Value::Object(vec![
            ("alg".into(), text("ed25519")),
            ("use".into(), text(key.key_use.as_str())),
            ("public_key".into(), text(&key.public_key.to_string())),
            ("state".into(), text(key.state.as_str())),
        ])
    };
    Value::List(keys.iter().map(entry).collect())
}
