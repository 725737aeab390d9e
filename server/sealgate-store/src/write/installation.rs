//! What the whole installation knows of itself.

use crate::sql::query;
use crate::{StoreError, Tx, columns::signed, statements};

statements! {
    PUT_VALUE = "INSERT INTO installation (name, value) VALUES ($1, $2)";
    PUT_KEYSET = "INSERT INTO keysets (scope, version, envelope) VALUES ($1, $2, $3) \
                  ON CONFLICT (scope) DO UPDATE SET version = excluded.version, envelope = excluded.envelope";
    REPLACE_KEYSET = "UPDATE keysets SET version = $2, envelope = $3 WHERE scope = $1 AND version = $4";
}

/// Ties the database to a keystore, once.
pub async fn found(tx: &mut Tx<'_>, id: &str) -> Result<(), StoreError> {
    query(PUT_VALUE).bind("id").bind(id).execute(&mut *tx.connection).await?;
    Ok(())
}

/// Stores the newest envelope of a keyset: `installation`, a tenant's id, or `root/N` for a root statement.
pub async fn put_keyset(
    tx: &mut Tx<'_>,
    scope: &str,
    version: u64,
    envelope: &[u8],
) -> Result<(), StoreError> {
    let query = query(PUT_KEYSET).bind(scope).bind(signed(version)).bind(envelope.to_vec());
    query.execute(&mut *tx.connection).await?;
    Ok(())
}

/// Puts a keyset in the place of the one of version `before`; `false` where that is not the newest any more.
pub async fn replace_keyset(
    tx: &mut Tx<'_>,
    scope: &str,
    before: u64,
    version: u64,
    envelope: &[u8],
) -> Result<bool, StoreError> {
    let query = query(REPLACE_KEYSET).bind(scope).bind(signed(version)).bind(envelope.to_vec());
    let done = query.bind(signed(before)).execute(&mut *tx.connection).await?;
    Ok(done == 1)
}
