//! Lists that are read page by page.

use sealgate_artifact::TenantId;

use crate::columns::signed;
use crate::sql::{FromRow, Query, query_as};

/// Sorts after every identifier, in the collation of either engine.
const AFTER_ALL: &str = "g";

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

/// Where a page begins that is sorted by identifiers, newest first.
pub(super) fn before(id: Option<impl ToString>) -> String {
    id.map_or_else(|| AFTER_ALL.to_owned(), |id| id.to_string())
}
