//! What to do about a license that the server refuses, as commands that can be typed as they are shown.

use sealgate_artifact::{Code, LicenseId, MaxDevices};
use sealgate_wire::{LicenseView, OwnToken, Page, PlanView, TenantView};

use super::license_shown::{app, plan};
use crate::again::Again;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::seat_count;

/// Plans that are offered: more are listed by `sealgate plan list`.
const OFFERED: usize = 3;

/// What is in the way of a license's file.
pub(super) fn of_file(client: &Client, id: LicenseId, failure: Failure) -> Failure {
    let Some(license) = seen(client, id) else { return failure };
    match Code::parse(&failure.code) {
        Some(Code::OfflineDisabled) => failure.fix(offline(client, &license)),
        Some(Code::Blocked) => failure.fix(command(client.again("license resume").word(&license.license_id))),
        Some(Code::LicenseRevoked) => failure.fix(another(client, &license)),
        Some(Code::DeviceLimit) => failure.fix(more_seats(client, &license)),
        Some(Code::LifetimeFilesDisabled) => failure.fix(lifetime(client, &license)),
        _ => failure,
    }
}

/// What is in the way of another end.
pub(super) fn of_renewal(client: &Client, id: LicenseId, failure: Failure) -> Failure {
    let code = Code::parse(&failure.code);
    let concerns_it = matches!(code, Some(Code::MalformedRequest | Code::LicenseRevoked));
    let Some(license) = concerns_it.then(|| seen(client, id)).flatten() else { return failure };
    let update = || client.again("license update").word(&license.license_id);
    match () {
        () if license.revoked_at.is_some() => failure.fix(another(client, &license)),
        () if license.trial.is_some() => {
            let sold = other_plan(client, &license, ("full", false));
            let ended = command(update().flag("--expires", Some("+30d")));
            failure.fix(format!("to sell it: {sold}; to move the last day on which it can be tried: {ended}"))
        }
        () if failure.message.contains("give one") && license.expires_at.is_none() => {
            let ended = command(update().flag("--expires", Some("+1y")));
            failure.fix(format!(
                "the license never ends, so nothing has to be renewed; to give it an end: {ended}"
            ))
        }
        () if failure.message.contains("give one") => {
            let renew = client.again("license renew").word(&license.license_id);
            failure.fix(format!("say until when: {}", command(renew.flag("--expires", Some("+1y")))))
        }
        () => failure,
    }
}

/// What a token without the right to look says nothing about.
fn seen(client: &Client, id: LicenseId) -> Option<LicenseView> {
    client.get(&format!("/api/v1/licenses/{id}")).ok()
}

fn offline(client: &Client, license: &LicenseView) -> String {
    let mut steps = vec![];
    if let Some(tenant) = tenant_that_forbids(client, license) {
        steps.push(tenant);
    }
    if !license.files {
        steps.push(offline_terms(client, license));
    }
    steps.join("; then ")
}

/// The switch of the tenant, where it is off or must be.
fn tenant_that_forbids(client: &Client, license: &LicenseView) -> Option<String> {
    let own: OwnToken = client.get("/api/v1/token").ok()?;
    let tenant: Option<TenantView> = client.get(&format!("/api/v1/tenants/{}", own.tenant_id)).ok();
    let switch = command(client.again("tenant offline on").word(&own.tenant_id));
    match tenant {
        Some(tenant) if tenant.offline => None,
        Some(_) => Some(switch),
        None if license.files => Some(format!("ask the operator of the server for {switch}")),
        None => None,
    }
}

/// A license keeps the terms that its plan had: the plan first, then the license.
fn offline_terms(client: &Client, license: &LicenseView) -> String {
    let own: Option<PlanView> =
        license.plan_id.as_ref().and_then(|id| client.get(&format!("/api/v1/plans/{id}")).ok());
    let both = |named: &str| {
        let allow = command(client.again("plan update").word(named).switch("--offline", true));
        format!("{allow}, then {}", command(to_plan(client, license, named)))
    };
    match (own, plan(license)) {
        (Some(own), Some(named)) if own.trial.is_none() && own.files => {
            format!("give the license what its plan says now: {}", command(to_plan(client, license, &named)))
        }
        (Some(own), Some(named)) if own.trial.is_none() => both(&named),
        // The token does not see plans: what it says may be in the way, or no more.
        (None, Some(named)) if license.trial.is_none() => both(&named),
        _ => other_plan(client, license, ("offline", true)),
    }
}

/// A plan of the app that is no trial and, where it must, allows offline use; or a new one, which has a name such as this.
fn other_plan(client: &Client, license: &LicenseView, (called, offline): (&str, bool)) -> String {
    let fits = |plan: &&PlanView| plan.trial.is_none() && (plan.files || !offline);
    let path = format!("/api/v1/plans?limit=200&app_id={}", license.app_id);
    let Ok(Page { items: plans, .. }) = client.get::<Page<PlanView>>(&path) else {
        return format!("give it a plan that is no trial: {}", command(to_plan(client, license, "PLAN")));
    };
    let named = |plan: &PlanView| match (&plan.app, &plan.slug) {
        (Some(app), Some(slug)) => format!("{app}/{slug}"),
        _ => plan.plan_id.clone(),
    };
    let fitting = plans.iter().filter(fits);
    let offered: Vec<String> =
        fitting.take(OFFERED).map(|plan| command(to_plan(client, license, &named(plan)))).collect();
    if !offered.is_empty() {
        return offered.join(" or ");
    }
    let is_free =
        |name: &str| !plans.iter().any(|plan| plan.name == name || plan.slug.as_deref() == Some(name));
    let name = (1..=plans.len() + 1)
        .map(|n| format!("{called}-{n}"))
        .find(|name| is_free(name))
        .expect("there are fewer plans");
    let create = client.again("plan create").flag("--app", Some(&app(license))).flag("--name", Some(&name));
    let create = create.flag("--tier", Some(&license.tier));
    let create = create.flag("--max-devices", Some(&seat_count(license.max_devices)));
    let create = command(create.switch("--offline", offline));
    format!("{create}, then {}", command(to_plan(client, license, &name)))
}

fn to_plan(client: &Client, license: &LicenseView, named: &str) -> Again {
    client.again("license update").word(&license.license_id).flag("--plan", Some(named))
}

fn another(client: &Client, license: &LicenseView) -> String {
    let order = client.again("license issue").flag("--app", Some(&app(license)));
    let order = order.flag("--plan", plan(license).as_deref());
    format!("a revoked license never comes back; issue another one: {}", command(order))
}

fn lifetime(client: &Client, license: &LicenseView) -> String {
    let allow = client.again("app update").word(&app(license)).flag("--danger-lifetime-files", Some("on"));
    format!(
        "the license never ends, and the file would not either: give the file an end by --expires, such as --expires +365d; for \
         files that never end: {}",
        command(allow)
    )
}

fn more_seats(client: &Client, license: &LicenseView) -> String {
    let list = command(client.again("device list").flag("--license", Some(&license.license_id)));
    let MaxDevices::Limited(seats) = license.max_devices.0 else { return list };
    let more = client.again("license update").word(&license.license_id);
    let more = command(more.flag("--max-devices", Some(&(seats + 1).to_string())));
    format!("one seat more: {more}; or release a device that {list} shows")
}

fn command(again: Again) -> String {
    format!("`{}`", again.typed())
}
