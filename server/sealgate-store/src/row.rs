//! Rows as values, and how the engines' columns become them.

use sealgate_artifact::{
    AppId, KeyUse, LicenseId, MaxDevices, PublicKey, TenantId, Tier, TokenId, UnixSeconds, decode_hex,
    encode_hex,
};
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};

/// HMAC of a license key under the installation's pepper: what the database knows a key by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        decode_hex(text).map(Self)
    }
}

impl std::fmt::Display for KeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&encode_hex(&self.0))
    }
}

/// A vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRow {
    /// Its id.
    pub id: TenantId,
    /// Its name, unique on the installation.
    pub name: String,
    /// The key that signs its licenses.
    pub issuer_key: PublicKey,
    /// When it was made.
    pub created_at: UnixSeconds,
}

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStage {
    /// Published, so that verifiers know it before it signs.
    Next,
    /// Signs.
    Active,
    /// Verifies what it signed; signs nothing new.
    Retired,
    /// Verifies nothing.
    Revoked,
}

impl KeyStage {
    const ALL: [Self; 4] = [Self::Next, Self::Active, Self::Retired, Self::Revoked];

    /// The stage's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }
}

/// The public half of a key that signs statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// The key.
    pub public_key: PublicKey,
    /// What it is for.
    pub key_use: KeyUse,
    /// `installation`, or a tenant's id.
    pub scope: String,
    /// Where it is in its life.
    pub state: KeyStage,
    /// When it was first listed.
    pub published_at: UnixSeconds,
    /// When it was retired or revoked.
    pub ended_at: Option<UnixSeconds>,
}

/// An access token, without the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its id.
    pub id: TokenId,
    /// Whom it speaks for.
    pub tenant: TenantId,
    /// What it was called.
    pub name: String,
    /// HMAC of the token.
    pub hash: [u8; 32],
    /// When it was made.
    pub created_at: UnixSeconds,
    /// When it ends.
    pub expires_at: Option<UnixSeconds>,
    /// When it was taken back.
    pub revoked_at: Option<UnixSeconds>,
}

/// An app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRow {
    /// Its id.
    pub id: AppId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What the vendor calls it.
    pub name: String,
    /// HMAC of the app's secret.
    pub secret_hash: [u8; 32],
    /// The key that signs its answers now.
    pub public_key: PublicKey,
    /// The key that will.
    pub next_public_key: PublicKey,
    /// When it was made.
    pub created_at: UnixSeconds,
}

/// A license.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenseRow {
    /// Its id.
    pub id: LicenseId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is for.
    pub app: AppId,
    /// What its key is known by.
    pub key_hash: KeyHash,
    /// Its key, sealed for display.
    pub key_sealed: Vec<u8>,
    /// The vendor's note.
    pub label: Option<String>,
    /// The tier it grants.
    pub tier: Tier,
    /// Features beyond the tier.
    pub features: Vec<String>,
    /// Its seats.
    pub max_devices: MaxDevices,
    /// When it begins.
    pub not_before: UnixSeconds,
    /// When it ends.
    pub expires_at: Option<UnixSeconds>,
    /// When it was revoked.
    pub revoked_at: Option<UnixSeconds>,
    /// Why.
    pub revoke_reason: Option<String>,
    /// The newest signed version.
    pub version: u64,
    /// When it was issued.
    pub created_at: UnixSeconds,
    /// Devices that hold a seat.
    pub devices_used: u64,
}

/// Something that happened to a license.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// A version 7 UUID: events sort by it.
    pub id: String,
    /// The tenant.
    pub tenant: TenantId,
    /// The app.
    pub app: AppId,
    /// The license.
    pub license: LicenseId,
    /// The device, where one was involved.
    pub device: Option<String>,
    /// When.
    pub at: UnixSeconds,
    /// What, as in `device_bound`.
    pub kind: &'static str,
    /// The request that caused it.
    pub request_id: String,
}

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// A version 7 UUID.
    pub id: String,
    /// The tenant.
    pub tenant: TenantId,
    /// When.
    pub at: UnixSeconds,
    /// Who, as in `token:…`.
    pub actor: String,
    /// What, as in `license.revoked`.
    pub action: &'static str,
    /// To what.
    pub subject: String,
    /// How, as JSON without secrets.
    pub detail: String,
    /// The request that caused it.
    pub request_id: String,
}

