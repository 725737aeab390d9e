//! Events.

use sealgate_artifact::{LicenseId, TenantId};

use crate::columns::signed;
use crate::sql::query_as;
use crate::{Db, EventRow, StoreError, statements};

macro_rules! select_event {
    ($filter:literal) => {
        concat!(
            "SELECT event_id, tenant_id, app_id, license_id, device, at, kind, code, request_id, count ",
            "FROM events WHERE tenant_id = $1 AND event_id < $2 ",
            $filter,
            " ORDER BY event_id DESC LIMIT $3"
        )
    };
}

statements! {
    LIST = select_event!("");
    OF_LICENSE = select_event!("AND license_id = $4");
    OF_REQUEST = select_event!("AND request_id = $4");
    WITH_CODE = select_event!("AND code = $4");
}

/// Which events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All.
    Any,
    /// A license's.
    License(LicenseId),
    /// What one request caused.
    Request(String),
    /// Refusals with this code.
    Code(String),
}

/// The tenant's events, newest first, from those older than `before` on.
pub async fn list(
    db: &Db,
    tenant: TenantId,
    filter: &Filter,
    before: Option<String>,
    limit: u32,
) -> Result<Vec<EventRow>, StoreError> {
    let (statement, value) = match filter {
        Filter::Any => (LIST, None),
        Filter::License(id) => (OF_LICENSE, Some(id.to_string())),
        Filter::Request(id) => (OF_REQUEST, Some(id.clone())),
        Filter::Code(code) => (WITH_CODE, Some(code.clone())),
    };
    let query = query_as(statement).bind(tenant.to_string()).bind(super::before(before));
    let query = query.bind(signed(limit.into()));
    let query = match value {
        Some(value) => query.bind(value),
        None => query,
    };
    query.fetch_all(&db.pool).await
}
