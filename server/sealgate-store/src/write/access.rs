//! Access lists.

use sealgate_artifact::{AppId, EntryId, TenantId};
use sqlx::Row;

use crate::columns::{moment, signed};
use crate::{AccessRow, Listed, StoreError, Subject, Tx, statements};

statements! {
    INSERT = "INSERT INTO access_entries (entry_id, tenant_id, app_id, effect, kind, value, reason, created_at, \
              expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    COUNT = "SELECT COUNT(*) FROM access_entries WHERE app_id = $1";
    DELETE = "DELETE FROM access_entries WHERE tenant_id = $1 AND entry_id = $2";
}

/// Adds an entry; [`StoreError::Duplicate`] when the app has the same.
pub async fn insert(tx: &mut Tx<'_>, entry: &AccessRow) -> Result<(), StoreError> {
    let (kind, value) = match &entry.listed {
        Listed::Hwid(hwid) => ("hwid", hwid.clone()),
        Listed::Net(net) => ("ip", net.to_string()),
    };
    sqlx::query(INSERT)
        .bind(entry.id.to_string())
        .bind(entry.tenant.to_string())
        .bind(entry.app.to_string())
        .bind(&entry.effect)
        .bind(kind)
        .bind(value)
        .bind(entry.reason.clone())
        .bind(signed(entry.created_at.get()))
        .bind(moment(entry.expires_at))
        .execute(&mut *tx.connection)
        .await?;
    tx.changes(Subject::App(entry.app));
    Ok(())
}

/// How many entries the app has.
pub async fn count(tx: &mut Tx<'_>, app: AppId) -> Result<u64, StoreError> {
    let row = sqlx::query(COUNT).bind(app.to_string()).fetch_one(&mut *tx.connection).await?;
    Ok(row.try_get::<i64, _>(0)?.unsigned_abs())
}

/// Takes an entry away; `false` where it was gone before.
pub async fn delete(tx: &mut Tx<'_>, tenant: TenantId, id: EntryId, app: AppId) -> Result<bool, StoreError> {
    let query = sqlx::query(DELETE).bind(tenant.to_string()).bind(id.to_string());
    tx.changes(Subject::App(app));
    Ok(query.execute(&mut *tx.connection).await?.rows_affected() == 1)
}
