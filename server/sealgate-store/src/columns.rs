//! How the engines' columns become rows.

use std::borrow::Cow;

use ipnet::IpNet;
use sealgate_artifact::{
    AppId, DeviceId, EntryId, KeyUse, LicenseId, MaxDevices, PlanId, PublicKey, StatementId, TenantId, Tier,
    TokenId, UnixSeconds,
};
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};

use crate::row::{
    AccessRow, AnswerRow, AppRow, AuditRow, CertificateRow, DeviceRow, EventRow, KeyHash, KeyRow, KeyStage,
    LicenseRow, LifetimeFileRow, Listed, PlanRow, ServerRow, TenantRow, Terms, TokenRow,
};

impl FromRow<'_, AnyRow> for TenantRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            name: row.try_get("name")?,
            issuer_key: parsed(row, "issuer_key", |t| PublicKey::parse(t).ok())?,
            offline: flag(row, "offline")?,
            suspended_at: optional_time(row, "suspended_at")?,
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
            state: parsed(row, "state", KeyStage::parse)?,
            published_at: time(row, "published_at")?,
            ended_at: optional_time(row, "ended_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for ServerRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            server_key: parsed(row, "server_key", |t| PublicKey::parse(t).ok())?,
            origins: lines(row, "origins")?,
            created_at: time(row, "created_at")?,
            approved_at: optional_time(row, "approved_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for CertificateRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            server_key: parsed(row, "server_key", |t| PublicKey::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            signer: parsed(row, "signer", |t| PublicKey::parse(t).ok())?,
            origins: lines(row, "origins")?,
            expires_at: time(row, "expires_at")?,
            envelope: row.try_get("envelope")?,
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
            scopes: row.try_get("scopes")?,
            created_at: time(row, "created_at")?,
            expires_at: optional_time(row, "expires_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for AppRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let former = optional_digest(row, "former_secret_hash")?;
        Ok(Self {
            id: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            name: row.try_get("name")?,
            secret_hash: digest(row, "secret_hash")?,
            former_secret: former.zip(optional_time(row, "former_secret_until")?),
            public_key: parsed(row, "public_key", |t| PublicKey::parse(t).ok())?,
            next_public_key: parsed(row, "next_public_key", |t| PublicKey::parse(t).ok())?,
            variables: row.try_get("variables")?,
            credits: optional_count(row, "credits")?,
            require_secret: flag(row, "require_secret")?,
            lifetime_files: flag(row, "lifetime_files")?,
            disabled_at: optional_time(row, "disabled_at")?,
            created_at: time(row, "created_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for Terms {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            tier: parsed(row, "tier", Tier::parse)?,
            features: row.try_get("features")?,
            limits: row.try_get("limits")?,
            max_devices: seats(row)?,
            offline: flag(row, "offline")?,
            releases_per_seat: small(row, "releases_per_seat")?,
        })
    }
}

impl FromRow<'_, AnyRow> for PlanRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let days: Option<i64> = row.try_get("duration_days")?;
        Ok(Self {
            id: parsed(row, "plan_id", |t| PlanId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            name: row.try_get("name")?,
            terms: Terms::from_row(row)?,
            duration_days: days.map(|_| small(row, "duration_days")).transpose()?,
            policy: row.try_get("policy")?,
            created_at: time(row, "created_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for LicenseRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            plan: optional(row, "plan_id", |t| PlanId::parse(t).ok())?,
            key_hash: KeyHash(digest(row, "key_hash")?),
            key_sealed: row.try_get("key_sealed")?,
            label: row.try_get("label")?,
            customer: row.try_get("customer")?,
            terms: Terms::from_row(row)?,
            variables: row.try_get("variables")?,
            not_before: time(row, "not_before")?,
            expires_at: optional_time(row, "expires_at")?,
            suspended_at: optional_time(row, "suspended_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
            revoke_reason: row.try_get("revoke_reason")?,
            version: count(row, "version")?,
            statement: StatementId::from_bytes(digest(row, "statement_id")?),
            created_at: time(row, "created_at")?,
            devices_used: count(row, "devices_used")?,
        })
    }
}

impl FromRow<'_, AnyRow> for DeviceRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: parsed(row, "device_id", |t| DeviceId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            license: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            kind: row.try_get("kind")?,
            identity: row.try_get("identity")?,
            first_seen: time(row, "first_seen")?,
        })
    }
}

