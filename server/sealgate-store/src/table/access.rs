//! Access lists.

use std::fmt;

use ipnet::IpNet;
use sealgate_artifact::{AppId, EntryId, LicenseId, TenantId, UnixSeconds};

use super::page::{Part, filtered, readable};
use crate::columns::{moment, optional_time, parsed, signed, time};
use crate::readable::keep_readable;
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::{AT_ONCE, at_once, statements};
use crate::{Read, StoreError, Subject, Tx};

/// The number stands once, in the statements as in [`MOST`].
macro_rules! most {
    () => {
        1000
    };
}

/// Entries of one app that the vendor may make, and as many that reports of clients may: every question looks at all of
/// them. A runtime's database user may add reports beyond that; those are not read.
pub const MOST: u64 = most!();

macro_rules! select_entry {
    ($($rest:tt)*) => {
        concat!(
            "SELECT entry_id, tenant_id, app_id, license_id, source, effect, kind, value, reason, created_at, expires_at ",
            "FROM access_entries ",
            $($rest)*
        )
    };
}

/// Those of one source: one more than there may be tells whether there are more.
macro_rules! of_source {
    ($source:literal) => {
        select_entry!(
            "WHERE app_id = $1 AND source = '",
            $source,
            "' ORDER BY entry_id DESC LIMIT 1 + ",
            most!()
        )
    };
}

macro_rules! listed {
    ($whose:literal, $source:literal) => {
        select_entry!(
            "WHERE ",
            $whose,
            " AND source = '",
            $source,
            "' AND entry_id < $2 ORDER BY entry_id DESC LIMIT $3"
        )
    };
}

