//! `sealgate plan`.

use std::path::Path;

use sealgate_artifact::{Code, PlanId};
use sealgate_wire::{CreatePlan, Feature, LicenseeField, Limit, PlanView, Policy, Seats, UpdatePlan};

use crate::args::{CreatePlanArgs, Global, PlanCommand, TermsArgs, UpdatePlanArgs};
use crate::client::{Client, segment};
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, feature_list, seat_count};

pub(crate) fn run(global: &Global, command: &PlanCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let plan: PlanView = match command {
        PlanCommand::Create(args) => client.post_once("/api/v1/plans", &creation(args)?)?,
        PlanCommand::List { app } => return list(&client, app.as_deref(), output),
        PlanCommand::Show { plan_id } => client.get(&format!("/api/v1/plans/{}", id(plan_id)?))?,
        PlanCommand::Update(args) => {
            client.patch(&format!("/api/v1/plans/{}", id(&args.plan_id)?), &change(args)?)?
        }
    };
    output.result(&plan, print);
    Ok(())
}

/// A plan id as part of a path or a request: nothing else gets there.
pub(crate) fn id(plan_id: &str) -> Result<PlanId, Failure> {
    PlanId::parse(plan_id)
        .map_err(|e| Failure::from(e).fix("give the plan id that `sealgate plan list` shows"))
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
        offline: terms.offline,
        policy: terms.policy,
        releases_per_seat: terms.releases_per_seat,
        licensee: terms.licensee,
    })
}

fn change(args: &UpdatePlanArgs) -> Result<UpdatePlan, Failure> {
    let terms = terms(&args.terms)?;
    let offline = if args.no_offline { Some(false) } else { terms.offline };
    Ok(UpdatePlan { name: args.name.clone(), tier: args.tier.clone(), offline, ..terms })
}

fn terms(args: &TermsArgs) -> Result<UpdatePlan, Failure> {
    let features: Vec<Feature> = args.feature.iter().map(|text| feature(text)).collect();
    let limits = args.limit.iter().map(|text| limit(text)).collect::<Result<Vec<_>, _>>()?;
    Ok(UpdatePlan {
        features: (!features.is_empty()).then_some(features),
        limits: (!limits.is_empty()).then_some(limits),
        max_devices: args.max_devices.map(Seats),
        duration: args.duration.clone().map(|duration| duration.0),
        offline: args.offline.then_some(true),
        policy: args.policy.as_deref().map(policy).transpose()?,
        releases_per_seat: args.releases,
        licensee: (!args.licensee.is_empty()).then(|| licensee_fields(&args.licensee)),
        ..UpdatePlan::default()
    })
}

fn feature(text: &str) -> Feature {
    match text.split_once('=') {
        Some((name, value)) => Feature { name: name.to_owned(), value: Some(value.to_owned()) },
        None => Feature { name: text.to_owned(), value: None },
    }
}

fn limit(text: &str) -> Result<Limit, Failure> {
    let parts = text.split_once('=').and_then(|(name, value)| Some((name, value.parse().ok()?)));
    let (name, value) = parts.ok_or_else(|| {
        Failure::new(Code::MalformedRequest, format!("{text}: not a limit")).fix("give --limit projects=10")
    })?;
    Ok(Limit { name: name.to_owned(), value })
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
    let limits: Vec<String> = plan.limits.iter().map(|l| format!("{}={}", l.name, l.value)).collect();
    let licensee: Vec<String> =
        plan.licensee.iter().map(|field| format!("{field:?}").to_lowercase()).collect();
    let policy = &plan.policy;
    let heartbeat = if policy.heartbeat {
        format!("every {} minutes, grace {} hours", policy.heartbeat_minutes, policy.grace_hours)
    } else {
        "none".to_owned()
    };
    let mut pairs = vec![
        ("plan", plan.plan_id.clone()),
        ("app", plan.app_id.clone()),
        ("name", plan.name.clone()),
        ("tier", plan.tier.clone()),
        ("features", feature_list(&plan.features)),
        ("limits", limits.join(", ")),
        ("seats", seat_count(plan.max_devices)),
        ("releases", format!("{} per seat and year", plan.releases_per_seat)),
        ("lasts", lasts(plan)),
        ("offline", if plan.offline { "yes" } else { "no" }.to_owned()),
        ("heartbeat", heartbeat),
        ("licensee", licensee.join(", ")),
        ("created", plan.created_at.to_string()),
    ];
    pairs.retain(|(_, value)| !value.is_empty());
    Output::pairs(&pairs);
}

fn lasts(plan: &PlanView) -> String {
    plan.duration.clone().unwrap_or_else(|| "forever".to_owned())
}
