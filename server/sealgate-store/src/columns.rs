//! How the engines' columns become rows.

use std::borrow::Cow;

use ipnet::IpNet;
use sealgate_artifact::{
    AppId, Device, DeviceId, EntryId, KeyUse, LicenseId, MaxDevices, PlanId, PublicKey, StatementId,
    TenantId, Tier, TokenId, UnixSeconds,
};

use crate::StoreError;
use crate::row::{
    AccessRow, AnswerRow, AppRow, AuditRow, CertificateRow, DeviceRow, EventRow, KeyHash, KeyRow, KeyStage,
    LicenseRow, LifetimeFileRow, Listed, PlanRow, ServerRow, TenantRow, Terms, TokenRow,
};
use crate::sql::{FromRow, Row};

impl FromRow for TenantRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            name: row.get("name")?,
            issuer_key: parsed(row, "issuer_key", |t| PublicKey::parse(t).ok())?,
            offline: flag(row, "offline")?,
            suspended_at: optional_time(row, "suspended_at")?,
            created_at: time(row, "created_at")?,
        })
    }
}

impl FromRow for KeyRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            public_key: parsed(row, "public_key", |t| PublicKey::parse(t).ok())?,
            key_use: parsed(row, "key_use", KeyUse::parse)?,
            scope: row.get("scope")?,
            state: parsed(row, "state", KeyStage::parse)?,
            published_at: time(row, "published_at")?,
            ended_at: optional_time(row, "ended_at")?,
        })
    }
}

impl FromRow for ServerRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            server_key: parsed(row, "server_key", |t| PublicKey::parse(t).ok())?,
            origins: lines(row, "origins")?,
            created_at: time(row, "created_at")?,
            approved_at: optional_time(row, "approved_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
        })
    }
}

impl FromRow for CertificateRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            server_key: parsed(row, "server_key", |t| PublicKey::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            signer: parsed(row, "signer", |t| PublicKey::parse(t).ok())?,
            origins: lines(row, "origins")?,
            expires_at: time(row, "expires_at")?,
            envelope: row.get("envelope")?,
        })
    }
}

impl FromRow for TokenRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(row, "token_id", |t| TokenId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            name: row.get("name")?,
            hash: digest(row, "token_hash")?,
            scopes: row.get("scopes")?,
            created_at: time(row, "created_at")?,
            expires_at: optional_time(row, "expires_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
        })
    }
}

impl FromRow for AppRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let former = optional_digest(row, "former_secret_hash")?;
        Ok(Self {
            id: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            name: row.get("name")?,
            secret_hash: digest(row, "secret_hash")?,
            former_secret: former.zip(optional_time(row, "former_secret_until")?),
            public_key: parsed(row, "public_key", |t| PublicKey::parse(t).ok())?,
            next_public_key: parsed(row, "next_public_key", |t| PublicKey::parse(t).ok())?,
            variables: row.get("variables")?,
            credits: optional_count(row, "credits")?,
            require_secret: flag(row, "require_secret")?,
            lifetime_files: flag(row, "lifetime_files")?,
            disabled_at: optional_time(row, "disabled_at")?,
            created_at: time(row, "created_at")?,
        })
    }
}

impl FromRow for Terms {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            tier: parsed(row, "tier", Tier::parse)?,
            features: row.get("features")?,
            limits: row.get("limits")?,
            max_devices: seats(row)?,
            offline: flag(row, "offline")?,
            releases_per_seat: small(row, "releases_per_seat")?,
        })
    }
}

impl FromRow for PlanRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let days: Option<i64> = row.get("duration_days")?;
        Ok(Self {
            id: parsed(row, "plan_id", |t| PlanId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            name: row.get("name")?,
            terms: Terms::from_row(row)?,
            duration_days: days.map(|_| small(row, "duration_days")).transpose()?,
            policy: row.get("policy")?,
            created_at: time(row, "created_at")?,
        })
    }
}

impl FromRow for LicenseRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            plan: optional(row, "plan_id", |t| PlanId::parse(t).ok())?,
            key_hash: KeyHash(digest(row, "key_hash")?),
            key_sealed: row.get("key_sealed")?,
            label: row.get("label")?,
            customer: row.get("customer")?,
            terms: Terms::from_row(row)?,
            variables: row.get("variables")?,
            not_before: time(row, "not_before")?,
            expires_at: optional_time(row, "expires_at")?,
            suspended_at: optional_time(row, "suspended_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
            revoke_reason: row.get("revoke_reason")?,
            version: count(row, "version")?,
            statement: StatementId::from_bytes(digest(row, "statement_id")?),
            created_at: time(row, "created_at")?,
            devices_used: count(row, "devices_used")?,
        })
    }
}

impl FromRow for DeviceRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(row, "device_id", |t| DeviceId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            license: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            device: device(row)?,
            first_seen: time(row, "first_seen")?,
        })
    }
}

