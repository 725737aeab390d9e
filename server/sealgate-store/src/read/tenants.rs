//! Tenants.

use sealgate_artifact::TenantId;

use crate::{Db, StoreError, TenantRow, statements};

statements! {
    FIND = "SELECT tenant_id, name, issuer_key, created_at FROM tenants WHERE tenant_id = $1";
}

/// The tenant of that id.
pub async fn find(db: &Db, id: TenantId) -> Result<Option<TenantRow>, StoreError> {
    Ok(sqlx::query_as(FIND).bind(id.to_string()).fetch_optional(&db.pool).await?)
}
