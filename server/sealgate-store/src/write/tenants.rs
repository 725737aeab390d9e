//! Tenants.

use sealgate_artifact::{AppId, PublicKey, TenantId};

use crate::columns::{moment, signed};
use crate::sql::query;
use crate::{StoreError, Subject, TenantRow, Tx, statements};

statements! {
    INSERT = "INSERT INTO tenants (tenant_id, name, issuer_key, offline, suspended_at, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6)";
    STORE = "UPDATE tenants SET name = $2, issuer_key = $3, offline = $4, suspended_at = $5 WHERE tenant_id = $1";
    SET_ISSUER = "UPDATE tenants SET issuer_key = $2 WHERE tenant_id = $1";
    HAS_ISSUER = "SELECT COUNT(*) FROM tenants WHERE tenant_id = $1 AND issuer_key = $2";
    APPS = "SELECT app_id FROM apps WHERE tenant_id = $1";
}

/// Adds a tenant; [`StoreError::Duplicate`] when there is one of that name.
pub async fn insert(tx: &mut Tx<'_>, tenant: &TenantRow) -> Result<(), StoreError> {
    query(INSERT)
        .bind(tenant.id.to_string())
        .bind(&tenant.name)
        .bind(tenant.issuer_key.to_string())
        .bind(i64::from(tenant.offline))
        .bind(moment(tenant.suspended_at))
        .bind(signed(tenant.created_at.get()))
        .execute(&mut *tx.connection)
        .await?;
    Ok(())
}

/// Stores a tenant's new state. Its apps answer differently from then on.
pub async fn store(tx: &mut Tx<'_>, tenant: &TenantRow) -> Result<(), StoreError> {
    query(STORE)
        .bind(tenant.id.to_string())
        .bind(&tenant.name)
        .bind(tenant.issuer_key.to_string())
        .bind(i64::from(tenant.offline))
        .bind(moment(tenant.suspended_at))
        .execute(&mut *tx.connection)
        .await?;
    let apps = query(APPS).bind(tenant.id.to_string()).fetch_all(&mut *tx.connection).await?;
    for app in apps {
        if let Ok(id) = AppId::parse(app.get(0)?) {
            tx.changes(Subject::App(id));
        }
    }
    Ok(())
}

/// Names the key that signs the tenant's licenses from now on.
pub async fn set_issuer(tx: &mut Tx<'_>, tenant: TenantId, key: PublicKey) -> Result<(), StoreError> {
    let query = query(SET_ISSUER).bind(tenant.to_string()).bind(key.to_string());
    query.execute(&mut *tx.connection).await?;
    Ok(())
}

/// Whether that key still signs the tenant's licenses.
pub async fn has_issuer(tx: &mut Tx<'_>, tenant: TenantId, key: PublicKey) -> Result<bool, StoreError> {
    let query = query(HAS_ISSUER).bind(tenant.to_string()).bind(key.to_string());
    Ok(query.fetch_one(&mut *tx.connection).await?.get::<i64>(0)? > 0)
}
