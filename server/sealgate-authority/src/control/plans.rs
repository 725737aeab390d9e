//! Plans: templates that licenses are issued from.

use sealgate_artifact::{AppId, Code, MaxDevices, PlanId, Tier};
use sealgate_store::{AuditRow, PlanRow, StoreError, Terms, Tx, Work, read, write};
use sealgate_wire::{
    AppQuery, CreatePlan, Feature, Limit, Page, PlanView, Policy, Seats, Timestamp, UpdatePlan,
};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::check;
use super::page::Part;
use crate::{Authority, AuthorityError, Caller};

const DAYS: std::ops::RangeInclusive<u32> = 1..=36_500;
const RELEASES: u32 = 1_000;
/// Early releases of a seat within a year, where nobody says otherwise.
pub(super) const RELEASES_PER_SEAT: u32 = 2;

/// Creates a plan.
pub async fn create_plan(
    a: &Authority,
    caller: &Caller,
    wish: &CreatePlan,
) -> Result<PlanView, AuthorityError> {
    if let Some(done) = a.answered(caller).await? {
        return Ok(done);
    }
    let app = super::apps::find(a, caller, &wish.app_id).await?;
    let (millis, random) = a.new_id();
    let mut plan = PlanRow {
        id: PlanId::new(millis, random),
        tenant: caller.tenant,
        app: app.id,
        name: wish.name.clone(),
        terms: Terms {
            tier: Tier::Free,
            features: "[]".to_owned(),
            limits: "[]".to_owned(),
            max_devices: MaxDevices::Limited(1),
            offline: false,
            releases_per_seat: RELEASES_PER_SEAT,
        },
        duration_days: None,
        policy: String::new(),
        created_at: a.now(),
    };
    let wish = UpdatePlan {
        name: Some(wish.name.clone()),
        tier: Some(wish.tier.clone()),
        features: wish.features.clone(),
        limits: wish.limits.clone(),
        max_devices: wish.max_devices,
        duration_days: Some(wish.duration_days),
        offline: wish.offline,
        policy: Some(wish.policy.clone().unwrap_or_default()),
        releases_per_seat: wish.releases_per_seat,
    };
    apply(&wish, &mut plan)?;
    let detail = json!({ "app": app.id.to_string(), "name": plan.name });
    let audit = a.audit_row(caller, "plan.created", plan.id.to_string(), &detail);
    a.commit_once(caller, InsertPlan { plan, audit }).await
}

/// The tenant's plan of that id.
pub async fn show_plan(a: &Authority, caller: &Caller, id: &str) -> Result<PlanView, AuthorityError> {
    view(&find(a, caller, id).await?)
}

/// The tenant's plans, newest first; of one app if given.
pub async fn list_plans(
    a: &Authority,
    caller: &Caller,
    query: &AppQuery,
) -> Result<Page<PlanView>, AuthorityError> {
    let app = query.app_id.as_deref().map(AppId::parse).transpose();
    let app = app.map_err(|_| AuthorityError::Refused(Code::NotFound))?;
    let list = app.map_or_else(|| "plans".to_owned(), |app| format!("plans-{app}"));
    let part = Part::new(list, query.cursor.as_deref(), query.limit, PlanId::parse)?;
    let rows = read::plans::list(&a.db, caller.tenant, app, part.after, part.rows()).await?;
    let page = part.page(rows, |row| row.id.to_string(), view);
    let items = page.items.into_iter().collect::<Result<_, _>>()?;
    Ok(Page { items, next_cursor: page.next_cursor })
}

/// Changes a plan. Licenses that were issued from it keep their terms.
pub async fn update_plan(
    a: &Authority,
    caller: &Caller,
    id: &str,
    wish: &UpdatePlan,
) -> Result<PlanView, AuthorityError> {
    let plan = find(a, caller, id).await?;
    apply(wish, &mut plan.clone())?;
    let detail = serde_json::to_value(wish).expect("a wish can be written");
    let audit = a.audit_row(caller, "plan.updated", plan.id.to_string(), &detail);
    view(&a.db.write(ChangePlan { id: plan.id, wish: wish.clone(), audit }).await?)
}

/// The tenant's plan of that id, as it is stored.
pub(super) async fn find(a: &Authority, caller: &Caller, id: &str) -> Result<PlanRow, AuthorityError> {
    let unknown = || AuthorityError::Refused(Code::NotFound);
    let id = PlanId::parse(id).map_err(|_| unknown())?;
    read::plans::find(&a.db, caller.tenant, id).await?.ok_or_else(unknown)
}

