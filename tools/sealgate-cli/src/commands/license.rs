//! `sealgate license`.

use std::path::{Path, PathBuf};

use sealgate_artifact::{Code, LicenseId};
use sealgate_wire::{
    IssueLicenses, IssuedLicense, LicenseView, LicensesIssued, Page, PlanView, Seats, Trust, When,
};

use super::chosen::query;
use super::deeds::Deed;
use super::license_shown::{app, licensee, plan, print_license, seats, shown};
use super::written::write;
use super::{
    authforge_file, conditions, import, license_export, license_key, license_update, lists, many,
    reset_devices, resign, vars, ways_out,
};
use crate::args::{FileArgs, Global, IssueArgs, LicenseCommand, ListLicensesArgs, PartArgs};
use crate::client::{Client, filters, request_name};
use crate::failure::Failure;
use crate::names;
use crate::output::{Output, complain, ends, say, seat_count};
use crate::parts::Parts;
use crate::signals;
use crate::streams::is_dash;

/// Licenses in one request of a large order: small enough to show progress, large enough to be fast.
const BATCH: u32 = 100;
const ISSUED: &str = "the order was carried out before: `sealgate license show external:X`, with that external id, shows its license";

pub(crate) fn run(global: &Global, command: &LicenseCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let path = |key: &str| client.license_id(key).map(|id| format!("/api/v1/licenses/{id}"));
    match command {
        LicenseCommand::Issue(order) => issue(&client, order, output),
        LicenseCommand::List { filter, part } => list(&client, (filter, part), output),
        LicenseCommand::File(args) => file(&client, args, output),
        LicenseCommand::Import(args) => import::run(&client, args, output),
        LicenseCommand::Export(args) => license_export::run(&client, args, output),
        LicenseCommand::Resign(args) => resign::run(&client, args, output),
        LicenseCommand::Update(args) => license_update::run(&client, args, output),
        LicenseCommand::Key { key, reveal } => license_key::show(&client, key, *reveal, output),
        LicenseCommand::Rekey { key, reason, yes, once } => {
            let name = once.idempotency_key.as_ref();
            license_key::exchange(&client, key, (reason.as_ref(), *yes, name), output)
        }
        LicenseCommand::AuthforgeFile(args) => authforge_file::run(&client, args, output),
        LicenseCommand::ResetDevices { key, override_allowance, yes } => {
            reset_devices::run(&client, client.license_id(key)?, (*override_allowance, *yes), output)
        }
        LicenseCommand::Vars { key, command } => {
            let command = vars::named(key.as_ref(), command.as_ref(), "sealgate license vars KEY")?;
            vars::run(&client, &command, output, |key| Ok(format!("{}/variables", path(key)?)))
        }
        LicenseCommand::Show { key } => {
            output.result(&client.find_license(key)?, print_license);
            Ok(())
        }
        LicenseCommand::Renew(args) => many::run(&client, &args.many, &Deed::renew(args), output),
        LicenseCommand::Suspend { reason, many } => {
            many::run(&client, many, &Deed::Suspend(reason.as_ref()), output)
        }
        LicenseCommand::Resume { many } => many::run(&client, many, &Deed::Resume, output),
        LicenseCommand::Revoke { reason, many } => {
            many::run(&client, many, &Deed::Revoke(reason.as_ref()), output)
        }
    }
}

