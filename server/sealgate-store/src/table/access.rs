//! Access lists.

use ipnet::IpNet;
use sealgate_artifact::{AppId, EntryId, LicenseId, TenantId, UnixSeconds};

use super::page::{Part, filtered, readable};
use crate::columns::{moment, optional_time, parsed, signed, time};
use crate::readable::keep_readable;
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Subject, Tx};

macro_rules! select_entry {
    ($rest:literal) => {
        concat!(
            "SELECT entry_id, tenant_id, app_id, license_id, source, effect, kind, value, reason, created_at, expires_at ",
            "FROM access_entries ",
            $rest
        )
    };
}

statements! {
    FIND = select_entry!("WHERE tenant_id = $1 AND entry_id = $2");
    OF_APP = select_entry!("WHERE app_id = $1");
    LIST = select_entry!("WHERE tenant_id = $1 AND entry_id < $2 ORDER BY entry_id DESC LIMIT $3");
    LIST_OF_APP = select_entry!(
        "WHERE tenant_id = $1 AND app_id = $4 AND entry_id < $2 ORDER BY entry_id DESC LIMIT $3"
    );
    COUNT = "SELECT COUNT(*) FROM access_entries WHERE app_id = $1 AND source = $2";
    COUNT_OF_LICENSE = "SELECT COUNT(*) FROM access_entries WHERE app_id = $1 AND license_id = $2";
    STANDING = "SELECT COUNT(*) FROM access_entries WHERE app_id = $1 AND license_id = $2 AND kind = $3 \
                AND value = $4 AND effect = $5 AND (expires_at IS NULL OR expires_at > $6)";
    // In the place of one that has ended. Nothing is deleted: who may delete the rows of a table may also lock it against
    // readers.
    INSERT = "INSERT INTO access_entries (entry_id, tenant_id, app_id, license_id, source, effect, kind, value, \
              reason, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
              ON CONFLICT (app_id, license_id, kind, value, effect) DO UPDATE SET entry_id = excluded.entry_id, \
              source = excluded.source, reason = excluded.reason, created_at = excluded.created_at, \
              expires_at = excluded.expires_at WHERE access_entries.expires_at <= excluded.created_at";
    FORGET = "DELETE FROM access_entries WHERE source = $1 AND expires_at < $2";
    DELETE = "DELETE FROM access_entries WHERE tenant_id = $1 AND entry_id = $2";
}

/// What an entry allows or denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// A device, by its hwid.
    Hwid(String),
    /// A block of addresses.
    Net(IpNet),
}

/// An entry of an access list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct AccessRow {
    pub id: EntryId,
    pub tenant: TenantId,
    pub app: AppId,
    /// The only license that the entry counts for; `None`: it counts for all licenses of the app.
    pub license: Option<LicenseId>,
    /// Who made it: [`AccessRow::VENDOR`] or [`AccessRow::SELF_BAN`].
    pub source: String,
    /// `allow` or `deny`.
    pub effect: String,
    pub listed: Listed,
    pub reason: Option<String>,
    pub created_at: UnixSeconds,
    pub expires_at: Option<UnixSeconds>,
}

impl AccessRow {
    /// Made by the vendor.
    pub const VENDOR: &'static str = "vendor";
    /// Made because a client reported itself.
    pub const SELF_BAN: &'static str = "self_ban";
}

impl FromRow for AccessRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let value: String = row.get("value")?;
        Ok(Self {
            id: parsed(row, "entry_id", |t| EntryId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            license: parsed(row, "license_id", |t| match t {
                "" => Some(None),
                id => LicenseId::parse(id).ok().map(Some),
            })?,
            source: row.get("source")?,
            effect: row.get("effect")?,
            listed: parsed(row, "kind", |kind| match kind {
                "hwid" => Some(Listed::Hwid(value)),
                _ => value.parse::<IpNet>().ok().map(Listed::Net),
            })?,
            reason: row.get("reason")?,
            created_at: time(row, "created_at")?,
            expires_at: optional_time(row, "expires_at")?,
        })
    }
}

