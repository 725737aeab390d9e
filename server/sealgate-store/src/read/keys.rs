//! Keys that sign statements.

use crate::{Db, KeyRow, StoreError, statements};

statements! {
    OF_SCOPE = "SELECT public_key, key_use, scope, state, published_at, ended_at FROM signing_keys \
                WHERE scope = $1 ORDER BY published_at, public_key";
}

/// Every key of a scope, the longest published first.
pub async fn of_scope(db: &Db, scope: &str) -> Result<Vec<KeyRow>, StoreError> {
    Ok(sqlx::query_as(OF_SCOPE).bind(scope).fetch_all(&db.pool).await?)
}
