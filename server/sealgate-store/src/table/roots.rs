//! Every root statement that there ever was: a client that pinned an old one follows them to today's roots.

use crate::columns::signed;
use crate::sql::query;
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

statements! {
    LIST = "SELECT envelope FROM roots ORDER BY version";
    INSERT = "INSERT INTO roots (version, envelope) VALUES ($1, $2)";
}

/// The envelope of every root statement, oldest first.
pub async fn list(on: impl Read) -> Result<Vec<Vec<u8>>, StoreError> {
    query(LIST).fetch_all(on).await?.iter().map(|row| row.get(0)).collect()
}

/// Adds a root statement; [`StoreError::Duplicate`] if there is one of that version. None is ever replaced.
pub async fn insert(tx: &mut Tx<'_>, version: u64, envelope: &[u8]) -> Result<(), StoreError> {
    query(INSERT).bind(signed(version)).bind(envelope.to_vec()).execute(tx).await?;
    Ok(())
}
