//! Access tokens.

use sealgate_artifact::{TenantId, TokenId, UnixSeconds};

use crate::columns::{moment, signed};
use crate::sql::query;
use crate::{StoreError, TokenRow, Tx, statements};

statements! {
    INSERT = "INSERT INTO tokens (token_id, tenant_id, name, token_hash, scopes, created_at, expires_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7)";
    REVOKE = "UPDATE tokens SET revoked_at = $3 WHERE tenant_id = $1 AND token_id = $2 AND revoked_at IS NULL";
}

/// Adds an access token.
pub async fn insert(tx: &mut Tx<'_>, token: &TokenRow) -> Result<(), StoreError> {
    query(INSERT)
        .bind(token.id.to_string())
        .bind(token.tenant.to_string())
        .bind(&token.name)
        .bind(token.hash.to_vec())
        .bind(&token.scopes)
        .bind(signed(token.created_at.get()))
        .bind(moment(token.expires_at))
        .execute(&mut *tx.connection)
        .await?;
    Ok(())
}

/// Takes a token back; `false` where that was done before.
pub async fn revoke(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    id: TokenId,
    at: UnixSeconds,
) -> Result<bool, StoreError> {
    let query = query(REVOKE).bind(tenant.to_string()).bind(id.to_string()).bind(signed(at.get()));
    Ok(query.execute(&mut *tx.connection).await? == 1)
}