fn issue(client: &Client, order: &IssueArgs, output: &Output) -> Result<(), Failure> {
    says_what(client, order)?;
    let conditions = conditions::wish(&order.conditions)?;
    let name = order.idempotency_key.clone().unwrap_or_else(request_name);
    let again = || issue_again(client, order, &name);
    let count = (order.count.into(), BATCH.into());
    let mut parts = Parts::of("licenses issued", count, "licenses", output);
    let mut issued = LicensesIssued { licenses: vec![], app_disabled_at: None };
    let mut left = order.count;
    while left > 0 {
        let count = left.min(BATCH);
        let request = IssueLicenses {
            app_id: names::app_field(order.app.as_deref())?,
            plan_id: order.plan.as_deref().map(names::plan).transpose()?,
            max_devices: order.max_devices.map(Seats),
            expires_at: order.expires.clone().map(|date| date.0),
            label: order.label.clone(),
            customer_id: order.customer.as_deref().map(names::customer).transpose()?,
            licensee: licensee(&order.licensee).map(Some),
            external_id: order.external_id.clone(),
            count: Some(count),
            policy: conditions.policy.clone(),
            max_instances: conditions.max_instances,
            offline: conditions.offline,
            allowances: conditions.allowances,
        };
        let part = Some(batch_name(order.count, &name, issued.licenses.len()));
        let send = |()| client.post_named("/api/v1/licenses", &request, part);
        let answer: Result<LicensesIssued, Failure> = signals::none_came().and_then(send);
        let batch = answer.map_err(|failure| {
            let failure = parts.stopped(failure.fix_for(Code::ExternalIdTaken, ISSUED), again);
            if !issued.licenses.is_empty() {
                // What was issued before the failure is real: its keys are shown, or they would be lost. The command that goes
                // on shows them again.
                print_issued(&issued, None, output);
            }
            failure
        })?;
        issued.licenses.extend(batch.licenses);
        issued.app_disabled_at = batch.app_disabled_at;
        left -= count;
        parts.add(count.into());
    }
    parts.finish();
    print_issued(&issued, Some(&again), output);
    if let Some(since) = issued.app_disabled_at.filter(|_| !output.json) {
        complain!(
            "the app is disabled since {since}: programs with these licenses are refused until `sealgate app enable`"
        );
    }
    Ok(())
}

/// Whoever has plans and names none would sell a license without an end.
fn says_what(client: &Client, order: &IssueArgs) -> Result<(), Failure> {
    if order.plan.is_some() || order.no_plan || order.max_devices.is_some() || order.expires.is_some() {
        return Ok(());
    }
    let app = filters(&[("app_id", &names::app_field(order.app.as_deref())?)]);
    let plans: Option<Page<PlanView>> = client.get_if_allowed(&format!("/api/v1/plans?limit=20{app}"))?;
    let plans = plans.map(|page| page.items).unwrap_or_default();
    if plans.is_empty() {
        return Ok(());
    }
    let named: Vec<_> =
        plans.iter().map(|plan| plan.slug.as_ref().unwrap_or(&plan.plan_id).as_str()).collect();
    let why = "the app has plans, and the order names none";
    Err(Failure::new(Code::MalformedRequest, why).fix(format!(
        "give --plan with one of {}; or --no-plan for tier licensed, 1 device and no end",
        named.join(", ")
    )))
}

/// The order's own name, told apart by what was issued before where it takes several requests.
fn batch_name(count: u32, name: &str, before: usize) -> String {
    if count <= BATCH { name.to_owned() } else { format!("{name}.{before}") }
}

/// The same order under its name: what was issued comes again, and the rest with it.
fn issue_again(client: &Client, order: &IssueArgs, name: &str) -> String {
    let licensee = &order.licensee;
    let expires = order.expires.as_ref().map(|date| date.0.as_ref().map_or("never", When::as_str));
    let seats = order.max_devices.map(|most| seat_count(Seats(most)));
    let again = client
        .again("license issue")
        .flag("--app", order.app.as_deref())
        .flag("--plan", order.plan.as_deref())
        .switch("--no-plan", order.no_plan)
        .flag("--max-devices", seats.as_deref())
        .flag("--expires", expires)
        .flag("--label", order.label.as_deref())
        .flag("--customer", order.customer.as_deref())
        .flag("--licensee-name", licensee.name.as_deref())
        .flag("--licensee-company", licensee.company.as_deref())
        .flag("--licensee-email", licensee.email.as_deref())
        .flag("--external-id", order.external_id.as_deref());
    let again = if order.count > 1 { again.flag("--count", Some(&order.count.to_string())) } else { again };
    let (again, needs_input) = conditions::again(again, &order.conditions);
    let again = again.flag("--idempotency-key", Some(name));
    if needs_input { again.with_the_same_input() } else { again.into() }
}

