//! `sealgate plan`.

use sealgate_artifact::Code;
use sealgate_wire::{CreatePlan, LicenseeField, PlanView, Seats, Trial, UpdatePlan};

use super::{conditions, lists, sets};
use crate::args::{CreatePlanArgs, Global, PartArgs, PlanCommand, TermsArgs, UpdatePlanArgs, trial};
use crate::client::{Client, filters};
use crate::failure::Failure;
use crate::names;
use crate::output::{Output, feature_list, seat_count, trial as shown_trial};

pub(crate) fn run(global: &Global, command: &PlanCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let plan: PlanView = match command {
        PlanCommand::Create(args) => client.post_once("/api/v1/plans", &creation(args)?)?,
        PlanCommand::List { app, part } => return list(&client, (app.as_deref(), part), output),
        PlanCommand::Show { plan } => client.get(&names::plan_path(plan)?)?,
        PlanCommand::Update(args) => return update(&client, args, output),
    };
    output.result(&plan, print);
    Ok(())
}

fn update(client: &Client, args: &UpdatePlanArgs, output: &Output) -> Result<(), Failure> {
    let path = names::plan_path(&args.plan)?;
    let wish = change(args)?;
    let before: Option<PlanView> = client.get_if_allowed(&path)?;
    if before.is_none() && needs_the_present_trial(&args.terms) {
        let fix = "use a token that has the scope plans:read, too: a trial keeps what you do not name. Or give both --trial and --trial-per";
        return Err(Failure::new(Code::ScopeMissing, Code::ScopeMissing.meaning()).fix(fix));
    }
    let wish = with_trial(wish, &args.terms, before.as_ref())?;
    if wish == UpdatePlan::default() {
        return Err(sets::nothing_to_change());
    }
    let after: PlanView = client.patch(&path, &wish)?;
    output.result(&after, |after| {
        print(after);
        if let Some(before) = before {
            sets::say_differences(&sets::or_nothing(differences(&before, after)));
        }
    });
    Ok(())
}

/// What came, changed and went.
fn differences(before: &PlanView, after: &PlanView) -> Vec<String> {
    let mut lines = vec![];
    let sets_of = |plan: &PlanView| {
        [
            sets::of_features(&plan.features),
            sets::of_limits(&plan.limits),
            sets::of_variables(&plan.variables),
        ]
    };
    let plain = pairs(before).into_iter().zip(pairs(after));
    let plain = plain.filter(|((name, _), _)| !["features", "limits", "variables"].contains(name));
    lines.extend(plain.filter_map(|((name, before), (_, after))| sets::changed(name, &before, &after)));
    let named = ["features", "limits", "variables"].into_iter().zip(sets_of(before)).zip(sets_of(after));
    lines.extend(named.flat_map(|((kind, before), after)| sets::differences(kind, &before, &after)));
    lines
}

fn needs_the_present_trial(args: &TermsArgs) -> bool {
    match (args.trial, args.trial_per) {
        (Some(wish), None) => wish.0.is_some(),
        (wish, Some(_)) => wish.is_none(),
        (None, None) => false,
    }
}

/// The change with what becomes of the trial: what is not named stays as it is.
fn with_trial(
    change: UpdatePlan,
    args: &TermsArgs,
    before: Option<&PlanView>,
) -> Result<UpdatePlan, Failure> {
    let now = before.and_then(|plan| plan.trial);
    let days = match (args.trial, args.trial_per) {
        (None, None) => return Ok(change),
        (Some(trial::Days(None)), None) => return Ok(UpdatePlan { trial: Some(None), ..change }),
        (Some(trial::Days(days)), _) => days,
        (None, Some(_)) => now.map(|trial| trial.days),
    };
    let days = days.ok_or_else(|| {
        let why = "--trial-per says for whom there is one trial, and the plan is none";
        Failure::new(Code::MalformedRequest, why).fix("give the days, too, as in --trial 14d")
    })?;
    let per = args.trial_per.or(now.map(|trial| trial.per)).unwrap_or_default();
    Ok(UpdatePlan { trial: Some(Some(Trial { days, per })), ..change })
}

fn creation(args: &CreatePlanArgs) -> Result<CreatePlan, Failure> {
    let wish = conditions::wish(&args.terms.conditions)?;
    let terms = with_trial(terms(&args.terms)?, &args.terms, None)?;
    Ok(CreatePlan {
        app_id: names::app_field(args.app.as_deref())?,
        name: args.name.clone(),
        slug: args.slug.clone(),
        tier: args.tier.clone(),
        features: terms.features,
        limits: terms.limits,
        max_devices: terms.max_devices,
        duration: terms.duration.flatten(),
        trial: terms.trial.flatten(),
        files: terms.files,
        offline: conditions::permit(&wish)?,
        allowances: conditions::allowances(&wish),
        policy: wish.policy.flatten(),
        max_instances: wish.max_instances.flatten(),
        variables: terms.variables,
        licensee: terms.licensee,
    })
}

