//! Plans: templates that licenses are issued from.

use std::collections::HashSet;

use sealgate_artifact::{self as artifact, Code, MaxDevices, PlanId, Slug, Tier};
use sealgate_authority::{AuthorityError, stored};
use sealgate_store::table::{self, AuditRow, PlanRow, Terms};
use sealgate_store::{StoreError, Tx, Work};
use sealgate_wire::{
    AllowancesChange, AppQuery, Conditions, CreatePlan, Feature, Limit, OfflineChange, Page, PlanView, Seats,
    Timestamp, UpdatePlan,
};
use serde_json::json;

use crate::desk::Desk;
use crate::duration::Duration;
use crate::keys::signed_form_of;
use crate::page::Part;
use crate::slugs::{self, Among, NewSlug};
use crate::{Caller, check, conditions, named, sets, slugged, trial};

/// The vendor's plans.
pub struct Plans {
    desk: Desk,
}

impl Plans {
    pub(crate) fn new(desk: Desk) -> Self {
        Self { desk }
    }

    /// Creates a plan.
    pub async fn create(&self, caller: &Caller, request: &CreatePlan) -> Result<PlanView, AuthorityError> {
        let created = self.desk.once(caller, || self.prepare(caller, request)).await?;
        slugged::named(&self.desk, caller, created).await
    }

    async fn prepare(&self, caller: &Caller, request: &CreatePlan) -> Result<InsertPlan, AuthorityError> {
        let app = named::app_or_only(&self.desk, caller, request.app_id.as_deref()).await?;
        let slug = NewSlug::of(request.slug.as_deref(), &request.name)?;
        let mut plan = PlanRow {
            id: self.desk.ids.fresh(PlanId::new),
            tenant: caller.tenant,
            app: app.id,
            name: request.name.clone(),
            slug: None,
            terms: Terms {
                tier: Tier::Free,
                features: "[]".to_owned(),
                limits: "[]".to_owned(),
                max_devices: MaxDevices::Limited(1),
                files: false,
                conditions: artifact::Conditions::default(),
                trial: None,
            },
            duration: None,
            variables: "{}".to_owned(),
            licensee: "[]".to_owned(),
            created_at: self.desk.ids.now(),
        };
        apply(&as_update(request), &mut plan)?;
        let detail = json!({ "app": app.id.to_string(), "name": plan.name });
        let audit = self.desk.audit(caller, "plan.created", plan.id.to_string(), &detail);
        Ok(InsertPlan { plan, slug, audit })
    }

    /// The tenant's plan of that id.
    pub async fn show(&self, caller: &Caller, id: &str) -> Result<PlanView, AuthorityError> {
        let shown = view(&named::plan(&self.desk, caller, id, None).await?)?;
        slugged::named(&self.desk, caller, shown).await
    }

    /// The tenant's plans, newest first; of one app if given.
    pub async fn list(&self, caller: &Caller, query: &AppQuery) -> Result<Page<PlanView>, AuthorityError> {
        let app = match &query.app_id {
            Some(app) => Some(named::app_id(&self.desk, caller, app).await?),
            None => None,
        };
        let list = app.map_or_else(|| "plans".to_owned(), |app| format!("plans-{app}"));
        let part = Part::new(list, query.cursor.as_deref(), query.limit, PlanId::parse)?;
        let part = part.or_count(query.count);
        let rows = |after, most| table::plans::list(&self.desk.db, caller.tenant, app, after, most);
        let mut page = part.read(rows, |row| row.id, view).await?;
        slugged::name(&self.desk, caller, &mut page.items).await?;
        Ok(page)
    }

    /// Changes a plan. Licenses that were issued from it keep their terms.
    pub async fn update(
        &self,
        caller: &Caller,
        id: &str,
        request: &UpdatePlan,
    ) -> Result<PlanView, AuthorityError> {
        let prepare = || async {
            let plan = named::plan(&self.desk, caller, id, None).await?;
            apply(request, &mut plan.clone())?;
            let detail = serde_json::to_value(request).expect("a request can be written");
            let audit = self.desk.audit(caller, "plan.updated", plan.id.to_string(), &detail);
            Ok(ChangePlan { id: plan.id, request: request.clone(), audit })
        };
        let changed = view(&self.desk.retry_for(caller, prepare).await?)?;
        slugged::named(&self.desk, caller, changed).await
    }
}

