//! `sealgate plan`.

use std::path::Path;

use sealgate_artifact::{Code, PlanId};
use sealgate_wire::{CreatePlan, LicenseeField, PlanView, Policy, Seats, Trial, UpdatePlan};

use super::sets;
use crate::args::{CreatePlanArgs, Global, PlanCommand, TermsArgs, UpdatePlanArgs};
use crate::client::{Client, segment};
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, feature_list, seat_count, trial};

pub(crate) fn run(global: &Global, command: &PlanCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let plan: PlanView = match command {
        PlanCommand::Create(args) => client.post_once("/api/v1/plans", &creation(args)?)?,
        PlanCommand::List { app } => return list(&client, app.as_deref(), output),
        PlanCommand::Show { plan_id } => client.get(&format!("/api/v1/plans/{}", id(plan_id)?))?,
        PlanCommand::Update(args) => return update(&client, args, output),
    };
    output.result(&plan, print);
    Ok(())
}

/// A plan id as part of a path or a request: nothing else gets there.
pub(crate) fn id(plan_id: &str) -> Result<PlanId, Failure> {
    PlanId::parse(plan_id)
        .map_err(|e| Failure::from(e).fix("give the plan id that `sealgate plan list` shows"))
}

fn update(client: &Client, args: &UpdatePlanArgs, output: &Output) -> Result<(), Failure> {
    let path = format!("/api/v1/plans/{}", id(&args.plan_id)?);
    let wish = change(args)?;
    let before: PlanView = client.get(&path)?;
    let after: PlanView = client.patch(&path, &wish)?;
    output.result(&after, |after| {
        print(after);
        sets::say_differences(&differences(&before, after));
    });
    Ok(())
}

fn differences(before: &PlanView, after: &PlanView) -> Vec<String> {
    let features = (sets::of_features(&before.features), sets::of_features(&after.features));
    let limits = (sets::of_limits(&before.limits), sets::of_limits(&after.limits));
    let variables = (sets::of_variables(&before.variables), sets::of_variables(&after.variables));
    let mut lines = sets::differences("features", &features.0, &features.1);
    lines.extend(sets::differences("limits", &limits.0, &limits.1));
    lines.extend(sets::differences("variables", &variables.0, &variables.1));
    lines
}

fn creation(args: &CreatePlanArgs) -> Result<CreatePlan, Failure> {
    let terms = terms(&args.terms)?;
    Ok(CreatePlan {
        app_id: segment(&args.app)?.to_string(),
        name: args.name.clone(),
        tier: args.tier.clone(),
        features: terms.features,
        limits: terms.limits,
        max_devices: terms.max_devices,
        duration: terms.duration.flatten(),
        trial: terms.trial.flatten(),
        offline: terms.offline,
        policy: terms.policy,
        releases_per_seat: terms.releases_per_seat,
        variables: terms.variables,
        licensee: terms.licensee,
    })
}

fn change(args: &UpdatePlanArgs) -> Result<UpdatePlan, Failure> {
    let terms = terms(&args.terms)?;
    let offline = if args.no_offline { Some(false) } else { terms.offline };
    let (features, replace_features) = sets::merge_or_replace(terms.features, args.replace);
    let (limits, replace_limits) = sets::merge_or_replace(terms.limits, args.replace);
    let (variables, replace_variables) = sets::merge_or_replace(terms.variables, args.replace);
    Ok(UpdatePlan {
        name: args.name.clone(),
        tier: args.tier.clone(),
        offline,
        features,
        remove_features: sets::names(&args.remove_feature),
        replace_features,
        limits,
        remove_limits: sets::names(&args.remove_limit),
        replace_limits,
        variables,
        remove_variables: sets::names(&args.remove_var),
        replace_variables,
        ..terms
    })
}

