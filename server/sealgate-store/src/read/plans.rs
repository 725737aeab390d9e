//! Plans.

use sealgate_artifact::{AppId, PlanId, TenantId};

use crate::columns::signed;
use crate::sql::query_as;
use crate::{Db, PlanRow, StoreError, Tx, statements};

macro_rules! select_plan {
    ($rest:literal) => {
        concat!(
            "SELECT plan_id, tenant_id, app_id, name, tier, features, limits, max_devices, duration_days, ",
            "offline, policy, releases_per_seat, created_at FROM plans ",
            $rest
        )
    };
}

statements! {
    FIND = select_plan!("WHERE tenant_id = $1 AND plan_id = $2");
    LIST = select_plan!("WHERE tenant_id = $1 AND plan_id < $2 ORDER BY plan_id DESC LIMIT $3");
    LIST_OF_APP = select_plan!(
        "WHERE tenant_id = $1 AND app_id = $4 AND plan_id < $2 ORDER BY plan_id DESC LIMIT $3"
    );
}

/// The tenant's plan of that id.
pub async fn find(db: &Db, tenant: TenantId, id: PlanId) -> Result<Option<PlanRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(&db.pool).await
}

/// The tenant's plan of that id, inside a transaction.
pub async fn current(tx: &mut Tx<'_>, tenant: TenantId, id: PlanId) -> Result<Option<PlanRow>, StoreError> {
    let query = query_as(FIND).bind(tenant.to_string()).bind(id.to_string());
    query.fetch_optional(&mut *tx.connection).await
}

/// The tenant's plans, newest first, from those older than `before` on; of one app if given.
pub async fn list(
    db: &Db,
    tenant: TenantId,
    app: Option<AppId>,
    before: Option<PlanId>,
    limit: u32,
) -> Result<Vec<PlanRow>, StoreError> {
    let query = query_as(if app.is_some() { LIST_OF_APP } else { LIST });
    let query = query.bind(tenant.to_string()).bind(super::before(before)).bind(signed(limit.into()));
    let query = match app {
        Some(app) => query.bind(app.to_string()),
        None => query,
    };
    query.fetch_all(&db.pool).await
}
