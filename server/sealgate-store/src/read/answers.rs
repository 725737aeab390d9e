//! Answers to requests that created something.

use sealgate_artifact::TenantId;

use crate::sql::query_as;
use crate::{AnswerRow, Db, StoreError, statements};

statements! {
    FIND = "SELECT tenant_id, idempotency_key, request, answer, at FROM idempotency \
            WHERE tenant_id = $1 AND idempotency_key = $2";
}

/// What was answered to the request that the tenant called so.
pub async fn find(db: &Db, tenant: TenantId, key: &str) -> Result<Option<AnswerRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(key).fetch_optional(&db.pool).await
}
