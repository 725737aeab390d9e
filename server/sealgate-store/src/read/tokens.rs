//! Access tokens.

use sealgate_artifact::{TenantId, TokenId};

use crate::columns::signed;
use crate::sql::query_as;
use crate::{Db, StoreError, TokenRow, statements};

macro_rules! select_token {
    ($rest:literal) => {
        concat!(
            "SELECT token_id, tenant_id, name, token_hash, scopes, created_at, expires_at, revoked_at ",
            "FROM tokens ",
            $rest
        )
    };
}

statements! {
    BY_HASH = select_token!("WHERE token_hash = $1");
    FIND = select_token!("WHERE tenant_id = $1 AND token_id = $2");
    LIST = select_token!("WHERE tenant_id = $1 AND token_id < $2 ORDER BY token_id DESC LIMIT $3");
}

/// The token of that hash, whatever its state.
pub async fn by_hash(db: &Db, hash: &[u8; 32]) -> Result<Option<TokenRow>, StoreError> {
    query_as(BY_HASH).bind(hash.to_vec()).fetch_optional(&db.pool).await
}

/// The tenant's token of that id.
pub async fn find(db: &Db, tenant: TenantId, id: TokenId) -> Result<Option<TokenRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(&db.pool).await
}

/// The tenant's tokens, newest first, from those older than `before` on.
pub async fn list(
    db: &Db,
    tenant: TenantId,
    before: Option<TokenId>,
    limit: u32,
) -> Result<Vec<TokenRow>, StoreError> {
    let query = query_as(LIST).bind(tenant.to_string()).bind(super::before(before));
    query.bind(signed(limit.into())).fetch_all(&db.pool).await
}
