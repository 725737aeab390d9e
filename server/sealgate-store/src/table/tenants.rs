//! Tenants.

use sealgate_artifact::{PublicKey, TenantId, UnixSeconds};

use super::page;
use crate::columns::{flag, moment, optional_time, parsed, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Subject, Tx};

macro_rules! select_tenant {
    ($rest:literal) => {
        concat!("SELECT tenant_id, name, issuer_key, offline, suspended_at, created_at FROM tenants ", $rest)
    };
}

statements! {
    FIND = select_tenant!("WHERE tenant_id = $1");
    NAMED = select_tenant!("WHERE name = $1");
    LIST = select_tenant!("WHERE tenant_id < $1 ORDER BY tenant_id DESC LIMIT $2");
    FIRST = "SELECT tenant_id FROM tenants WHERE tenant_id > '' ORDER BY tenant_id LIMIT 1";
    HAS_ISSUER = "SELECT COUNT(*) FROM tenants WHERE tenant_id = $1 AND issuer_key = $2";
    INSERT = "INSERT INTO tenants (tenant_id, name, issuer_key, offline, suspended_at, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6)";
    STORE = "UPDATE tenants SET name = $2, issuer_key = $3, offline = $4, suspended_at = $5 WHERE tenant_id = $1";
    LOCK = "UPDATE tenants SET name = name WHERE tenant_id = $1";
    SET_ISSUER = "UPDATE tenants SET issuer_key = $2 WHERE tenant_id = $1";
}

/// A vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct TenantRow {
    pub id: TenantId,
    /// Unique on the installation.
    pub name: String,
    /// The key that signs the tenant's licenses.
    pub issuer_key: PublicKey,
    /// Whether licenses may be handed out for use offline.
    pub offline: bool,
    pub suspended_at: Option<UnixSeconds>,
    pub created_at: UnixSeconds,
}

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

/// The tenant with this id.
pub async fn find(on: impl Read, id: TenantId) -> Result<Option<TenantRow>, StoreError> {
    query_as(FIND).bind(id.to_string()).fetch_optional(on).await
}

/// The tenant with this name.
pub async fn named(on: impl Read, name: &str) -> Result<Option<TenantRow>, StoreError> {
    query_as(NAMED).bind(name).fetch_optional(on).await
}

/// Tenants, newest first, starting with those older than `before`.
pub async fn list(on: impl Read, before: Option<TenantId>, limit: u32) -> Result<Vec<TenantRow>, StoreError> {
    let query = query_as(LIST).bind(page::before(before)).bind(signed(limit.into()));
    query.fetch_all(on).await
}

/// The tenant that was made with the installation: ids begin with the time.
pub async fn first(on: impl Read) -> Result<Option<TenantId>, StoreError> {
    let row = query(FIRST).fetch_optional(on).await?;
    row.map(|row| parsed(&row, "tenant_id", |t| TenantId::parse(t).ok())).transpose()
}

/// Locks the tenant until this transaction ends; others who want to lock it wait, and then see what this one did.
pub async fn lock(tx: &mut Tx<'_>, id: TenantId) -> Result<(), StoreError> {
    // SQLite's transaction has locked the whole file from its beginning.
    if tx.connection.locks_rows() {
        query(LOCK).bind(id.to_string()).execute(tx).await?;
    }
    Ok(())
}

/// Whether that key still signs the tenant's licenses.
pub async fn has_issuer(on: impl Read, tenant: TenantId, key: PublicKey) -> Result<bool, StoreError> {
    let query = query(HAS_ISSUER).bind(tenant.to_string()).bind(key.to_string());
    Ok(query.fetch_one(on).await?.get::<i64>(0)? > 0)
}

/// Adds a tenant; [`StoreError::Duplicate`] if the name is taken.
pub async fn insert(tx: &mut Tx<'_>, tenant: &TenantRow) -> Result<(), StoreError> {
    query(INSERT)
        .bind(tenant.id.to_string())
        .bind(&tenant.name)
        .bind(tenant.issuer_key.to_string())
        .bind(i64::from(tenant.offline))
        .bind(moment(tenant.suspended_at))
        .bind(signed(tenant.created_at.get()))
        .execute(tx)
        .await?;
    Ok(())
}

/// Stores a tenant's new state, and tells the caches that its apps answer differently now.
pub async fn store(tx: &mut Tx<'_>, tenant: &TenantRow) -> Result<(), StoreError> {
    query(STORE)
        .bind(tenant.id.to_string())
        .bind(&tenant.name)
        .bind(tenant.issuer_key.to_string())
        .bind(i64::from(tenant.offline))
        .bind(moment(tenant.suspended_at))
        .execute(&mut *tx)
        .await?;
    // However many they are, of which few are kept in memory.
    tx.changes(Subject::AppsOf(tenant.id));
    Ok(())
}

/// Stores which key signs the tenant's licenses from now on.
pub async fn set_issuer(tx: &mut Tx<'_>, tenant: TenantId, key: PublicKey) -> Result<(), StoreError> {
    let query = query(SET_ISSUER).bind(tenant.to_string()).bind(key.to_string());
    query.execute(tx).await?;
    Ok(())
}