impl FromRow for AccessRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let value: String = row.get("value")?;
        Ok(Self {
            id: parsed(row, "entry_id", |t| EntryId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            license: parsed(row, "license_id", |t| match t {
                "" => Some(None),
                id => LicenseId::parse(id).ok().map(Some),
            })?,
            source: row.get("source")?,
            effect: row.get("effect")?,
            listed: parsed(row, "kind", |kind| match kind {
                "hwid" => Some(Listed::Hwid(value)),
                _ => value.parse::<IpNet>().ok().map(Listed::Net),
            })?,
            reason: row.get("reason")?,
            created_at: time(row, "created_at")?,
            expires_at: optional_time(row, "expires_at")?,
        })
    }
}

impl FromRow for EventRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get("event_id")?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            app: optional(row, "app_id", |t| AppId::parse(t).ok())?,
            license: optional(row, "license_id", |t| LicenseId::parse(t).ok())?,
            device: row.get("device")?,
            at: time(row, "at")?,
            kind: Cow::Owned(row.get("kind")?),
            code: row.get("code")?,
            request_id: row.get("request_id")?,
            count: count(row, "count")?,
        })
    }
}

impl FromRow for AuditRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get("audit_id")?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            at: time(row, "at")?,
            actor: row.get("actor")?,
            action: Cow::Owned(row.get("action")?),
            subject: row.get("subject")?,
            detail: row.get("detail")?,
            request_id: row.get("request_id")?,
            link: optional_count(row, "seq")?.zip(optional_digest(row, "hash")?),
        })
    }
}

impl FromRow for AnswerRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            key: row.get("idempotency_key")?,
            request: digest(row, "request")?,
            answer: row.get("answer")?,
            at: time(row, "at")?,
        })
    }
}

impl FromRow for LifetimeFileRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            license: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            identity: row.get("identity")?,
            file_id: row.get("file_id")?,
            file_sealed: row.get("file_sealed")?,
            at: time(row, "at")?,
        })
    }
}

fn lines(row: &Row, name: &str) -> Result<Vec<String>, StoreError> {
    Ok(row.get::<&str>(name)?.lines().map(str::to_owned).collect())
}

fn seats(row: &Row) -> Result<MaxDevices, StoreError> {
    match optional_count(row, "max_devices")? {
        None => Ok(MaxDevices::Unlimited),
        Some(n) => MaxDevices::limited(n).ok_or_else(|| corrupt("max_devices")),
    }
}

/// The two columns that name a device: the one place where they become one.
pub(crate) fn device(row: &Row) -> Result<Device, StoreError> {
    let name: &str = row.get("identity")?;
    parsed(row, "kind", |kind| Device::parse(kind, name))
}

pub(crate) fn parsed<T>(
    row: &Row,
    name: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, StoreError> {
    let text: &str = row.get(name)?;
    parse(text).ok_or_else(|| corrupt(name))
}

fn optional<T>(
    row: &Row,
    name: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.get(name)?;
    text.map(|text| parse(&text).ok_or_else(|| corrupt(name))).transpose()
}

pub(crate) fn digest(row: &Row, name: &str) -> Result<[u8; 32], StoreError> {
    let bytes: &[u8] = row.get(name)?;
    bytes.try_into().map_err(|_| corrupt(name))
}

fn optional_digest(row: &Row, name: &str) -> Result<Option<[u8; 32]>, StoreError> {
    let bytes: Option<Vec<u8>> = row.get(name)?;
    bytes.map(|bytes| bytes.try_into().map_err(|_| corrupt(name))).transpose()
}

pub(crate) fn count(row: &Row, name: &str) -> Result<u64, StoreError> {
    row.get::<i64>(name)?.try_into().map_err(|_| corrupt(name))
}

fn optional_count(row: &Row, name: &str) -> Result<Option<u64>, StoreError> {
    let n: Option<i64> = row.get(name)?;
    n.map(|n| n.try_into().map_err(|_| corrupt(name))).transpose()
}

fn small(row: &Row, name: &str) -> Result<u32, StoreError> {
    row.get::<i64>(name)?.try_into().map_err(|_| corrupt(name))
}

fn flag(row: &Row, name: &str) -> Result<bool, StoreError> {
    Ok(row.get::<i64>(name)? != 0)
}

fn time(row: &Row, name: &str) -> Result<UnixSeconds, StoreError> {
    UnixSeconds::new(count(row, name)?).ok_or_else(|| corrupt(name))
}

fn optional_time(row: &Row, name: &str) -> Result<Option<UnixSeconds>, StoreError> {
    match row.get::<Option<i64>>(name)? {
        None => Ok(None),
        Some(_) => time(row, name).map(Some),
    }
}

/// As the columns hold numbers.
pub(crate) fn signed(n: u64) -> i64 {
    i64::try_from(n).expect("times, versions and counts stay below 2^63")
}

/// As the columns hold times.
pub(crate) fn moment(time: Option<UnixSeconds>) -> Option<i64> {
    time.map(|t| signed(t.get()))
}

fn corrupt(name: &str) -> StoreError {
    StoreError::Corrupt(format!("column {name}: outside its range"))
}