fn change(args: &UpdatePlanArgs) -> Result<UpdatePlan, Failure> {
    let wish = conditions::wish(&args.terms.conditions)?;
    let terms = terms(&args.terms)?;
    if args.replace && terms.features.is_none() && terms.limits.is_none() && terms.variables.is_none() {
        return Err(sets::replaced_by_nothing(
            "--feature, --limit or --var",
            "--remove-feature, --remove-limit or --remove-var",
        ));
    }
    let files = if args.no_offline { Some(false) } else { terms.files };
    let (features, replace_features) = sets::merge_or_replace(terms.features, args.replace);
    let (limits, replace_limits) = sets::merge_or_replace(terms.limits, args.replace);
    let (variables, replace_variables) = sets::merge_or_replace(terms.variables, args.replace);
    Ok(UpdatePlan {
        name: args.name.clone(),
        slug: args.slug.clone(),
        tier: args.tier.clone(),
        files,
        policy: wish.policy,
        max_instances: wish.max_instances,
        offline: wish.offline,
        allowances: wish.allowances,
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
    Ok(UpdatePlan {
        features: sets::all(&args.feature, sets::feature)?,
        limits: sets::all(&args.limit, sets::limit)?,
        variables: sets::variables(&args.var)?,
        max_devices: args.max_devices.map(Seats),
        duration: args.duration.clone().map(|duration| duration.0),
        files: args.offline.then_some(true),
        licensee: licensee_fields(&args.licensee)?,
        ..UpdatePlan::default()
    })
}

/// `none` is what stands for no field, alone.
fn licensee_fields(names: &[String]) -> Result<Option<Vec<LicenseeField>>, Failure> {
    let field = |name: &String| match name.as_str() {
        "name" => Some(LicenseeField::Name),
        "company" => Some(LicenseeField::Company),
        "email" => Some(LicenseeField::Email),
        _ => None,
    };
    let fields: Vec<LicenseeField> = names.iter().filter_map(field).collect();
    if !fields.is_empty() && fields.len() < names.len() {
        let why = "--licensee: none stands alone";
        return Err(Failure::new(Code::MalformedRequest, why).fix("give fields, as in name,email, or none"));
    }
    Ok((!names.is_empty()).then_some(fields))
}

fn list(client: &Client, (of, part): (Option<&str>, &PartArgs), output: &Output) -> Result<(), Failure> {
    let filters = filters(&[("app_id", &names::app_field(of)?)]);
    let none = "no plans yet; `sealgate plan create --name NAME --tier TIER` makes one";
    lists::print(client, ("/api/v1/plans", &filters, none), part, output, |plans| {
        let row = |p: &PlanView| {
            let slug = p.slug.clone().unwrap_or_default();
            let (name, tier, seats) = (p.name.clone(), p.tier.clone(), seat_count(p.max_devices));
            vec![p.plan_id.clone(), app(p), slug, name, tier, seats, lasts(p)]
        };
        Output::table(&["PLAN", "APP", "SLUG", "NAME", "TIER", "SEATS", "LASTS"], plans.iter().map(row));
    })
}

fn print(plan: &PlanView) {
    let mut pairs = pairs(plan);
    pairs.retain(|(_, value)| !value.is_empty());
    Output::pairs(&pairs);
}

fn pairs(plan: &PlanView) -> Vec<(&'static str, String)> {
    let licensee: Vec<String> =
        plan.licensee.iter().map(|field| format!("{field:?}").to_lowercase()).collect();
    let mut pairs = vec![
        ("plan", plan.plan_id.clone()),
        ("app", app(plan)),
        ("name", plan.name.clone()),
        ("slug", plan.slug.clone().unwrap_or_default()),
        ("tier", plan.tier.clone()),
        ("features", feature_list(&plan.features)),
        ("limits", sets::list(&sets::of_limits(&plan.limits))),
        ("seats", seat_count(plan.max_devices)),
        ("lasts", lasts(plan)),
        ("trial", plan.trial.map(shown_trial).unwrap_or_default()),
        ("files", files(plan).to_owned()),
        ("variables", sets::list(&sets::of_variables(&plan.variables))),
        ("licensee", licensee.join(", ")),
        ("created", plan.created_at.to_string()),
    ];
    let PlanView { policy, max_instances, offline, allowances, .. } = plan;
    let said = conditions::pairs(policy.as_ref(), *max_instances, offline.as_ref(), allowances.as_ref());
    // Before the last: when it was made.
    let last = pairs.len() - 1;
    pairs.splice(last..last, said);
    pairs
}

/// The slug of its app, or else the id.
fn app(plan: &PlanView) -> String {
    plan.app.clone().unwrap_or_else(|| plan.app_id.clone())
}

/// A license of a trial ends with its duration, however long it can be tried.
fn lasts(plan: &PlanView) -> String {
    match (plan.trial, &plan.duration) {
        (None, None) => "forever".to_owned(),
        (None, Some(duration)) => duration.clone(),
        (Some(trial), None) => format!("trial of {}d", trial.days),
        (Some(trial), Some(duration)) => format!("trial of {}d, at most {duration} after issue", trial.days),
    }
}

fn files(plan: &PlanView) -> &'static str {
    match (plan.files, plan.trial) {
        (false, _) => "no",
        (true, None) => "yes",
        (true, Some(_)) => "no: a trial is never handed out as a file",
    }
}