/// A new plan is an empty one that is changed.
fn as_update(request: &CreatePlan) -> UpdatePlan {
    UpdatePlan {
        name: Some(request.name.clone()),
        tier: Some(request.tier.clone()),
        replace_features: request.features.clone(),
        replace_limits: request.limits.clone(),
        replace_variables: request.variables.clone(),
        max_devices: request.max_devices,
        duration: Some(request.duration.clone()),
        trial: Some(request.trial),
        files: request.files,
        policy: request.policy.clone().map(Some),
        max_instances: request.max_instances.map(Some),
        offline: request.offline.map(|offline| {
            let (pool, journal_days) = (Some(offline.pool), Some(offline.journal_days));
            Some(OfflineChange { days: Some(offline.days), pool, journal_days })
        }),
        allowances: request.allowances.map(|allowed| {
            let (releases, replacements) = (Some(allowed.releases), Some(allowed.replacements));
            Some(AllowancesChange { releases, replacements })
        }),
        licensee: request.licensee.clone(),
        ..UpdatePlan::default()
    }
}

fn apply(request: &UpdatePlan, plan: &mut PlanRow) -> Result<(), AuthorityError> {
    let invalid = |field, why| AuthorityError::Invalid { field, why };
    let before = plan.clone();
    if let Some(name) = &request.name {
        plan.name = check::name(name)?;
    }
    if let Some(slug) = &request.slug {
        plan.slug = slugs::given(slug)?;
    }
    if let Some(tier) = &request.tier {
        let known = Tier::parse(tier);
        plan.terms.tier = known.ok_or_else(|| invalid("tier", "free, licensed or enterprise"))?;
    }
    if let Some(Seats(seats)) = request.max_devices {
        plan.terms.max_devices = seats;
    }
    if let Some(duration) = &request.duration {
        if let Some(duration) = duration {
            Duration::parse(duration)
                .ok_or_else(|| invalid("duration", "such as 365d, 3m or 1y, within a hundred years"))?;
        }
        // The sign says nothing: it is kept in one spelling.
        plan.duration = duration.as_ref().map(|text| text.strip_prefix('+').unwrap_or(text).to_owned());
    }
    if let Some(wish) = request.trial {
        plan.terms.trial = wish.map(trial::parse).transpose()?;
    }
    if let Some(files) = request.files {
        plan.terms.files = files;
    }
    plan.terms.conditions = conditions::changed(&plan.terms.conditions, &request.conditions())?;
    if let Some(fields) = &request.licensee {
        let distinct: HashSet<_> = fields.iter().collect();
        if distinct.len() < fields.len() {
            return Err(invalid("licensee", "name, company and email, each at most once"));
        }
        plan.licensee = serde_json::to_string(fields).expect("names can be written");
    }
    needs_no_server(request, plan)?;
    apply_sets(request, plan)?;
    if (&plan.terms, &plan.variables) == (&before.terms, &before.variables) {
        Ok(())
    } else {
        plan_fits(plan, request)
    }
}

/// A trial always needs a server. What is named is what somebody wants; what a plan said before it could be refused stays as it
/// is.
fn needs_no_server(request: &UpdatePlan, plan: &PlanRow) -> Result<(), AuthorityError> {
    let invalid = |field, why| Err(AuthorityError::Invalid { field, why });
    if plan.terms.trial.is_none() {
        return Ok(());
    }
    conditions::unless_trial(&plan.terms, &request.conditions())?;
    if request.files == Some(true) {
        return invalid("files", "false: a license that is a trial is never handed out as a file");
    }
    if (request.trial.is_some() || request.files.is_some()) && plan.terms.files {
        let why = "none, or a plan without files: a license that is a trial is never handed out as a file";
        return invalid("trial", why);
    }
    if request.trial.is_some() && plan.terms.conditions.offline.is_some() {
        let why = "none, or a plan without `offline`: a license that is a trial never goes to machines without a network";
        return invalid("trial", why);
    }
    Ok(())
}

fn apply_sets(request: &UpdatePlan, plan: &mut PlanRow) -> Result<(), AuthorityError> {
    let features = sets::Change {
        merge: request.features.as_deref(),
        remove: request.remove_features.as_deref(),
        replace: request.replace_features.as_deref(),
    };
    plan.terms.features = sets::features(&plan.terms.features, &features)?;
    let limits = sets::Change {
        merge: request.limits.as_deref(),
        remove: request.remove_limits.as_deref(),
        replace: request.replace_limits.as_deref(),
    };
    plan.terms.limits = sets::limits(&plan.terms.limits, &limits)?;
    let variables = sets::Change {
        merge: request.variables.as_ref(),
        remove: request.remove_variables.as_deref(),
        replace: request.replace_variables.as_ref(),
    };
    plan.variables = sets::variables(&plan.variables, &variables)?;
    Ok(())
}

