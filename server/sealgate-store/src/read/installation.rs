//! What the whole installation knows of itself.

use crate::sql::query;
use crate::{Db, StoreError, statements};

statements! {
    VALUE = "SELECT value FROM installation WHERE name = $1";
    KEYSET = "SELECT envelope FROM keysets WHERE scope = $1";
    TENANT_SCOPES = "SELECT scope FROM keysets WHERE scope <> 'installation' AND scope NOT LIKE 'root/%' ORDER BY scope";
    ROOT_STATEMENTS = "SELECT envelope FROM keysets WHERE scope LIKE 'root/%' ORDER BY version";
    ALIVE = "SELECT n FROM change_counter WHERE id = 1";
}

/// The keystore's installation id, once the first start is complete.
pub async fn id(db: &Db) -> Result<Option<String>, StoreError> {
    let row = query(VALUE).bind("id").fetch_optional(&db.pool).await?;
    row.map(|r| r.get(0)).transpose()
}

/// Every root statement's envelope, oldest first.
pub async fn root_statements(db: &Db) -> Result<Vec<Vec<u8>>, StoreError> {
    let rows = query(ROOT_STATEMENTS).fetch_all(&db.pool).await?;
    rows.iter().map(|r| r.get(0)).collect()
}

/// The newest envelope of a keyset: `installation`, or a tenant's id.
pub async fn keyset(db: &Db, scope: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let row = query(KEYSET).bind(scope).fetch_optional(&db.pool).await?;
    row.map(|r| r.get(0)).transpose()
}

/// The scope of every tenant keyset.
pub async fn tenant_scopes(db: &Db) -> Result<Vec<String>, StoreError> {
    let rows = query(TENANT_SCOPES).fetch_all(&db.pool).await?;
    rows.iter().map(|r| r.get(0)).collect()
}

/// Whether the database answers.
pub async fn is_alive(db: &Db) -> Result<(), StoreError> {
    query(ALIVE).fetch_one(&db.pool).await?;
    Ok(())
}
