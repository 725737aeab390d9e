//! Which apps rows go to.

use std::collections::{BTreeMap, BTreeSet};

use sealgate_artifact::Code;
use sealgate_wire::{AppView, Page, PlanView};

use super::row::{Line, Refusal, Source};
use crate::args::ImportArgs;
use crate::client::Client;
use crate::failure::Failure;
use crate::names;

/// Plans that a refusal lists.
const LISTED: usize = 20;

/// Names the app of each row by its id, however the row named it, and takes out rows of apps that there are not. What a token may not
/// see stays as it is; the server refuses it.
pub(super) fn resolve(client: &Client, source: &mut Source, args: &ImportArgs) -> Result<(), Failure> {
    let named: BTreeSet<String> = source.lines.iter().map(|line| line.app.clone()).collect();
    let mut found = BTreeMap::new();
    for app in named {
        let id = find(client, &app, args)?;
        found.insert(app, id);
    }
    let column = if source.header.iter().any(|name| name == "app") { "app" } else { "plan" };
    let mut refused = Vec::new();
    source.lines.retain_mut(|line| match &found[&line.app] {
        Ok(id) => {
            line.app.clone_from(id);
            true
        }
        Err(why) => {
            refused.push(no_app(line, column, why));
            false
        }
    });
    source.refused.append(&mut refused);
    Ok(())
}

/// The refusal of a row whose app there is not.
fn no_app(line: &Line, column: &str, why: &Failure) -> Refusal {
    let refusal = Refusal::new(line.number, column, why.message.clone());
    let refusal = if names::app(Some(&line.app)).is_ok() { refusal.value(&line.app) } else { refusal };
    Refusal { code: Some(why.code.clone()), ..refusal }
}

/// The id of an app, or why there is none. What the arguments name is no row's fault.
fn find(client: &Client, app: &str, args: &ImportArgs) -> Result<Result<String, Failure>, Failure> {
    let path = match names::app_path((app != names::ONLY).then_some(app)) {
        Err(failure) => return Ok(Err(failure)),
        Ok(path) => path,
    };
    let of_plan = args.plan.as_deref().and_then(|plan| plan.split_once('/')).map(|(app, _)| app);
    let is_argument = args.app.as_deref() == Some(app) || of_plan == Some(app);
    match client.get_if_allowed::<AppView>(&path) {
        Ok(found) => Ok(Ok(found.map_or_else(|| app.to_owned(), |found| found.app_id))),
        Err(failure) if app == names::ONLY => {
            // Where there are several, it is better said before anything is imported.
            Err(failure.fix_for(Code::MalformedRequest, "name it with --app, or in a column `app`"))
        }
        Err(failure) if failure.code == Code::NotFound.as_str() && !is_argument => Ok(Err(failure)),
        Err(failure) => Err(failure),
    }
}

/// Takes out rows whose plan is no name of one, such as `Team` for `team`, and says which plans there are.
pub(super) fn refuse_unnamed_plans(client: &Client, source: &mut Source) -> Result<(), Failure> {
    let is_name = |line: &Line| line.row.plan_id.as_deref().is_none_or(|plan| names::plan(plan).is_ok());
    let apps: BTreeSet<&String> =
        source.lines.iter().filter(|line| !is_name(line)).map(|line| &line.app).collect();
    let mut there = BTreeMap::new();
    for app in apps {
        let path = format!("/api/v1/plans?limit={LISTED}&app_id={app}");
        let plans: Option<Page<PlanView>> = client.get_if_allowed(&path)?;
        let plans = plans.map(|page| page.items).unwrap_or_default();
        let plans: Vec<String> = plans.into_iter().map(|plan| plan.slug.unwrap_or(plan.plan_id)).collect();
        there.insert(app.clone(), plans.join(", "));
    }
    let mut refused = Vec::new();
    source.lines.retain(|line| {
        let Some(plan) = line.row.plan_id.as_deref().filter(|_| !is_name(line)) else { return true };
        let of_app = match there.get(&line.app).map(String::as_str) {
            Some("") | None => String::new(),
            Some(plans) => format!("; the app has: {plans}"),
        };
        let why = format!("neither the id of a plan nor its slug{of_app}");
        refused.push(Refusal::new(line.number, "plan", why).value(plan));
        false
    });
    source.refused.append(&mut refused);
    Ok(())
}

/// Takes out rows that name no plan, where the app has plans, and do not say themselves what is sold: one that was forgotten would
/// sell a license without an end.
pub(super) fn refuse_forgotten_plans(client: &Client, source: &mut Source) -> Result<(), Failure> {
    let row_says = |line: &Line| {
        let row = &line.row;
        row.plan_id.is_some() || row.tier.is_some() && row.max_devices.is_some() && row.expires_at.is_some()
    };
    let open: BTreeSet<&String> =
        source.lines.iter().filter(|line| !row_says(line)).map(|line| &line.app).collect();
    let mut with_plans = BTreeSet::new();
    for app in open {
        let path = format!("/api/v1/plans?limit=1&app_id={app}");
        let plans: Option<Page<PlanView>> = client.get_if_allowed(&path)?;
        if plans.is_some_and(|page| !page.items.is_empty()) {
            with_plans.insert(app.clone());
        }
    }
    let mut refused = Vec::new();
    source.lines.retain(|line| {
        let is_forgotten = !row_says(line) && with_plans.contains(&line.app);
        if is_forgotten {
            let why = "no plan, and the app has plans: name one here or with --plan; for a license without one, give \
                       tier, max_devices and expires, or --no-plan";
            refused.push(Refusal::new(line.number, "plan", why));
        }
        !is_forgotten
    });
    source.refused.append(&mut refused);
    Ok(())
}
