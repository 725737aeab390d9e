//! Tenants and their access tokens.

use crate::{StoreError, TenantRow, TokenRow, Tx, row::signed, statements};

statements! {
    INSERT_TENANT = "INSERT INTO tenants (tenant_id, name, issuer_key, created_at) VALUES ($1, $2, $3, $4)";
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
