//! What a request names an app, a plan or a customer by: its id, its slug, and what else people may write in their place
//! (`spec/http.md` §3.18). Nothing else reads such a name.

use sealgate_artifact::{AppId, CustomerId, PlanId, Slug};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{self, AppRow, PlanRow};

use crate::check;
use crate::desk::Desk;
use crate::{Caller, Scope};

/// The tenant's only app.
const ONLY: &str = "-";
/// Before a customer's name in the vendor's own words.
const EXTERNAL: &str = "external:";
/// Apps of which one is to be named: how many of them an error lists.
const LISTED: u32 = 20;

/// The tenant's app of that name.
pub(crate) async fn app(desk: &Desk, caller: &Caller, named: &str) -> Result<AppRow, AuthorityError> {
    let (db, tenant) = (&desk.db, caller.tenant);
    let found = match (AppId::parse(named), Slug::parse(named)) {
        (Ok(id), _) => table::apps::find(db, tenant, id).await?,
        (_, Some(slug)) => table::apps::by_slug(db, tenant, &slug).await?,
        _ if named == ONLY => return only_app(desk, caller).await,
        _ => None,
    };
    found.ok_or_else(|| AuthorityError::unknown("app", named))
}

/// The app of that name, or the tenant's only one where none is named.
pub(crate) async fn app_or_only(
    desk: &Desk,
    caller: &Caller,
    named: Option<&str>,
) -> Result<AppRow, AuthorityError> {
    app(desk, caller, named.unwrap_or(ONLY)).await
}

/// The id of the app of that name. One that is given as an id is not looked up.
pub(crate) async fn app_id(desk: &Desk, caller: &Caller, named: &str) -> Result<AppId, AuthorityError> {
    match AppId::parse(named) {
        Ok(id) => Ok(id),
        Err(_) => app(desk, caller, named).await.map(|app| app.id),
    }
}

async fn only_app(desk: &Desk, caller: &Caller) -> Result<AppRow, AuthorityError> {
    let mut apps = table::apps::list(&desk.db, caller.tenant, None, LISTED).await?;
    if apps.len() > 1 {
        // Only who may see apps learns which there are.
        apps.retain(|_| caller.scopes.allow(Scope::AppsRead));
        let mut names: Vec<String> = apps.iter().map(shown).collect();
        names.sort();
        return Err(AuthorityError::SeveralApps(names));
    }
    apps.pop().ok_or(AuthorityError::NoApp)
}

/// The tenant's plan of that name, which is one of that app if there is an app. `app/plan` names both.
pub(crate) async fn plan(
    desk: &Desk,
    caller: &Caller,
    named: &str,
    of: Option<AppId>,
) -> Result<PlanRow, AuthorityError> {
    let unknown = || AuthorityError::unknown("plan", named);
    let (found, app) = match named.split_once('/') {
        None => (plan_in(desk, caller, named, of).await?, of),
        Some((app, plan)) => {
            let app = self::app(desk, caller, app).await?.id;
            (plan_in(desk, caller, plan, Some(app)).await?, Some(app))
        }
    };
    match (found, of) {
        (Some(plan), Some(of)) if plan.app != of => {
            Err(elsewhere(desk, caller, &[plan.app]).await?.unwrap_or_else(unknown))
        }
        (Some(plan), _) => Ok(plan),
        (None, _) if app != of || of.is_none() => Err(unknown()),
        (None, _) => {
            let apps = apps_with(desk, caller, named).await?;
            Err(elsewhere(desk, caller, &apps).await?.unwrap_or_else(unknown))
        }
    }
}

/// Which apps have a plan of that name.
async fn apps_with(desk: &Desk, caller: &Caller, named: &str) -> Result<Vec<AppId>, AuthorityError> {
    let (db, tenant) = (&desk.db, caller.tenant);
    let found = match (PlanId::parse(named), Slug::parse(named)) {
        (Ok(id), _) => table::plans::find(db, tenant, id).await?.into_iter().collect(),
        (_, Some(slug)) => table::plans::by_slug(db, tenant, &slug).await?,
        _ => vec![],
    };
    Ok(found.iter().take(LISTED as usize).map(|plan| plan.app).collect())
}

/// That other apps have the plan: for who may see apps and plans.
async fn elsewhere(
    desk: &Desk,
    caller: &Caller,
    apps: &[AppId],
) -> Result<Option<AuthorityError>, AuthorityError> {
    if !(caller.scopes.allow(Scope::AppsRead) && caller.scopes.allow(Scope::PlansRead)) {
        return Ok(None);
    }
    let mut names = Vec::new();
    for app in apps {
        let found = table::apps::find(&desk.db, caller.tenant, *app).await?;
        names.extend(found.as_ref().map(shown));
    }
    names.sort();
    Ok((!names.is_empty()).then_some(AuthorityError::PlanElsewhere(names)))
}

/// How people know an app.
fn shown(app: &AppRow) -> String {
    app.slug.as_ref().map_or_else(|| app.id.to_string(), Slug::to_string)
}

/// The id of the plan of that name. One that is given as an id is not looked up.
pub(crate) async fn plan_id(
    desk: &Desk,
    caller: &Caller,
    named: &str,
    of: Option<AppId>,
) -> Result<PlanId, AuthorityError> {
    match PlanId::parse(named) {
        Ok(id) => Ok(id),
        Err(_) => plan(desk, caller, named, of).await.map(|plan| plan.id),
    }
}

async fn plan_in(
    desk: &Desk,
    caller: &Caller,
    named: &str,
    of: Option<AppId>,
) -> Result<Option<PlanRow>, AuthorityError> {
    let (db, tenant) = (&desk.db, caller.tenant);
    if let Ok(id) = PlanId::parse(named) {
        let found = table::plans::find(db, tenant, id).await?;
        return Ok(found.filter(|plan| of.is_none_or(|app| app == plan.app)));
    }
    let Some(slug) = Slug::parse(named) else { return Ok(None) };
    if let Some(app) = of {
        return Ok(table::plans::of_app_by_slug(db, tenant, app, &slug).await?);
    }
    let mut found = table::plans::by_slug(db, tenant, &slug).await?;
    if found.len() > 1 {
        let why = "more than one app has a plan with this slug; name it as `app/plan`";
        return Err(AuthorityError::Invalid { field: "plan_id", why });
    }
    Ok(found.pop())
}

/// The id of the tenant's customer of that name, who may have been forgotten. One that is given as an id is not looked up.
pub(crate) async fn customer(
    desk: &Desk,
    caller: &Caller,
    named: &str,
) -> Result<CustomerId, AuthorityError> {
    let (db, tenant) = (&desk.db, caller.tenant);
    if let Ok(id) = CustomerId::parse(named) {
        return Ok(id);
    }
    let found = match (Slug::parse(named), named.strip_prefix(EXTERNAL)) {
        (Some(slug), _) => table::customers::by_slug(db, tenant, &slug).await?,
        (_, Some(external_id)) => {
            check::external_id(Some(external_id))?;
            table::customers::by_external_id(db, tenant, external_id).await?
        }
        _ => None,
    };
    found.map(|customer| customer.id).ok_or_else(|| AuthorityError::unknown("customer", named))
}