impl FromRow<'_, AnyRow> for TenantRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            name: row.try_get("name")?,
            issuer_key: parsed(row, "issuer_key", |t| PublicKey::parse(t).ok())?,
            created_at: time(row, "created_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for KeyRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            public_key: parsed(row, "public_key", |t| PublicKey::parse(t).ok())?,
            key_use: parsed(row, "key_use", KeyUse::parse)?,
            scope: row.try_get("scope")?,
            state: parsed(row, "state", |t| KeyStage::ALL.into_iter().find(|s| s.as_str() == t))?,
            published_at: time(row, "published_at")?,
            ended_at: optional_time(row, "ended_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for TokenRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: parsed(row, "token_id", |t| TokenId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            name: row.try_get("name")?,
            hash: digest(row, "token_hash")?,
            created_at: time(row, "created_at")?,
            expires_at: optional_time(row, "expires_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for AppRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            name: row.try_get("name")?,
            secret_hash: digest(row, "secret_hash")?,
            public_key: parsed(row, "public_key", |t| PublicKey::parse(t).ok())?,
            next_public_key: parsed(row, "next_public_key", |t| PublicKey::parse(t).ok())?,
            created_at: time(row, "created_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for LicenseRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let features: String = row.try_get("features")?;
        Ok(Self {
            id: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            key_hash: KeyHash(digest(row, "key_hash")?),
            key_sealed: row.try_get("key_sealed")?,
            label: row.try_get("label")?,
            tier: parsed(row, "tier", Tier::parse)?,
            features: features.lines().map(str::to_owned).collect(),
            max_devices: seats(row)?,
            not_before: time(row, "not_before")?,
            expires_at: optional_time(row, "expires_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
            revoke_reason: row.try_get("revoke_reason")?,
            version: count(row, "version")?,
            created_at: time(row, "created_at")?,
            devices_used: count(row, "devices_used")?,
        })
    }
}

fn seats(row: &AnyRow) -> Result<MaxDevices, sqlx::Error> {
    match row.try_get::<Option<i64>, _>("max_devices")? {
        None => Ok(MaxDevices::Unlimited),
        Some(n) => u64::try_from(n).ok().and_then(MaxDevices::limited).ok_or_else(|| corrupt("max_devices")),
    }
}

fn parsed<T>(row: &AnyRow, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, sqlx::Error> {
    let text: &str = row.try_get(name)?;
    parse(text).ok_or_else(|| corrupt(name))
}

fn digest(row: &AnyRow, name: &str) -> Result<[u8; 32], sqlx::Error> {
    let bytes: &[u8] = row.try_get(name)?;
    bytes.try_into().map_err(|_| corrupt(name))
}

pub(crate) fn count(row: &AnyRow, name: &str) -> Result<u64, sqlx::Error> {
    row.try_get::<i64, _>(name)?.try_into().map_err(|_| corrupt(name))
}

fn time(row: &AnyRow, name: &str) -> Result<UnixSeconds, sqlx::Error> {
    UnixSeconds::new(count(row, name)?).ok_or_else(|| corrupt(name))
}

fn optional_time(row: &AnyRow, name: &str) -> Result<Option<UnixSeconds>, sqlx::Error> {
    match row.try_get::<Option<i64>, _>(name)? {
        None => Ok(None),
        Some(_) => time(row, name).map(Some),
    }
}

/// As the columns hold numbers.
pub(crate) fn signed(n: u64) -> i64 {
    i64::try_from(n).expect("times, versions and counts stay below 2^63")
}

fn corrupt(name: &str) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: name.to_owned(), source: "outside its range".into() }
}
