//! Tenants.

use sealgate_artifact::TenantId;

use crate::columns::signed;
use crate::sql::query_as;
use crate::{Db, StoreError, TenantRow, Tx, statements};

macro_rules! select_tenant {
    ($rest:literal) => {
        concat!("SELECT tenant_id, name, issuer_key, offline, suspended_at, created_at FROM tenants ", $rest)
    };
}

statements! {
    FIND = select_tenant!("WHERE tenant_id = $1");
    NAMED = select_tenant!("WHERE name = $1");
    LIST = select_tenant!("WHERE tenant_id < $1 ORDER BY tenant_id DESC LIMIT $2");
}

/// The tenant of that id.
pub async fn find(db: &Db, id: TenantId) -> Result<Option<TenantRow>, StoreError> {
    query_as(FIND).bind(id.to_string()).fetch_optional(&db.pool).await
}

/// The tenant of that id, inside a transaction.
pub async fn current(tx: &mut Tx<'_>, id: TenantId) -> Result<Option<TenantRow>, StoreError> {
    query_as(FIND).bind(id.to_string()).fetch_optional(&mut *tx.connection).await
}

/// The tenant of that name.
pub async fn named(db: &Db, name: &str) -> Result<Option<TenantRow>, StoreError> {
    query_as(NAMED).bind(name).fetch_optional(&db.pool).await
}

/// Tenants, newest first, from those older than `before` on.
pub async fn list(db: &Db, before: Option<TenantId>, limit: u32) -> Result<Vec<TenantRow>, StoreError> {
    let query = query_as(LIST).bind(super::before(before)).bind(signed(limit.into()));
    query.fetch_all(&db.pool).await
}
