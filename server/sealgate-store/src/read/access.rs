//! Access lists.

use sealgate_artifact::{AppId, EntryId, TenantId};

use crate::columns::signed;
use crate::sql::query_as;
use crate::{AccessRow, Db, StoreError, statements};

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
}

/// The tenant's entry of that id.
pub async fn find(db: &Db, tenant: TenantId, id: EntryId) -> Result<Option<AccessRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(&db.pool).await
}

/// Every entry of an app.
pub async fn of_app(db: &Db, app: AppId) -> Result<Vec<AccessRow>, StoreError> {
    query_as(OF_APP).bind(app.to_string()).fetch_all(&db.pool).await
}

/// The tenant's entries, newest first, from those older than `before` on; of one app if given.
pub async fn list(
    db: &Db,
    tenant: TenantId,
    app: Option<AppId>,
    before: Option<EntryId>,
    limit: u32,
) -> Result<Vec<AccessRow>, StoreError> {
    let query = query_as(if app.is_some() { LIST_OF_APP } else { LIST });
    let query = query.bind(tenant.to_string()).bind(super::before(before)).bind(signed(limit.into()));
    let query = match app {
        Some(app) => query.bind(app.to_string()),
        None => query,
    };
    query.fetch_all(&db.pool).await
}
