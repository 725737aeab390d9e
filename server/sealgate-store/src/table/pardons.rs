//! What the vendor took off an access list again, after a client had reported itself: it stays away.

use sealgate_artifact::UnixSeconds;

use super::AccessRow;
use super::access::{kind_and_value, of_license};
use crate::columns::{signed, time};
use crate::sql::query;
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

statements! {
    FIND = "SELECT at FROM pardons WHERE app_id = $1 AND license_id = $2 AND kind = $3 AND value = $4";
    UPSERT = "INSERT INTO pardons (app_id, license_id, kind, value, at) VALUES ($1, $2, $3, $4, $5) \
              ON CONFLICT (app_id, license_id, kind, value) DO UPDATE SET at = excluded.at";
}

/// When the vendor last took away an entry that said the same.
pub async fn find(on: impl Read, entry: &AccessRow) -> Result<Option<UnixSeconds>, StoreError> {
    let (kind, value) = kind_and_value(&entry.listed);
    let query =
        query(FIND).bind(entry.app.to_string()).bind(of_license(entry.license)).bind(kind).bind(value);
    query.fetch_optional(on).await?.map(|row| time(&row, "at")).transpose()
}

/// Remembers that the vendor takes this entry away.
pub async fn upsert(tx: &mut Tx<'_>, entry: &AccessRow, at: UnixSeconds) -> Result<(), StoreError> {
    let (kind, value) = kind_and_value(&entry.listed);
    let query =
        query(UPSERT).bind(entry.app.to_string()).bind(of_license(entry.license)).bind(kind).bind(value);
    query.bind(signed(at.get())).execute(tx).await?;
    Ok(())
}
