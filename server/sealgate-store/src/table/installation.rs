//! What the installation knows about itself.

use sealgate_artifact::UnixSeconds;

use crate::sql::query;
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

statements! {
    VALUE = "SELECT value FROM installation WHERE name = $1";
    ALIVE = "SELECT n FROM change_counter WHERE id = 1";
    INSERT = "INSERT INTO installation (name, value) VALUES ($1, $2)";
    SET = "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
}

/// The id of the keystore that this database belongs to; `None` before the first start is complete.
pub async fn id(on: impl Read) -> Result<Option<String>, StoreError> {
    value(on, "id").await
}

/// The newest time at which a server worked here that did not doubt its clock.
pub async fn newest_time(on: impl Read) -> Result<Option<UnixSeconds>, StoreError> {
    let value = value(on, "newest_time").await?;
    Ok(value.and_then(|text| text.parse().ok()).and_then(UnixSeconds::new))
}

/// Notes a time at which a server works that does not doubt its clock.
pub async fn note_time(tx: &mut Tx<'_>, now: UnixSeconds) -> Result<(), StoreError> {
    if newest_time(&mut *tx).await?.is_none_or(|newest| newest < now) {
        query(SET).bind("newest_time").bind(now.get().to_string()).execute(tx).await?;
    }
    Ok(())
}

async fn value(on: impl Read, name: &'static str) -> Result<Option<String>, StoreError> {
    let row = query(VALUE).bind(name).fetch_optional(on).await?;
    row.map(|row| row.get(0)).transpose()
}

/// An error if the database does not answer.
pub async fn is_alive(on: impl Read) -> Result<(), StoreError> {
    query(ALIVE).fetch_one(on).await?;
    Ok(())
}

/// Ties the database to a keystore; [`StoreError::Duplicate`] if it is tied to one.
pub async fn insert_id(tx: &mut Tx<'_>, id: &str) -> Result<(), StoreError> {
    query(INSERT).bind("id").bind(id).execute(tx).await?;
    Ok(())
}
