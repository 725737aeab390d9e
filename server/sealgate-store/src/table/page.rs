//! Lists that are read page by page.

use sealgate_artifact::TenantId;

use crate::columns::signed;
use crate::readable::{keep_readable, warn_of};
use crate::sql::{FromRow, Query, Row, query_as};
use crate::{Read, StoreError};

/// Sorts after every identifier, in the collation of either engine.
const AFTER_ALL: &str = "g";

/// Rows that are looked at together, once some of a list cannot be read.
const PASSED_OVER: u32 = 500;

/// A statement, and the value of its filter if it has one.
pub(super) type Listing = (&'static str, Option<String>);

/// The statement `of_one` where there is a value to filter by, else `all`.
pub(super) fn filtered(all: &'static str, of_one: &'static str, value: Option<impl ToString>) -> Listing {
    match value {
        Some(value) => (of_one, Some(value.to_string())),
        None => (all, None),
    }
}

/// A page of a tenant's rows, newest first. In the statement `$1` is the tenant, `$2` the identifier that the page comes
/// before, `$3` the length of the page, and `$4` the value of the filter.
pub(super) fn page<T: FromRow>(
    (statement, filter): Listing,
    tenant: TenantId,
    before: Option<impl ToString>,
    limit: u32,
) -> Query<T> {
    let query = query_as(statement).bind(tenant.to_string()).bind(self::before(before));
    let query = query.bind(signed(limit.into()));
    match filter {
        Some(value) => query.bind(value),
        None => query,
    }
}

/// Which part of a list: of whose, before which identifier, and how long.
pub(super) struct Part {
    pub(super) tenant: TenantId,
    pub(super) before: Option<String>,
    pub(super) limit: u32,
}

/// The same page of a table that others may write into: rows that cannot be read are passed over, and none behind them is
/// missing. The identifier is the statement's first column.
pub(super) async fn readable<T: FromRow>(
    (statement, filter): Listing,
    part: Part,
    on: impl Read + Copy,
    table: &'static str,
) -> Result<Vec<T>, StoreError> {
    let (limit, mut before) = (part.limit as usize, part.before);
    let (mut read, mut skipped) = (Vec::new(), 0);
    loop {
        let listing = (statement, filter.clone());
        // Where rows are passed over there may be a great many.
        let at_once = if skipped > 0 { part.limit.max(PASSED_OVER) } else { part.limit };
        let rows: Vec<Row> = page(listing, part.tenant, before, at_once).fetch_all(on).await?;
        let (all, last) = (rows.len(), rows.last().map(|row| row.get::<String>(0)).transpose()?);
        let kept = keep_readable(rows)?;
        skipped += all - kept.len();
        read.extend(kept);
        if all < at_once as usize || read.len() >= limit {
            break;
        }
        before = last;
    }
    read.truncate(limit);
    warn_of(skipped, table);
    Ok(read)
}

/// Where a page begins that is sorted by identifiers, newest first.
pub(super) fn before(id: Option<impl ToString>) -> String {
    id.map_or_else(|| AFTER_ALL.to_owned(), |id| id.to_string())
}
