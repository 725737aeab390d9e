//! Rows as values.

use std::borrow::Cow;

use ipnet::IpNet;
use sealgate_artifact::{
    AppId, Device, DeviceId, EntryId, KeyUse, LicenseId, MaxDevices, PlanId, PublicKey, StatementId,
    TenantId, Tier, TokenId, UnixSeconds, decode_hex, encode_hex,
};

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
    /// Whether licenses may be handed out for use offline.
    pub offline: bool,
    /// When it was suspended.
    pub suspended_at: Option<UnixSeconds>,
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

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }

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

/// A license server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRow {
    /// Its key.
    pub server_key: PublicKey,
    /// Where clients find it.
    pub origins: Vec<String>,
    /// When it was first seen.
    pub created_at: UnixSeconds,
    /// When the Authority was told to certify it at these origins.
    pub approved_at: Option<UnixSeconds>,
    /// When it was revoked.
    pub revoked_at: Option<UnixSeconds>,
}

/// The newest certificate of a server for a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRow {
    /// The server's key.
    pub server_key: PublicKey,
    /// For whom it speaks.
    pub tenant: TenantId,
    /// The authority that signed it.
    pub signer: PublicKey,
    /// Where clients find the server, as certified.
    pub origins: Vec<String>,
    /// When it ends.
    pub expires_at: UnixSeconds,
    /// The envelope.
    pub envelope: Vec<u8>,
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
    /// What it may do, one scope a line.
    pub scopes: String,
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
    /// HMAC of the secret before, and until when it is taken.
    pub former_secret: Option<([u8; 32], UnixSeconds)>,
    /// The key that signs its answers now.
    pub public_key: PublicKey,
    /// The key that will.
    pub next_public_key: PublicKey,
    /// What it hands to running software, as JSON.
    pub variables: String,
    /// Validations left; `None` while they are not counted.
    pub credits: Option<u64>,
    /// Whether nobody asks without its secret.
    pub require_secret: bool,
    /// Whether it hands out license files that last for ever and cannot be revoked.
    pub lifetime_files: bool,
    /// When it was switched off.
    pub disabled_at: Option<UnixSeconds>,
    /// When it was made.
    pub created_at: UnixSeconds,
}

/// A template that licenses are issued from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    /// Its id.
    pub id: PlanId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What it sells.
    pub app: AppId,
    /// Its name, unique for the app.
    pub name: String,
    /// What licenses grant.
    pub terms: Terms,
    /// How long a license lasts.
    pub duration_days: Option<u32>,
    /// What the software enforces, as JSON.
    pub policy: String,
    /// When it was made.
    pub created_at: UnixSeconds,
}

/// What a plan promises and a license grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The tier.
    pub tier: Tier,
    /// Features beyond it, as JSON.
    pub features: String,
    /// Numbers for the software, as JSON.
    pub limits: String,
    /// Seats.
    pub max_devices: MaxDevices,
    /// Whether licenses may be handed out for use offline.
    pub offline: bool,
    /// Early releases of a seat within a year, for each seat.
    pub releases_per_seat: u32,
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
    /// What it was issued from.
    pub plan: Option<PlanId>,
    /// What its key is known by.
    pub key_hash: KeyHash,
    /// Its key, sealed for display.
    pub key_sealed: Vec<u8>,
    /// The vendor's note.
    pub label: Option<String>,
    /// Who bought it.
    pub customer: Option<String>,
    /// What it grants.
    pub terms: Terms,
    /// What it hands to running software, as JSON.
    pub variables: String,
    /// When it begins.
    pub not_before: UnixSeconds,
    /// When it ends.
    pub expires_at: Option<UnixSeconds>,
    /// When it was suspended.
    pub suspended_at: Option<UnixSeconds>,
    /// When it was revoked.
    pub revoked_at: Option<UnixSeconds>,
    /// Why.
    pub revoke_reason: Option<String>,
    /// The newest signed version.
    pub version: u64,
    /// That version's statement.
    pub statement: StatementId,
    /// When it was issued.
    pub created_at: UnixSeconds,
    /// Devices that hold a seat.
    pub devices_used: u64,
}

/// A device that holds a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    /// Its id.
    pub id: DeviceId,
    /// Whose license it uses.
    pub tenant: TenantId,
    /// The license.
    pub license: LicenseId,
    /// The device itself.
    pub device: Device,
    /// When it took the seat.
    pub first_seen: UnixSeconds,
}

/// What an access list names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// A device.
    Hwid(String),
    /// A block of addresses.
    Net(IpNet),
}

/// An entry of an access list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRow {
    /// Its id.
    pub id: EntryId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The app.
    pub app: AppId,
    /// The one license that it counts for; all of the app's without.
    pub license: Option<LicenseId>,
    /// Who made it: [`AccessRow::VENDOR`] or [`AccessRow::SELF_BAN`].
    pub source: String,
    /// `allow` or `deny`.
    pub effect: String,
    /// What it names.
    pub listed: Listed,
    /// Why.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: UnixSeconds,
    /// Until when it counts.
    pub expires_at: Option<UnixSeconds>,
}

impl AccessRow {
    /// Made by the vendor.
    pub const VENDOR: &'static str = "vendor";
    /// Made because a client reported itself.
    pub const SELF_BAN: &'static str = "self_ban";
}

/// A license file that lasts for ever.
#[derive(Clone, PartialEq, Eq)]
pub struct LifetimeFileRow {
    /// The license.
    pub license: LicenseId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The device it was made for.
    pub identity: String,
    /// Names the file.
    pub file_id: String,
    /// The file, sealed: a license key stands in it.
    pub file_sealed: Vec<u8>,
    /// When it was made.
    pub at: UnixSeconds,
}

/// Something that happened to a license.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// A version 7 UUID: events sort by it.
    pub id: String,
    /// The tenant.
    pub tenant: TenantId,
    /// The app.
    pub app: Option<AppId>,
    /// The license.
    pub license: Option<LicenseId>,
    /// The device, where one was involved.
    pub device: Option<String>,
    /// When.
    pub at: UnixSeconds,
    /// What, as in `device_bound`.
    pub kind: Cow<'static, str>,
    /// The code of a refusal.
    pub code: Option<String>,
    /// The request that caused it.
    pub request_id: String,
    /// How often.
    pub count: u64,
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
    pub action: Cow<'static, str>,
    /// To what.
    pub subject: String,
    /// How, as JSON without secrets.
    pub detail: String,
    /// The request that caused it.
    pub request_id: String,
    /// Its number and hash in the chain, once it has them.
    pub link: Option<(u64, [u8; 32])>,
}

/// The answer to a request that created something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerRow {
    /// Whose request it was.
    pub tenant: TenantId,
    /// What the caller called it.
    pub key: String,
    /// A hash of the request.
    pub request: [u8; 32],
    /// The answer, sealed.
    pub answer: Vec<u8>,
    /// When.
    pub at: UnixSeconds,
}
