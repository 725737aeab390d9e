//! Access lists.

use sealgate_artifact::{AppId, EntryId, LicenseId, TenantId, UnixSeconds};

use crate::columns::{moment, signed};
use crate::sql::{Query, query};
use crate::{AccessRow, Listed, StoreError, Subject, Tx, statements};

statements! {
    INSERT = "INSERT INTO access_entries (entry_id, tenant_id, app_id, license_id, source, effect, kind, value, \
              reason, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    COUNT = "SELECT COUNT(*) FROM access_entries WHERE app_id = $1 AND source = $2";
    COUNT_OF_LICENSE = "SELECT COUNT(*) FROM access_entries WHERE app_id = $1 AND license_id = $2";
    STANDING = "SELECT COUNT(*) FROM access_entries WHERE app_id = $1 AND license_id = $2 AND kind = $3 \
                AND value = $4 AND effect = $5 AND (expires_at IS NULL OR expires_at > $6)";
    MAKE_ROOM = "DELETE FROM access_entries WHERE app_id = $1 AND license_id = $2 AND kind = $3 AND value = $4 \
                 AND effect = $5 AND expires_at <= $6";
    FORGET = "DELETE FROM access_entries WHERE source = $1 AND expires_at < $2";
    DELETE = "DELETE FROM access_entries WHERE tenant_id = $1 AND entry_id = $2";
}

/// Adds an entry; [`StoreError::Duplicate`] when the app has the same.
pub async fn insert(tx: &mut Tx<'_>, entry: &AccessRow) -> Result<(), StoreError> {
    let (kind, value) = named(&entry.listed);
    query(INSERT)
        .bind(entry.id.to_string())
        .bind(entry.tenant.to_string())
        .bind(entry.app.to_string())
        .bind(of_license(entry.license))
        .bind(&entry.source)
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

fn named(listed: &Listed) -> (&'static str, String) {
    match listed {
        Listed::Hwid(hwid) => ("hwid", hwid.clone()),
        Listed::Net(net) => ("ip", net.to_string()),
    }
}

fn of_license(license: Option<LicenseId>) -> String {
    license.map_or_else(String::new, |id| id.to_string())
}

/// How many entries of that source the app has.
pub async fn count(tx: &mut Tx<'_>, app: AppId, source: &str) -> Result<u64, StoreError> {
    let row = query(COUNT).bind(app.to_string()).bind(source).fetch_one(&mut *tx.connection).await?;
    Ok(row.get::<i64>(0)?.unsigned_abs())
}

/// How many entries count for that license alone.
pub async fn count_of_license(tx: &mut Tx<'_>, app: AppId, license: LicenseId) -> Result<u64, StoreError> {
    let query = query(COUNT_OF_LICENSE).bind(app.to_string()).bind(license.to_string());
    Ok(query.fetch_one(&mut *tx.connection).await?.get::<i64>(0)?.unsigned_abs())
}

/// Whether the app has the same entry already, and it still counts. One that counts no more makes room.
pub async fn is_standing(tx: &mut Tx<'_>, entry: &AccessRow, now: UnixSeconds) -> Result<bool, StoreError> {
    about_same(MAKE_ROOM, entry, now).execute(&mut *tx.connection).await?;
    let row = about_same(STANDING, entry, now).fetch_one(&mut *tx.connection).await?;
    Ok(row.get::<i64>(0)? > 0)
}

fn about_same(statement: &'static str, entry: &AccessRow, now: UnixSeconds) -> Query {
    let (kind, value) = named(&entry.listed);
    query(statement)
        .bind(entry.app.to_string())
        .bind(of_license(entry.license))
        .bind(kind)
        .bind(value)
        .bind(entry.effect.clone())
        .bind(signed(now.get()))
}

/// Forgets what clients reported of themselves and counts no more since then.
pub async fn forget(tx: &mut Tx<'_>, before: UnixSeconds) -> Result<(), StoreError> {
    let query = query(FORGET).bind(AccessRow::SELF_BAN).bind(signed(before.get()));
    query.execute(&mut *tx.connection).await?;
    Ok(())
}

/// Takes an entry away; `false` where it was gone before.
pub async fn delete(tx: &mut Tx<'_>, tenant: TenantId, id: EntryId, app: AppId) -> Result<bool, StoreError> {
    let query = query(DELETE).bind(tenant.to_string()).bind(id.to_string());
    tx.changes(Subject::App(app));
    Ok(query.execute(&mut *tx.connection).await? == 1)
}
