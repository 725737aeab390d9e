//! Apps.

use sealgate_artifact::{AppId, TenantId};

use crate::columns::signed;
use crate::sql::{query, query_as};
use crate::{AppEntry, AppRow, Db, StoreError, Tx, statements};

macro_rules! select_app {
    ($rest:literal) => {
        concat!(
            "SELECT app_id, tenant_id, name, secret_hash, former_secret_hash, former_secret_until, public_key, ",
            "next_public_key, variables, credits, require_secret, lifetime_files, disabled_at, created_at FROM apps ",
            $rest
        )
    };
}

statements! {
    FIND = select_app!("WHERE tenant_id = $1 AND app_id = $2");
    OF_ANY_TENANT = select_app!("WHERE app_id = $1");
    NAMED = "SELECT COUNT(*) FROM apps WHERE tenant_id = $1 AND name = $2";
    LIST = select_app!("WHERE tenant_id = $1 AND app_id < $2 ORDER BY app_id DESC LIMIT $3");
}

/// The tenant's app of that id.
pub async fn find(db: &Db, tenant: TenantId, id: AppId) -> Result<Option<AppRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(&db.pool).await
}

/// The tenant's app of that id, inside a transaction.
pub async fn current(tx: &mut Tx<'_>, tenant: TenantId, id: AppId) -> Result<Option<AppRow>, StoreError> {
    let query = query_as(FIND).bind(tenant.to_string()).bind(id.to_string());
    query.fetch_optional(&mut *tx.connection).await
}

/// What a validation needs to know of an app. For requests that prove themselves by the app's secret or a license key
/// instead of a token.
pub async fn entry(db: &Db, id: AppId) -> Result<Option<AppEntry>, StoreError> {
    let query = query_as(OF_ANY_TENANT).bind(id.to_string());
    let Some(app): Option<AppRow> = query.fetch_optional(&db.pool).await? else {
        return Ok(None);
    };
    let tenant = super::tenants::find(db, app.tenant).await?;
    let tenant_suspended = tenant.is_none_or(|tenant| tenant.suspended_at.is_some());
    let access = super::access::of_app(db, id).await?;
    Ok(Some(AppEntry { app, tenant_suspended, access }))
}

/// Whether the tenant has an app of that name.
pub async fn is_named(db: &Db, tenant: TenantId, name: &str) -> Result<bool, StoreError> {
    let row = query(NAMED).bind(tenant.to_string()).bind(name).fetch_one(&db.pool).await?;
    Ok(row.get::<i64>(0)? > 0)
}

/// The tenant's apps, newest first, from those older than `before` on.
pub async fn list(
    db: &Db,
    tenant: TenantId,
    before: Option<AppId>,
    limit: u32,
) -> Result<Vec<AppRow>, StoreError> {
    let query = query_as(LIST).bind(tenant.to_string()).bind(super::before(before));
    query.bind(signed(limit.into())).fetch_all(&db.pool).await
}
