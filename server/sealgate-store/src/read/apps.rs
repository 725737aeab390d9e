//! Apps.

use sealgate_artifact::{AppId, TenantId};
use sqlx::Row;

use crate::{AppRow, Db, StoreError, row::signed, statements};

macro_rules! select_app {
    ($rest:literal) => {
        concat!(
            "SELECT app_id, tenant_id, name, secret_hash, public_key, next_public_key, created_at FROM apps ",
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
    Ok(sqlx::query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(&db.pool).await?)
}

/// The app of that id. For requests that prove themselves by the app's secret or a license key instead of a token.
pub async fn of_any_tenant(db: &Db, id: AppId) -> Result<Option<AppRow>, StoreError> {
    Ok(sqlx::query_as(OF_ANY_TENANT).bind(id.to_string()).fetch_optional(&db.pool).await?)
}

/// Whether the tenant has an app of that name.
pub async fn is_named(db: &Db, tenant: TenantId, name: &str) -> Result<bool, StoreError> {
    let row = sqlx::query(NAMED).bind(tenant.to_string()).bind(name).fetch_one(&db.pool).await?;
    Ok(row.try_get::<i64, _>(0)? > 0)
}

/// The tenant's apps, newest first, from those older than `before` on.
pub async fn list(
    db: &Db,
    tenant: TenantId,
    before: Option<AppId>,
    limit: u32,
) -> Result<Vec<AppRow>, StoreError> {
    let before = before.map_or_else(|| super::licenses::AFTER_ALL.to_owned(), |id| id.to_string());
    let query = sqlx::query_as(LIST).bind(tenant.to_string()).bind(before).bind(signed(limit.into()));
    Ok(query.fetch_all(&db.pool).await?)
}
