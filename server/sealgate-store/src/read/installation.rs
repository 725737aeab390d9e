//! What the whole installation knows of itself.

use sqlx::Row;

use crate::{Db, StoreError, statements};

statements! {
    VALUE = "SELECT value FROM installation WHERE name = $1";
    KEYSET = "SELECT envelope FROM keysets WHERE scope = $1";
    ALIVE = "SELECT n FROM change_counter WHERE id = 1";
}

/// The keystore's installation id, once the first start is complete.
pub async fn id(db: &Db) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(VALUE).bind("id").fetch_optional(&db.pool).await?;
    Ok(row.map(|r| r.try_get(0)).transpose()?)
}

/// The root keys that the first start made, as base64 words.
pub async fn roots(db: &Db) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(VALUE).bind("roots").fetch_optional(&db.pool).await?;
    Ok(row.map(|r| r.try_get(0)).transpose()?)
}

/// The newest envelope of a keyset: `installation`, or a tenant's id.
pub async fn keyset(db: &Db, scope: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let row = sqlx::query(KEYSET).bind(scope).fetch_optional(&db.pool).await?;
    Ok(row.map(|r| r.try_get(0)).transpose()?)
}

/// Whether the database answers.
pub async fn is_alive(db: &Db) -> Result<(), StoreError> {
    sqlx::query(ALIVE).fetch_one(&db.pool).await?;
    Ok(())
}