fn list(
    client: &Client,
    (args, part): (&ListLicensesArgs, &PartArgs),
    output: &Output,
) -> Result<(), Failure> {
    let none = "no licenses match; `sealgate license issue` issues one, `sealgate license list` lists all";
    lists::print(client, ("/api/v1/licenses", &query(args)?, none), part, output, |licenses| {
        let row = |l: &LicenseView| {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            vec![
                l.license_id.clone(),
                l.status.clone(),
                seats(l),
                ends(l.expires_at),
                l.trial.map(|trial| format!("{}d", trial.days)).unwrap_or_default(),
                plan(l).unwrap_or_else(|| app(l)),
                text(&l.label),
                shown(l.customer.as_ref(), l.customer_id.as_ref()),
                text(if l.revoke_reason.is_some() { &l.revoke_reason } else { &l.suspend_reason }),
            ]
        };
        let head = ["LICENSE", "STATUS", "SEATS", "ENDS", "TRIAL", "PLAN", "LABEL", "CUSTOMER", "REASON"];
        Output::table(&head, licenses.iter().map(row));
    })
}

fn file(client: &Client, args: &FileArgs, output: &Output) -> Result<(), Failure> {
    if args.with_trust && is_dash(&args.output) {
        let why = "--with-trust writes two files, and standard output is one";
        return Err(Failure::new(Code::MalformedRequest, why).fix("give -o FILE, or leave --with-trust out"));
    }
    let license = client.find_license(&args.key)?;
    let id = LicenseId::parse(&license.license_id)?;
    let envelope = client.get_bytes(&format!("/api/v1/licenses/{id}/file"));
    let envelope = envelope.map_err(|failure| ways_out::of_file(client, id, failure))?;
    let mut written = vec![write(&args.output, &envelope)?];
    if args.with_trust {
        let trust: Trust = client.get(&format!("{}/trust", names::app_path(Some(&license.app_id))?))?;
        let text = serde_json::to_vec_pretty(&trust).expect("trust can be written");
        written.push(write(&trust_path(&args.output), &text)?);
    }
    if is_dash(&args.output) {
        return Ok(());
    }
    let result = serde_json::json!({
        "license_id": license.license_id,
        "file": args.output,
        "bytes": envelope.len(),
        "trust": args.with_trust.then(|| trust_path(&args.output)),
    });
    output.result(&result, |_| written.iter().for_each(|line| say!("{line}")));
    Ok(())
}

/// Where the trust for a license file lies: FILE.trust.
pub(crate) fn trust_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".trust");
    PathBuf::from(name)
}

/// By `again` they are shown again.
fn print_issued(issued: &LicensesIssued, again: Option<&dyn Fn() -> String>, output: &Output) {
    let count = issued.licenses.len();
    let keys = |issued: &LicensesIssued| {
        issued.licenses.iter().map(|license| license.license_key.clone()).collect::<Vec<_>>().join("\n")
    };
    output.only_once(
        issued,
        keys,
        |issued| {
            let row = |l: &IssuedLicense| {
                vec![
                    l.license_key.clone(),
                    l.license_id.clone(),
                    seat_count(l.max_devices),
                    ends(l.expires_at),
                ]
            };
            Output::table(&["KEY", "LICENSE", "SEATS", "ENDS"], issued.licenses.iter().map(row));
        },
        || {
            again.map_or_else(String::new, |again| {
                format!("licenses issued: {count}; show their keys again with: {}", again())
            })
        },
    );
}