/// The tenant's entry with this id.
pub async fn find(on: impl Read, tenant: TenantId, id: EntryId) -> Result<Option<AccessRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(on).await
}

/// Every entry of an app that can be read. Questions are asked too often for a warning about the others: the list has it.
pub async fn of_app(on: impl Read, app: AppId) -> Result<Vec<AccessRow>, StoreError> {
    keep_readable(query(OF_APP).bind(app.to_string()).fetch_all(on).await?)
}

/// The tenant's entries, or those of one app, newest first, starting with those older than `before`.
pub async fn list(
    on: impl Read + Copy,
    tenant: TenantId,
    app: Option<AppId>,
    before: Option<EntryId>,
    limit: u32,
) -> Result<Vec<AccessRow>, StoreError> {
    let part = Part { tenant, before: before.map(|id| id.to_string()), limit };
    readable(filtered(LIST, LIST_OF_APP, app), part, on, "access_entries").await
}

/// How many entries of that source the app has.
pub async fn count(on: impl Read, app: AppId, source: &str) -> Result<u64, StoreError> {
    let row = query(COUNT).bind(app.to_string()).bind(source).fetch_one(on).await?;
    Ok(row.get::<i64>(0)?.unsigned_abs())
}

/// How many entries count for that license alone.
pub async fn count_of_license(on: impl Read, app: AppId, license: LicenseId) -> Result<u64, StoreError> {
    let query = query(COUNT_OF_LICENSE).bind(app.to_string()).bind(license.to_string());
    Ok(query.fetch_one(on).await?.get::<i64>(0)?.unsigned_abs())
}

/// Whether the app has an entry that says the same and is in force.
pub async fn is_standing(on: impl Read, entry: &AccessRow, now: UnixSeconds) -> Result<bool, StoreError> {
    let (kind, value) = kind_and_value(&entry.listed);
    let query = query(STANDING).bind(entry.app.to_string()).bind(of_license(entry.license));
    let query = query.bind(kind).bind(value).bind(entry.effect.clone()).bind(signed(now.get()));
    Ok(query.fetch_one(on).await?.get::<i64>(0)? > 0)
}

/// Adds an entry, in the place of one that says the same and has ended; [`StoreError::Duplicate`] if that one has not.
pub async fn insert(tx: &mut Tx<'_>, entry: &AccessRow) -> Result<(), StoreError> {
    let (kind, value) = kind_and_value(&entry.listed);
    let added = query(INSERT)
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
        .execute(&mut *tx)
        .await?;
    if added == 0 {
        return Err(StoreError::Duplicate);
    }
    tx.changes(Subject::App(entry.app));
    Ok(())
}

pub(super) fn kind_and_value(listed: &Listed) -> (&'static str, String) {
    match listed {
        Listed::Hwid(hwid) => ("hwid", hwid.clone()),
        Listed::Net(net) => ("ip", net.to_string()),
    }
}

pub(super) fn of_license(license: Option<LicenseId>) -> String {
    license.map_or_else(String::new, |id| id.to_string())
}

/// Forgets the reports of clients about themselves that ended before that time.
pub async fn forget(tx: &mut Tx<'_>, before: UnixSeconds) -> Result<(), StoreError> {
    let query = query(FORGET).bind(AccessRow::SELF_BAN).bind(signed(before.get()));
    query.execute(tx).await?;
    Ok(())
}

/// Deletes an entry of this app; `false` if there is none.
pub async fn delete(tx: &mut Tx<'_>, tenant: TenantId, id: EntryId, app: AppId) -> Result<bool, StoreError> {
    tx.changes(Subject::App(app));
    let query = query(DELETE).bind(tenant.to_string()).bind(id.to_string());
    Ok(query.execute(tx).await? == 1)
}