statements! {
    FIND = select_entry!("WHERE tenant_id = $1 AND entry_id = $2");
    OF_APP = concat!(
        "SELECT * FROM (", of_source!("vendor"), ") vendors UNION ALL SELECT * FROM (", of_source!("self_ban"), ") reports"
    );
    VENDORS = listed!("tenant_id = $1", "vendor");
    VENDORS_OF_APP = listed!("tenant_id = $1 AND app_id = $4", "vendor");
    REPORTS = listed!("tenant_id = $1", "self_ban");
    REPORTS_OF_APP = listed!("tenant_id = $1 AND app_id = $4", "self_ban");
    COUNT = concat!(
        "SELECT COUNT(*) FROM (SELECT 1 FROM access_entries WHERE app_id = $1 AND source = $2 \
         ORDER BY entry_id DESC LIMIT ", most!(), ") counted"
    );
    COUNT_OF_LICENSE = concat!(
        "SELECT COUNT(*) FROM (SELECT 1 FROM access_entries WHERE app_id = $1 AND license_id = $2 \
         ORDER BY kind, value, effect LIMIT ", most!(), ") counted"
    );
    // What the vendor says does not stand because a report says the same: that ends, and others can make it.
    STANDING = "SELECT COUNT(*) FROM access_entries WHERE app_id = $1 AND license_id = $2 AND kind = $3 \
                AND value = $4 AND effect = $5 AND (expires_at IS NULL OR expires_at > $6) \
                AND ($7 <> 'vendor' OR source = $7)";
    // In the place of one that has ended, or of a report that says what the vendor says now. Nothing is deleted: who may
    // delete the rows of a table may also lock it against readers.
    INSERT = "INSERT INTO access_entries (entry_id, tenant_id, app_id, license_id, source, effect, kind, value, \
              reason, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
              ON CONFLICT (app_id, license_id, kind, value, effect) DO UPDATE SET entry_id = excluded.entry_id, \
              source = excluded.source, reason = excluded.reason, created_at = excluded.created_at, \
              expires_at = excluded.expires_at WHERE access_entries.expires_at <= excluded.created_at \
              OR (excluded.source = 'vendor' AND access_entries.source <> 'vendor')";
    FORGET = concat!(
        "DELETE FROM access_entries WHERE entry_id IN (SELECT entry_id FROM access_entries \
         WHERE source = $1 AND expires_at < $2 ORDER BY expires_at LIMIT ", at_once!(), ")"
    );
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
    /// Everybody who makes entries.
    pub const SOURCES: [&'static str; 2] = [Self::VENDOR, Self::SELF_BAN];
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

/// The entries of an app that can be read, as many as there may be, and whether there are more rows. The vendor's are not
/// displaced by reports. Questions are asked too often for a warning about rows that cannot be read: the list has it.
pub(crate) async fn of_app(on: impl Read, app: AppId) -> Result<(Vec<AccessRow>, bool), StoreError> {
    let rows = query(OF_APP).bind(app.to_string()).fetch_all(on).await?;
    let (mut vendors, mut reports) = (vec![], vec![]);
    for row in rows {
        let kind = if row.get::<&str>("source")? == AccessRow::VENDOR { &mut vendors } else { &mut reports };
        kind.push(row);
    }
    let mut are_more = false;
    for rows in [&mut vendors, &mut reports] {
        are_more |= rows.len() as u64 > MOST;
        rows.truncate(usize::try_from(MOST).unwrap_or(usize::MAX));
    }
    vendors.append(&mut reports);
    Ok((keep_readable(vendors)?, are_more))
}

/// Where a list of entries goes on: behind this one. The vendor's come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    is_report: bool,
    id: EntryId,
}

impl Place {
    /// Where this entry stands.
    pub fn of(entry: &AccessRow) -> Self {
        Self { is_report: entry.source != AccessRow::VENDOR, id: entry.id }
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (part, id) = text.split_once('.')?;
        let is_report = match part {
            "vendor" => false,
            "report" => true,
            _ => return None,
        };
        Some(Self { is_report, id: EntryId::parse(id).ok()? })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", if self.is_report { "report" } else { "vendor" }, self.id)
    }
}

/// The tenant's entries, or those of one app: first the vendor's, then reports; of each, the newest first.
pub async fn list(
    on: impl Read + Copy,
    tenant: TenantId,
    app: Option<AppId>,
    after: Option<Place>,
    limit: u32,
) -> Result<Vec<AccessRow>, StoreError> {
    let mut listed = vec![];
    for (is_report, all, of_app) in [(false, VENDORS, VENDORS_OF_APP), (true, REPORTS, REPORTS_OF_APP)] {
        let left = limit.saturating_sub(u32::try_from(listed.len()).unwrap_or(u32::MAX));
        if left == 0 || after.is_some_and(|place| place.is_report && !is_report) {
            continue;
        }
        let before = after.filter(|place| place.is_report == is_report).map(|place| place.id.to_string());
        let part = Part { tenant, before, limit: left };
        listed.extend(readable(filtered(all, of_app, app), part, on, "access_entries").await?);
    }
    Ok(listed)
}

/// How many entries of that source the app has; [`MOST`] where it has more.
pub async fn count(on: impl Read, app: AppId, source: &str) -> Result<u64, StoreError> {
    let row = query(COUNT).bind(app.to_string()).bind(source).fetch_one(on).await?;
    Ok(row.get::<i64>(0)?.unsigned_abs())
}

/// How many entries count for that license alone; [`MOST`] where there are more.
pub async fn count_of_license(on: impl Read, app: AppId, license: LicenseId) -> Result<u64, StoreError> {
    let query = query(COUNT_OF_LICENSE).bind(app.to_string()).bind(license.to_string());
    Ok(query.fetch_one(on).await?.get::<i64>(0)?.unsigned_abs())
}

/// Whether the app has an entry that says the same and is in force: for an entry of the vendor's, one of the vendor's.
pub async fn is_standing(on: impl Read, entry: &AccessRow, now: UnixSeconds) -> Result<bool, StoreError> {
    let (kind, value) = kind_and_value(&entry.listed);
    let query = query(STANDING).bind(entry.app.to_string()).bind(of_license(entry.license));
    let query = query.bind(kind).bind(value).bind(entry.effect.clone()).bind(signed(now.get()));
    Ok(query.bind(&entry.source).fetch_one(on).await?.get::<i64>(0)? > 0)
}

/// Adds an entry, in the place of one that says the same and has ended, or of a report if it is the vendor's;
/// [`StoreError::Duplicate`] if there is another one.
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

/// Forgets the reports of clients about themselves that ended before that time, as many as are deleted at once; `true` if
/// there may be more.
pub async fn forget(tx: &mut Tx<'_>, before: UnixSeconds) -> Result<bool, StoreError> {
    let query = query(FORGET).bind(AccessRow::SELF_BAN).bind(signed(before.get()));
    Ok(query.execute(tx).await? == AT_ONCE)
}

/// Deletes an entry of this app; `false` if there is none.
pub async fn delete(tx: &mut Tx<'_>, tenant: TenantId, id: EntryId, app: AppId) -> Result<bool, StoreError> {
    tx.changes(Subject::App(app));
    let query = query(DELETE).bind(tenant.to_string()).bind(id.to_string());
    Ok(query.execute(tx).await? == 1)
}
