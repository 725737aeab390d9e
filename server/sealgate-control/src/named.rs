//! What a request names an app, a plan or a customer by: its id, its slug, and what else people may write in their place
//! (`spec/http.md` §3.18). Nothing else reads such a name.

use sealgate_artifact::{AppId, CustomerId, PlanId, Slug};
use sealgate_authority::AuthorityError;
use sealgate_store::table::customers::Searched;
use sealgate_store::table::{self, AppRow, CustomerRow, PlanRow};

use crate::check;
use crate::desk::Desk;
use crate::{Caller, Scope, words};

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
        let name = |app: &AppRow| app.slug.as_ref().map_or_else(|| app.id.to_string(), Slug::to_string);
        let mut names: Vec<String> = apps.iter().map(name).collect();
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
    let (app, plan) = match named.split_once('/') {
        Some((app, plan)) => (Some(self::app(desk, caller, app).await?.id), plan),
        None => (of, named),
    };
    let is_of_it = of.is_none() || of == app;
    match plan_in(desk, caller, plan, app).await? {
        Some(found) if is_of_it => Ok(found),
        Some(found) => Err(of_another(desk, caller, named, Some(found)).await?),
        None if app.is_some() => {
            let elsewhere = first_anywhere(desk, caller, plan).await?;
            Err(of_another(desk, caller, named, elsewhere).await?)
        }
        None => Err(AuthorityError::unknown("plan", named)),
    }
}

/// That the app has no such plan and, for who may see plans, that another app has one.
async fn of_another(
    desk: &Desk,
    caller: &Caller,
    named: &str,
    found: Option<PlanRow>,
) -> Result<AuthorityError, AuthorityError> {
    let unknown = AuthorityError::unknown("plan", named);
    let Some(plan) = found.filter(|_| caller.scopes.allow(Scope::PlansRead)) else { return Ok(unknown) };
    let app = table::apps::find(&desk.db, caller.tenant, plan.app).await?;
    let app = app.and_then(|app| app.slug).map_or_else(|| plan.app.to_string(), |slug| slug.to_string());
    let plan = plan.slug.map_or_else(|| plan.id.to_string(), |slug| slug.to_string());
    Ok(match unknown {
        AuthorityError::Unknown { named, .. } => {
            AuthorityError::PlanOfOther { named, is: format!("{app}/{plan}") }
        }
        other => other,
    })
}

/// A plan of that name, whichever app has it.
async fn first_anywhere(
    desk: &Desk,
    caller: &Caller,
    named: &str,
) -> Result<Option<PlanRow>, AuthorityError> {
    let (db, tenant) = (&desk.db, caller.tenant);
    match (PlanId::parse(named), Slug::parse(named)) {
        (Ok(id), _) => Ok(table::plans::find(db, tenant, id).await?),
        (_, Some(slug)) => Ok(table::plans::by_slug(db, tenant, &slug).await?.into_iter().next()),
        _ => Ok(None),
    }
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
        _ if named.contains('@') => with_email(desk, caller, named).await?,
        _ => None,
    };
    found.map(|customer| customer.id).ok_or_else(|| AuthorityError::unknown("customer", named))
}

/// The tenant's customer with this e-mail address, whatever the case. Nothing keeps two from having the same.
async fn with_email(
    desk: &Desk,
    caller: &Caller,
    email: &str,
) -> Result<Option<CustomerRow>, AuthorityError> {
    let email = words::composed(email.trim());
    let searched = (Searched::Email, email.as_str());
    // In the order of addresses: those that are exactly this one come first.
    let mut found = table::customers::search(&desk.db, caller.tenant, searched, None, 2).await?;
    let is_it = |text: &str| text.to_lowercase() == email.to_lowercase();
    found.retain(|customer| customer.email.as_deref().is_some_and(is_it));
    if found.len() > 1 {
        let why = "more than one customer has this e-mail address; name one by its id or slug";
        return Err(AuthorityError::Invalid { field: "customer_id", why });
    }
    Ok(found.pop())
}