impl FromRow<'_, AnyRow> for AccessRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let value: String = row.try_get("value")?;
        Ok(Self {
            id: parsed(row, "entry_id", |t| EntryId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            license: parsed(row, "license_id", |t| match t {
                "" => Some(None),
                id => LicenseId::parse(id).ok().map(Some),
            })?,
            source: row.try_get("source")?,
            effect: row.try_get("effect")?,
            listed: parsed(row, "kind", |kind| match kind {
                "hwid" => Some(Listed::Hwid(value)),
                _ => value.parse::<IpNet>().ok().map(Listed::Net),
            })?,
            reason: row.try_get("reason")?,
            created_at: time(row, "created_at")?,
            expires_at: optional_time(row, "expires_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for EventRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("event_id")?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            app: optional(row, "app_id", |t| AppId::parse(t).ok())?,
            license: optional(row, "license_id", |t| LicenseId::parse(t).ok())?,
            device: row.try_get("device")?,
            at: time(row, "at")?,
            kind: Cow::Owned(row.try_get("kind")?),
            code: row.try_get("code")?,
            request_id: row.try_get("request_id")?,
            count: count(row, "count")?,
        })
    }
}

impl FromRow<'_, AnyRow> for AuditRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("audit_id")?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            at: time(row, "at")?,
            actor: row.try_get("actor")?,
            action: Cow::Owned(row.try_get("action")?),
            subject: row.try_get("subject")?,
            detail: row.try_get("detail")?,
            request_id: row.try_get("request_id")?,
            link: optional_count(row, "seq")?.zip(optional_digest(row, "hash")?),
        })
    }
}

impl FromRow<'_, AnyRow> for AnswerRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            key: row.try_get("idempotency_key")?,
            request: digest(row, "request")?,
            answer: row.try_get("answer")?,
            at: time(row, "at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for LifetimeFileRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            license: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            identity: row.try_get("identity")?,
            file_id: row.try_get("file_id")?,
            file_sealed: row.try_get("file_sealed")?,
            at: time(row, "at")?,
        })
    }
}

fn lines(row: &AnyRow, name: &str) -> Result<Vec<String>, sqlx::Error> {
    Ok(row.try_get::<&str, _>(name)?.lines().map(str::to_owned).collect())
}

fn seats(row: &AnyRow) -> Result<MaxDevices, sqlx::Error> {
    match optional_count(row, "max_devices")? {
        None => Ok(MaxDevices::Unlimited),
        Some(n) => MaxDevices::limited(n).ok_or_else(|| corrupt("max_devices")),
    }
}

fn parsed<T>(row: &AnyRow, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, sqlx::Error> {
    let text: &str = row.try_get(name)?;
    parse(text).ok_or_else(|| corrupt(name))
}

fn optional<T>(
    row: &AnyRow,
    name: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, sqlx::Error> {
    let text: Option<String> = row.try_get(name)?;
    text.map(|text| parse(&text).ok_or_else(|| corrupt(name))).transpose()
}

pub(crate) fn digest(row: &AnyRow, name: &str) -> Result<[u8; 32], sqlx::Error> {
    let bytes: &[u8] = row.try_get(name)?;
    bytes.try_into().map_err(|_| corrupt(name))
}

fn optional_digest(row: &AnyRow, name: &str) -> Result<Option<[u8; 32]>, sqlx::Error> {
    let bytes: Option<Vec<u8>> = row.try_get(name)?;
    bytes.map(|bytes| bytes.try_into().map_err(|_| corrupt(name))).transpose()
}

pub(crate) fn count(row: &AnyRow, name: &str) -> Result<u64, sqlx::Error> {
    row.try_get::<i64, _>(name)?.try_into().map_err(|_| corrupt(name))
}

fn optional_count(row: &AnyRow, name: &str) -> Result<Option<u64>, sqlx::Error> {
    let n: Option<i64> = row.try_get(name)?;
    n.map(|n| n.try_into().map_err(|_| corrupt(name))).transpose()
}

fn small(row: &AnyRow, name: &str) -> Result<u32, sqlx::Error> {
    row.try_get::<i64, _>(name)?.try_into().map_err(|_| corrupt(name))
}

fn flag(row: &AnyRow, name: &str) -> Result<bool, sqlx::Error> {
    Ok(row.try_get::<i64, _>(name)? != 0)
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

/// As the columns hold times.
pub(crate) fn moment(time: Option<UnixSeconds>) -> Option<i64> {
    time.map(|t| signed(t.get()))
}

fn corrupt(name: &str) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: name.to_owned(), source: "outside its range".into() }
}
