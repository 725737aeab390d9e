//! Keys that sign statements.

use sealgate_artifact::TenantId;

use crate::sql::query_as;
use crate::{Db, KeyRow, StoreError, statements};

statements! {
    OF_SCOPE = "SELECT public_key, key_use, scope, state, published_at, ended_at FROM signing_keys \
                WHERE scope = $1 ORDER BY published_at, public_key";
    OF_APPS = "SELECT k.public_key, key_use, scope, state, published_at, ended_at FROM signing_keys k \
               JOIN apps a ON a.app_id = k.scope WHERE a.tenant_id = $1 ORDER BY published_at, k.public_key";
}

/// Every key of a scope, the longest published first.
pub async fn of_scope(db: &Db, scope: &str) -> Result<Vec<KeyRow>, StoreError> {
    query_as(OF_SCOPE).bind(scope).fetch_all(&db.pool).await
}

/// Every former key of the tenant's apps, the longest published first.
pub async fn of_apps(db: &Db, tenant: TenantId) -> Result<Vec<KeyRow>, StoreError> {
    query_as(OF_APPS).bind(tenant.to_string()).fetch_all(&db.pool).await
}