/// A license that has the plan's terms and nothing else can be signed. Where it cannot, the longest that the request gives is
/// named, or else the longest of them.
fn plan_fits(plan: &PlanRow, request: &UpdatePlan) -> Result<(), AuthorityError> {
    let Err(excess) = signed_form_of(plan)?.room() else { return Ok(()) };
    let is_given = |merge: bool, replace: bool| merge || replace;
    let sets = [
        (
            "features",
            is_given(request.features.is_some(), request.replace_features.is_some()),
            plan.terms.features.len(),
        ),
        (
            "limits",
            is_given(request.limits.is_some(), request.replace_limits.is_some()),
            plan.terms.limits.len(),
        ),
        (
            "variables",
            is_given(request.variables.is_some(), request.replace_variables.is_some()),
            plan.variables.len(),
        ),
    ];
    let parts = || sets.into_iter().chain(conditions::given(&plan.terms.conditions, &request.conditions()));
    let any = || conditions::longest(parts().map(|(field, _, bytes)| (field, true, bytes)));
    let field = conditions::longest(parts()).or_else(any).unwrap_or("plan");
    Err(AuthorityError::TooLarge { field, excess })
}

fn view(plan: &PlanRow) -> Result<PlanView, AuthorityError> {
    let Conditions { policy, max_instances, offline, allowances } = Conditions::of(&plan.terms.conditions);
    Ok(PlanView {
        plan_id: plan.id.to_string(),
        app_id: plan.app.to_string(),
        app: None,
        name: plan.name.clone(),
        slug: plan.slug.as_ref().map(Slug::to_string),
        tier: plan.terms.tier.as_str().to_owned(),
        features: stored::<Vec<Feature>>(&plan.terms.features)?,
        limits: stored::<Vec<Limit>>(&plan.terms.limits)?,
        max_devices: Seats(plan.terms.max_devices),
        duration: plan.duration.clone(),
        trial: plan.terms.trial.map(trial::view),
        files: plan.terms.files,
        policy,
        max_instances,
        offline,
        allowances,
        variables: stored(&plan.variables)?,
        licensee: stored(&plan.licensee)?,
        created_at: Timestamp(plan.created_at),
    })
}

struct InsertPlan {
    /// Without its slug.
    plan: PlanRow,
    slug: NewSlug,
    audit: AuditRow,
}

impl Work for InsertPlan {
    type Output = PlanView;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<PlanView, AuthorityError> {
        let app = self.plan.app;
        unless_named(tx, &self.plan).await?;
        let slug = self.slug.choose(tx, Among::Plans(self.plan.tenant, app)).await?;
        let plan = PlanRow { slug, ..self.plan.clone() };
        unless_overtaken(table::plans::insert(tx, &plan).await)?;
        table::audit::insert(tx, &self.audit).await?;
        view(&plan)
    }
}

struct ChangePlan {
    id: PlanId,
    request: UpdatePlan,
    audit: AuditRow,
}

impl Work for ChangePlan {
    type Output = PlanRow;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<PlanRow, AuthorityError> {
        let before = table::plans::find(&mut *tx, self.audit.tenant, self.id).await?;
        let before = before.ok_or_else(|| AuthorityError::unknown("plan", &self.id.to_string()))?;
        let mut plan = before.clone();
        apply(&self.request, &mut plan)?;
        if plan.name != before.name {
            unless_named(tx, &plan).await?;
        }
        if plan.slug != before.slug {
            Among::Plans(plan.tenant, plan.app).unless_taken(tx, plan.slug.as_ref()).await?;
        }
        if plan != before {
            unless_overtaken(table::plans::store(tx, &plan).await)?;
            table::audit::insert(tx, &self.audit).await?;
        }
        Ok(plan)
    }
}

/// A name belongs to one plan of the app.
async fn unless_named(tx: &mut Tx<'_>, plan: &PlanRow) -> Result<(), AuthorityError> {
    let is_named = table::plans::is_named(tx, plan.app, &plan.name).await?;
    if is_named { Err(AuthorityError::Refused(Code::NameTaken)) } else { Ok(()) }
}

/// Another process may have been faster, with the name or the slug.
fn unless_overtaken(stored: Result<(), StoreError>) -> Result<(), AuthorityError> {
    match stored {
        Err(StoreError::Duplicate) => Err(AuthorityError::Superseded),
        done => Ok(done?),
    }
}