fn terms(args: &TermsArgs) -> Result<UpdatePlan, Failure> {
    let variables = sets::all(&args.var, sets::variable)?;
    Ok(UpdatePlan {
        features: sets::all(&args.feature, |text| Ok(sets::feature(text)))?,
        limits: sets::all(&args.limit, sets::limit)?,
        variables: variables.map(|list| list.into_iter().collect()),
        max_devices: args.max_devices.map(Seats),
        duration: args.duration.clone().map(|duration| duration.0),
        trial: args
            .trial
            .map(|wish| wish.0.map(|days| Trial { days, per: args.trial_per.unwrap_or_default() })),
        offline: args.offline.then_some(true),
        policy: args.policy.as_deref().map(policy).transpose()?,
        releases_per_seat: args.releases,
        licensee: (!args.licensee.is_empty()).then(|| licensee_fields(&args.licensee)),
        ..UpdatePlan::default()
    })
}

/// `none` is what stands for no field.
fn licensee_fields(names: &[String]) -> Vec<LicenseeField> {
    let field = |name: &String| match name.as_str() {
        "name" => Some(LicenseeField::Name),
        "company" => Some(LicenseeField::Company),
        "email" => Some(LicenseeField::Email),
        _ => None,
    };
    names.iter().filter_map(field).collect()
}

fn policy(path: &Path) -> Result<Policy, Failure> {
    let unusable = |why: String| {
        Failure::new(Code::FileUnreadable, format!("{}: {why}", path.display()))
            .fix(r#"write JSON as in {"heartbeat": true, "grace_hours": 72}"#)
    };
    let bytes = files::read(path).map_err(|e| unusable(e.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|e| unusable(e.to_string()))
}

fn list(client: &Client, app: Option<&str>, output: &Output) -> Result<(), Failure> {
    let path = match app {
        Some(app) => format!("/api/v1/plans?limit=200&app_id={}", segment(app)?),
        None => "/api/v1/plans?limit=200".to_owned(),
    };
    let plans: Vec<PlanView> = client.get_all(&path)?;
    output.result(&plans, |plans| {
        let row = |p: &PlanView| {
            vec![p.plan_id.clone(), p.name.clone(), p.tier.clone(), seat_count(p.max_devices), lasts(p)]
        };
        Output::table(&["PLAN", "NAME", "TIER", "SEATS", "LASTS"], plans.iter().map(row));
    });
    Ok(())
}

fn print(plan: &PlanView) {
    let licensee: Vec<String> =
        plan.licensee.iter().map(|field| format!("{field:?}").to_lowercase()).collect();
    let policy = &plan.policy;
    let heartbeat = if policy.heartbeat {
        let (minutes, hours) = (policy.heartbeat_minutes, policy.grace_hours);
        format!("every {minutes} minutes, grace {hours} hours; licenses do not carry it yet")
    } else {
        "none".to_owned()
    };
    let mut pairs = vec![
        ("plan", plan.plan_id.clone()),
        ("app", plan.app_id.clone()),
        ("name", plan.name.clone()),
        ("tier", plan.tier.clone()),
        ("features", feature_list(&plan.features)),
        ("limits", sets::list(&sets::of_limits(&plan.limits))),
        ("seats", seat_count(plan.max_devices)),
        ("releases", format!("{} per seat and year", plan.releases_per_seat)),
        ("lasts", lasts(plan)),
        ("trial", plan.trial.map(trial).unwrap_or_default()),
        ("offline", if plan.offline { "yes" } else { "no" }.to_owned()),
        ("heartbeat", heartbeat),
        ("variables", sets::list(&sets::of_variables(&plan.variables))),
        ("licensee", licensee.join(", ")),
        ("created", plan.created_at.to_string()),
    ];
    pairs.retain(|(_, value)| !value.is_empty());
    Output::pairs(&pairs);
}

fn lasts(plan: &PlanView) -> String {
    if let Some(wish) = plan.trial {
        return trial(wish);
    }
    plan.duration.clone().unwrap_or_else(|| "forever".to_owned())
}
