//! Tenants and their access tokens.

use sealgate_artifact::{PublicKey, TenantId};
use sqlx::Row;

use crate::{StoreError, TenantRow, TokenRow, Tx, row::signed, statements};

statements! {
    INSERT_TENANT = "INSERT INTO tenants (tenant_id, name, issuer_key, created_at) VALUES ($1, $2, $3, $4)";
    SET_ISSUER = "UPDATE tenants SET issuer_key = $2 WHERE tenant_id = $1";
    HAS_ISSUER = "SELECT COUNT(*) FROM tenants WHERE tenant_id = $1 AND issuer_key = $2";
    INSERT_TOKEN = "INSERT INTO tokens (token_id, tenant_id, name, token_hash, created_at, expires_at) \
                    VALUES ($1, $2, $3, $4, $5, $6)";
}

/// Adds a tenant.
pub async fn insert(tx: &mut Tx<'_>, tenant: &TenantRow) -> Result<(), StoreError> {
    sqlx::query(INSERT_TENANT)
        .bind(tenant.id.to_string())
        .bind(&tenant.name)
        .bind(tenant.issuer_key.to_string())
        .bind(signed(tenant.created_at.get()))
        .execute(&mut *tx.connection)
        .await?;
    Ok(())
}

/// Names the key that signs the tenant's licenses from now on.
pub async fn set_issuer(tx: &mut Tx<'_>, tenant: TenantId, key: PublicKey) -> Result<(), StoreError> {
    let query = sqlx::query(SET_ISSUER).bind(tenant.to_string()).bind(key.to_string());
    query.execute(&mut *tx.connection).await?;
    Ok(())
}

/// Whether that key still signs the tenant's licenses.
pub async fn has_issuer(tx: &mut Tx<'_>, tenant: TenantId, key: PublicKey) -> Result<bool, StoreError> {
    let query = sqlx::query(HAS_ISSUER).bind(tenant.to_string()).bind(key.to_string());
    Ok(query.fetch_one(&mut *tx.connection).await?.try_get::<i64, _>(0)? > 0)
}

/// Adds an access token.
pub async fn insert_token(tx: &mut Tx<'_>, token: &TokenRow) -> Result<(), StoreError> {
    sqlx::query(INSERT_TOKEN)
        .bind(token.id.to_string())
        .bind(token.tenant.to_string())
        .bind(&token.name)
        .bind(token.hash.to_vec())
        .bind(signed(token.created_at.get()))
        .bind(token.expires_at.map(|t| signed(t.get())))
        .execute(&mut *tx.connection)
        .await?;
    Ok(())
}
