//! Plans.

use crate::columns::signed;
use crate::sql::{Query, query};
use crate::{PlanRow, StoreError, Tx, statements};

statements! {
    INSERT = "INSERT INTO plans (plan_id, name, tier, features, limits, max_devices, duration_days, offline, policy, \
              releases_per_seat, tenant_id, app_id, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    STORE = "UPDATE plans SET name = $2, tier = $3, features = $4, limits = $5, max_devices = $6, duration_days = $7, \
             offline = $8, policy = $9, releases_per_seat = $10 WHERE plan_id = $1";
}

/// Adds a plan; [`StoreError::Duplicate`] when the app has one of that name.
pub async fn insert(tx: &mut Tx<'_>, plan: &PlanRow) -> Result<(), StoreError> {
    let query = with_terms(INSERT, plan).bind(plan.tenant.to_string()).bind(plan.app.to_string());
    query.bind(signed(plan.created_at.get())).execute(&mut *tx.connection).await?;
    Ok(())
}

/// Stores a plan's new state; [`StoreError::Duplicate`] when the app has another of its name.
pub async fn store(tx: &mut Tx<'_>, plan: &PlanRow) -> Result<(), StoreError> {
    with_terms(STORE, plan).execute(&mut *tx.connection).await?;
    Ok(())
}

/// The first ten parameters of both statements.
fn with_terms(statement: &'static str, plan: &PlanRow) -> Query {
    let terms = &plan.terms;
    query(statement)
        .bind(plan.id.to_string())
        .bind(&plan.name)
        .bind(terms.tier.as_str())
        .bind(&terms.features)
        .bind(&terms.limits)
        .bind(terms.max_devices.seats().map(i64::from))
        .bind(plan.duration_days.map(i64::from))
        .bind(i64::from(terms.offline))
        .bind(&plan.policy)
        .bind(i64::from(terms.releases_per_seat))
}
