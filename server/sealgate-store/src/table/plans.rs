//! Plans.

use sealgate_artifact::{AppId, PlanId, Slug, TenantId, UnixSeconds};

use super::Terms;
use super::page::{filtered, page};
use crate::columns::{optional, parsed, signed, time};
use crate::sql::{FromRow, Query, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

macro_rules! select_plan {
    ($rest:literal) => {
        concat!(
            "SELECT plan_id, tenant_id, app_id, name, slug, tier, features, limits, max_devices, duration, ",
            "files, conditions, trial_days, trial_per, variables, licensee, created_at FROM plans ",
            $rest
        )
    };
}

statements! {
    FIND = select_plan!("WHERE tenant_id = $1 AND plan_id = $2");
    NAMED = "SELECT COUNT(*) FROM plans WHERE app_id = $1 AND name = $2";
    OF_APP_BY_SLUG = select_plan!("WHERE tenant_id = $1 AND slug = $2 AND app_id = $3");
    BY_SLUG = select_plan!("WHERE tenant_id = $1 AND slug = $2 ORDER BY app_id LIMIT 2");
    LIST = select_plan!("WHERE tenant_id = $1 AND plan_id < $2 ORDER BY plan_id DESC LIMIT $3");
    LIST_OF_APP = select_plan!(
        "WHERE tenant_id = $1 AND app_id = $4 AND plan_id < $2 ORDER BY plan_id DESC LIMIT $3"
    );
    INSERT = "INSERT INTO plans (plan_id, name, tier, features, limits, max_devices, duration, files, \
              conditions, trial_days, trial_per, variables, licensee, slug, tenant_id, app_id, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    STORE = "UPDATE plans SET name = $2, tier = $3, features = $4, limits = $5, max_devices = $6, duration = $7, \
             files = $8, conditions = $9, trial_days = $10, trial_per = $11, variables = $12, licensee = $13, \
             slug = $14 WHERE plan_id = $1";
}

/// A template that licenses are issued from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct PlanRow {
    pub id: PlanId,
    pub tenant: TenantId,
    pub app: AppId,
    /// Unique for the app.
    pub name: String,
    /// What people write in the place of its id, unique for the app.
    pub slug: Option<Slug>,
    pub terms: Terms,
    /// How long a license lasts, such as `365d` or `1y`; `None` forever.
    pub duration: Option<String>,
    /// What running software is given, as JSON.
    pub variables: String,
    /// Which of the customer's name, company and email a license says, as JSON.
    pub licensee: String,
    pub created_at: UnixSeconds,
}

impl FromRow for PlanRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(row, "plan_id", |t| PlanId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            name: row.get("name")?,
            slug: optional(row, "slug", Slug::parse)?,
            terms: Terms::from_row(row)?,
            duration: row.get("duration")?,
            variables: row.get("variables")?,
            licensee: row.get("licensee")?,
            created_at: time(row, "created_at")?,
        })
    }
}

/// The tenant's plan with this id.
pub async fn find(on: impl Read, tenant: TenantId, id: PlanId) -> Result<Option<PlanRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(on).await
}

/// Whether the app has a plan of this name.
pub async fn is_named(on: impl Read, app: AppId, name: &str) -> Result<bool, StoreError> {
    let row = query(NAMED).bind(app.to_string()).bind(name).fetch_one(on).await?;
    Ok(row.get::<i64>(0)? > 0)
}

/// The app's plan with this slug.
pub async fn of_app_by_slug(
    on: impl Read,
    tenant: TenantId,
    app: AppId,
    slug: &Slug,
) -> Result<Option<PlanRow>, StoreError> {
    let query = query_as(OF_APP_BY_SLUG).bind(tenant.to_string()).bind(slug.as_str());
    query.bind(app.to_string()).fetch_optional(on).await
}

/// The tenant's plans with this slug, in whatever app: two of them, if there are more.
pub async fn by_slug(on: impl Read, tenant: TenantId, slug: &Slug) -> Result<Vec<PlanRow>, StoreError> {
    query_as(BY_SLUG).bind(tenant.to_string()).bind(slug.as_str()).fetch_all(on).await
}

/// The tenant's plans, or those of one app, newest first, starting with those older than `before`.
pub async fn list(
    on: impl Read,
    tenant: TenantId,
    app: Option<AppId>,
    before: Option<PlanId>,
    limit: u32,
) -> Result<Vec<PlanRow>, StoreError> {
    page(filtered(LIST, LIST_OF_APP, app), tenant, before, limit).fetch_all(on).await
}

/// Adds a plan; [`StoreError::Duplicate`] if the app has one of that name or slug.
pub async fn insert(tx: &mut Tx<'_>, plan: &PlanRow) -> Result<(), StoreError> {
    let query = with_state(INSERT, plan).bind(plan.tenant.to_string()).bind(plan.app.to_string());
    query.bind(signed(plan.created_at.get())).execute(tx).await?;
    Ok(())
}

/// Stores a plan's new state; [`StoreError::Duplicate`] if the app has another of that name or slug.
pub async fn store(tx: &mut Tx<'_>, plan: &PlanRow) -> Result<(), StoreError> {
    with_state(STORE, plan).execute(tx).await?;
    Ok(())
}

/// The first fourteen parameters of both statements.
fn with_state(statement: &'static str, plan: &PlanRow) -> Query {
    let terms = &plan.terms;
    query(statement)
        .bind(plan.id.to_string())
        .bind(&plan.name)
        .bind(terms.tier.as_str())
        .bind(&terms.features)
        .bind(&terms.limits)
        .bind(terms.max_devices.seats().map(i64::from))
        .bind(plan.duration.clone())
        .bind(i64::from(terms.files))
        .bind(terms.conditions.to_text())
        .bind(terms.trial.map(|trial| i64::from(trial.days)))
        .bind(terms.trial.map(|trial| trial.per.as_str().to_owned()))
        .bind(&plan.variables)
        .bind(&plan.licensee)
        .bind(plan.slug.as_ref().map(Slug::to_string))
}
