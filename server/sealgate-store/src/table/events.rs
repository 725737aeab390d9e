//! Events: what happened to licenses.

use std::borrow::Cow;

use sealgate_artifact::{AppId, LicenseId, RecordId, TenantId, UnixSeconds};

use super::page::{Part, readable};
use crate::columns::{count, optional, parsed, signed, time};
use crate::many::{MANY, for_all, with_rows};
use crate::sql::{FromRow, Query, Row, query};
use crate::statements::{AT_ONCE, at_once, statements};
use crate::{Read, StoreError, Tx};

macro_rules! select_event {
    ($filter:literal) => {
        concat!(
            "SELECT event_id, tenant_id, app_id, license_id, device, at, kind, code, request_id, count, moved_from ",
            "FROM events WHERE tenant_id = $1 AND event_id < $2 ",
            $filter,
            " ORDER BY event_id DESC LIMIT $3"
        )
    };
}

macro_rules! insert_event {
    () => {
        "INSERT INTO events (event_id, tenant_id, app_id, license_id, device, at, kind, code, request_id, count, moved_from) \
         VALUES "
    };
}

statements! {
    LIST = select_event!("");
    OF_LICENSE = select_event!("AND license_id = $4");
    OF_REQUEST = select_event!("AND request_id = $4");
    WITH_CODE = select_event!("AND code = $4");
    INSERT = with_rows!(insert_event!(), (1, 1, 11), "", "");
    INSERT_MANY = with_rows!(insert_event!(), (MANY, 1, 11), "", "");
    INSERT_AGAIN = with_rows!(insert_event!(), (1, 1, 11), "", " ON CONFLICT (event_id) DO NOTHING");
    INSERT_MANY_AGAIN = with_rows!(insert_event!(), (MANY, 1, 11), "", " ON CONFLICT (event_id) DO NOTHING");
    FORGET = concat!(
        "DELETE FROM events WHERE event_id IN (SELECT event_id FROM events WHERE event_id < $1 ORDER BY event_id LIMIT ",
        at_once!(),
        ")"
    );
}

/// Something that happened to a license.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct EventRow {
    /// A version 7 UUID: events are sorted by it.
    pub id: String,
    pub tenant: TenantId,
    pub app: Option<AppId>,
    pub license: Option<LicenseId>,
    /// The device's name, if one was involved.
    pub device: Option<String>,
    pub at: UnixSeconds,
    /// What happened, such as `device_bound`.
    pub kind: Cow<'static, str>,
    /// The code of a refusal.
    pub code: Option<String>,
    /// The request that caused it.
    pub request_id: String,
    /// How many times.
    pub count: u64,
    /// The name of the device that held the seat before.
    pub moved_from: Option<String>,
}

impl FromRow for EventRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(row, "event_id", |t| RecordId::parse(t).ok())?.to_string(),
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            app: optional(row, "app_id", |t| AppId::parse(t).ok())?,
            license: optional(row, "license_id", |t| LicenseId::parse(t).ok())?,
            device: row.get("device")?,
            at: time(row, "at")?,
            kind: Cow::Owned(row.get("kind")?),
            code: row.get("code")?,
            request_id: row.get("request_id")?,
            count: count(row, "count")?,
            moved_from: row.get("moved_from")?,
        })
    }
}

/// Which events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All.
    Any,
    /// Those of a license.
    License(LicenseId),
    /// Those that one request caused.
    Request(String),
    /// Refusals with this code.
    Code(String),
}

/// The tenant's events, newest first, starting with those older than `before`.
pub async fn list(
    on: impl Read + Copy,
    tenant: TenantId,
    filter: &Filter,
    before: Option<String>,
    limit: u32,
) -> Result<Vec<EventRow>, StoreError> {
    let listing = match filter {
        Filter::Any => (LIST, None),
        Filter::License(id) => (OF_LICENSE, Some(id.to_string())),
        Filter::Request(id) => (OF_REQUEST, Some(id.clone())),
        Filter::Code(code) => (WITH_CODE, Some(code.clone())),
    };
    readable(listing, Part { tenant, before, limit }, on, "events").await
}

/// Records what happened. Written in the transaction that makes it happen.
pub async fn insert(tx: &mut Tx<'_>, row: &EventRow) -> Result<(), StoreError> {
    with_event(query(INSERT), row).execute(tx).await?;
    Ok(())
}

/// The same for many, with few statements.
pub async fn insert_all(tx: &mut Tx<'_>, rows: &[&EventRow]) -> Result<(), StoreError> {
    for_all(tx, [INSERT, INSERT_MANY], rows, with_events).await?;
    Ok(())
}

/// The same for rows that may be there already: nobody knows of a commit that broke off.
pub async fn insert_again(tx: &mut Tx<'_>, rows: &[&EventRow]) -> Result<(), StoreError> {
    for_all(tx, [INSERT_AGAIN, INSERT_MANY_AGAIN], rows, with_events).await?;
    Ok(())
}

fn with_events(query: Query, some: &[&EventRow]) -> Query {
    some.iter().fold(query, |query, row| with_event(query, row))
}

fn with_event(query: Query, row: &EventRow) -> Query {
    query
        .bind(&row.id)
        .bind(row.tenant.to_string())
        .bind(row.app.map(|id| id.to_string()))
        .bind(row.license.map(|id| id.to_string()))
        .bind(row.device.clone())
        .bind(signed(row.at.get()))
        .bind(&*row.kind)
        .bind(row.code.clone())
        .bind(&row.request_id)
        .bind(signed(row.count))
        .bind(row.moved_from.clone())
}

/// Forgets events with smaller ids than this one, as many as are deleted at once; ids sort by time. `true` if there may be
/// more.
pub async fn forget(tx: &mut Tx<'_>, before: &str) -> Result<bool, StoreError> {
    Ok(query(FORGET).bind(before).execute(tx).await? == AT_ONCE)
}
