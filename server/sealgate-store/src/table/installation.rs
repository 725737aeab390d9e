//! What the installation knows about itself.

use sealgate_artifact::UnixSeconds;

use crate::columns::parsed;
use crate::sql::query;
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

statements! {
    VALUE = "SELECT value FROM installation WHERE name = $1";
    ALIVE = "SELECT n FROM change_counter WHERE id = 1";
    INSERT = "INSERT INTO installation (name, value) VALUES ($1, $2)";
    NOTE = "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
}

const NOTED_TIME: &str = "noted_time";

/// The id of the keystore that this database belongs to; `None` before the first start is complete.
pub async fn id(on: impl Read) -> Result<Option<String>, StoreError> {
    let row = query(VALUE).bind("id").fetch_optional(on).await?;
    row.map(|row| row.get(0)).transpose()
}

/// An error if the database does not answer.
pub async fn is_alive(on: impl Read) -> Result<(), StoreError> {
    query(ALIVE).fetch_one(on).await?;
    Ok(())
}

/// What a clock showed last that nobody doubted; `None` before the first note.
pub async fn noted_time(on: impl Read) -> Result<Option<UnixSeconds>, StoreError> {
    let row = query(VALUE).bind(NOTED_TIME).fetch_optional(on).await?;
    let time = |text: &str| text.parse().ok().and_then(UnixSeconds::new);
    row.map(|row| parsed(&row, "value", time)).transpose()
}

/// Notes what a clock shows that nobody doubts.
pub async fn note_time(tx: &mut Tx<'_>, now: UnixSeconds) -> Result<(), StoreError> {
    query(NOTE).bind(NOTED_TIME).bind(now.get().to_string()).execute(tx).await?;
    Ok(())
}

/// Ties the database to a keystore; [`StoreError::Duplicate`] if it is tied to one.
pub async fn insert_id(tx: &mut Tx<'_>, id: &str) -> Result<(), StoreError> {
    query(INSERT).bind("id").bind(id).execute(tx).await?;
    Ok(())
}
