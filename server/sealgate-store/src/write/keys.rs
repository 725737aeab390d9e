//! Keys that sign statements.

use sealgate_artifact::PublicKey;

use crate::{KeyRow, StoreError, Tx, row::signed, statements};

statements! {
    PUT = "INSERT INTO signing_keys (public_key, key_use, scope, state, published_at, ended_at) \
           VALUES ($1, $2, $3, $4, $5, $6) \
           ON CONFLICT (public_key) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at";
    FORGET = "DELETE FROM signing_keys WHERE public_key = $1";
}

/// Adds a key, or stores its new state.
pub async fn put(tx: &mut Tx<'_>, key: &KeyRow) -> Result<(), StoreError> {
    sqlx::query(PUT)
        .bind(key.public_key.to_string())
        .bind(key.key_use.as_str())
        .bind(&key.scope)
        .bind(key.state.as_str())
        .bind(signed(key.published_at.get()))
        .bind(key.ended_at.map(|t| signed(t.get())))
        .execute(&mut *tx.connection)
        .await?;
    Ok(())
}

/// Forgets a key that no keyset lists any more.
pub async fn forget(tx: &mut Tx<'_>, key: PublicKey) -> Result<(), StoreError> {
    sqlx::query(FORGET).bind(key.to_string()).execute(&mut *tx.connection).await?;
    Ok(())
}
