//! Access tokens.

use crate::{Db, StoreError, TokenRow, statements};

statements! {
    BY_HASH = "SELECT token_id, tenant_id, name, token_hash, created_at, expires_at, revoked_at \
               FROM tokens WHERE token_hash = $1";
}

/// The token of that hash, whatever its state.
pub async fn by_hash(db: &Db, hash: &[u8; 32]) -> Result<Option<TokenRow>, StoreError> {
    Ok(sqlx::query_as(BY_HASH).bind(hash.to_vec()).fetch_optional(&db.pool).await?)
}