/// What was stored as JSON.
pub(crate) fn stored<T: DeserializeOwned>(text: &str) -> Result<T, AuthorityError> {
    serde_json::from_str(text).map_err(|_| AuthorityError::Refused(Code::SystemError))
}

fn apply(wish: &UpdatePlan, plan: &mut PlanRow) -> Result<(), AuthorityError> {
    let invalid = |field, why| AuthorityError::Invalid { field, why };
    if let Some(name) = &wish.name {
        check::name(name)?;
        plan.name.clone_from(name);
    }
    if let Some(tier) = &wish.tier {
        let known = Tier::parse(tier);
        plan.terms.tier = known.ok_or_else(|| invalid("tier", "free, licensed or enterprise"))?;
    }
    if let Some(features) = &wish.features {
        check::features(features)?;
        plan.terms.features = serde_json::to_string(features).expect("texts can be written");
    }
    if let Some(limits) = &wish.limits {
        check::limits(limits)?;
        plan.terms.limits = serde_json::to_string(limits).expect("numbers can be written");
    }
    if let Some(Seats(seats)) = wish.max_devices {
        plan.terms.max_devices = seats;
    }
    if let Some(days) = wish.duration_days {
        if days.is_some_and(|days| !DAYS.contains(&days)) {
            return Err(invalid("duration_days", "1 to 36,500"));
        }
        plan.duration_days = days;
    }
    if let Some(offline) = wish.offline {
        plan.terms.offline = offline;
    }
    if let Some(policy) = &wish.policy {
        check_policy(policy)?;
        plan.policy = serde_json::to_string(policy).expect("a policy can be written");
    }
    if let Some(releases) = wish.releases_per_seat {
        if releases > RELEASES {
            return Err(invalid("releases_per_seat", "0 to 1,000"));
        }
        plan.terms.releases_per_seat = releases;
    }
    Ok(())
}

fn check_policy(policy: &Policy) -> Result<(), AuthorityError> {
    if !(1..=44_640).contains(&policy.heartbeat_minutes) || policy.grace_hours > 8_760 {
        let why = "heartbeat_minutes from 1 to 44,640, grace_hours from 0 to 8,760";
        return Err(AuthorityError::Invalid { field: "policy", why });
    }
    Ok(())
}

fn view(plan: &PlanRow) -> Result<PlanView, AuthorityError> {
    Ok(PlanView {
        plan_id: plan.id.to_string(),
        app_id: plan.app.to_string(),
        name: plan.name.clone(),
        tier: plan.terms.tier.as_str().to_owned(),
        features: stored::<Vec<Feature>>(&plan.terms.features)?,
        limits: stored::<Vec<Limit>>(&plan.terms.limits)?,
        max_devices: Seats(plan.terms.max_devices),
        duration_days: plan.duration_days,
        offline: plan.terms.offline,
        policy: stored(&plan.policy)?,
        releases_per_seat: plan.terms.releases_per_seat,
        created_at: Timestamp(plan.created_at),
    })
}

struct InsertPlan {
    plan: PlanRow,
    audit: AuditRow,
}

impl Work for InsertPlan {
    type Output = PlanView;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<PlanView, AuthorityError> {
        unless_taken(write::plans::insert(tx, &self.plan).await)?;
        write::records::audit(tx, &self.audit).await?;
        view(&self.plan)
    }
}

struct ChangePlan {
    id: PlanId,
    wish: UpdatePlan,
    audit: AuditRow,
}

impl Work for ChangePlan {
    type Output = PlanRow;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<PlanRow, AuthorityError> {
        let before = read::plans::current(tx, self.audit.tenant, self.id).await?;
        let before = before.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let mut plan = before.clone();
        apply(&self.wish, &mut plan)?;
        if plan != before {
            unless_taken(write::plans::store(tx, &plan).await)?;
            write::records::audit(tx, &self.audit).await?;
        }
        Ok(plan)
    }
}

fn unless_taken(stored: Result<(), StoreError>) -> Result<(), AuthorityError> {
    match stored {
        Err(StoreError::Duplicate) => Err(AuthorityError::Refused(Code::NameTaken)),
        done => Ok(done?),
    }
}
