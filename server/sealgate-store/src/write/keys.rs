//! Keys that sign statements.

use sealgate_artifact::PublicKey;

use crate::sql::query;
use crate::{KeyRow, StoreError, Tx, columns::signed, statements};

statements! {
    PUT = "INSERT INTO signing_keys (public_key, key_use, scope, state, published_at, ended_at) \
           VALUES ($1, $2, $3, $4, $5, $6) \
           ON CONFLICT (public_key) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at";
    ACTIVE = "SELECT COUNT(*) FROM signing_keys WHERE scope = $1 AND public_key = $2 AND state = 'active'";
    KNOWN = "SELECT public_key FROM signing_keys WHERE public_key = $1 \
             UNION ALL SELECT server_key FROM servers WHERE server_key = $1 \
             UNION ALL SELECT public_key FROM apps WHERE public_key = $1 \
             UNION ALL SELECT next_public_key FROM apps WHERE next_public_key = $1";
    FORGET = "DELETE FROM signing_keys WHERE public_key = $1";
}

/// Adds a key, or stores its new state.
pub async fn put(tx: &mut Tx<'_>, key: &KeyRow) -> Result<(), StoreError> {
    query(PUT)
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

/// Whether that key of the scope signs now.
pub async fn is_active(tx: &mut Tx<'_>, scope: &str, key: PublicKey) -> Result<bool, StoreError> {
    let query = query(ACTIVE).bind(scope).bind(key.to_string());
    Ok(query.fetch_one(&mut *tx.connection).await?.get::<i64>(0)? > 0)
}

/// Whether that key is for something already: one key has one use.
pub async fn is_known(tx: &mut Tx<'_>, key: PublicKey) -> Result<bool, StoreError> {
    Ok(query(KNOWN).bind(key.to_string()).fetch_optional(&mut *tx.connection).await?.is_some())
}

/// Forgets a key that no keyset lists any more.
pub async fn forget(tx: &mut Tx<'_>, key: PublicKey) -> Result<(), StoreError> {
    query(FORGET).bind(key.to_string()).execute(&mut *tx.connection).await?;
    Ok(())
}
