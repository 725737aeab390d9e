//! What Keygen's API gives: JSON:API documents with `licenses` and `machines`.

use std::collections::{BTreeSet, HashMap};

use sealgate_artifact::MaxDevices;
use sealgate_wire::Seats;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::foreign::{self, Records, Unfit};
use super::row::{Line, Refusal, Source};
use super::table::app_of;
use crate::args::ImportArgs;
use crate::failure::Failure;

const OF: &str = "Keygen";

#[derive(Deserialize)]
struct License {
    id: String,
    attributes: Attributes,
}

/// What is not named here says nothing that a license of ours has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    name: Option<String>,
    key: String,
    expiry: Option<String>,
    status: String,
    #[serde(default)]
    suspended: bool,
    max_machines: Option<u64>,
    #[serde(default)]
    floating: bool,
    #[serde(default)]
    metadata: Map<String, Value>,
}

pub(super) fn read(files: &[Vec<u8>], args: &ImportArgs) -> Result<Source, Failure> {
    let plans = foreign::map(&args.map)?;
    let (mut licenses, mut machines) = (Vec::new(), HashMap::new());
    for bytes in files {
        let document = foreign::document(bytes, OF)?;
        if document.get("data").is_none() {
            return Err(foreign::not_of(OF, "no `data`", &document));
        }
        for resource in resources(&document) {
            match resource["type"].as_str() {
                Some("licenses") => licenses.push(resource.clone()),
                Some("machines") => add_machine(resource, &mut machines),
                _ => {}
            }
        }
    }
    let policies: BTreeSet<&str> = licenses.iter().filter_map(policy).collect();
    foreign::all_are_there(&plans, &policies, "policies")?;
    let mut records = Records::default();
    for license in &licenses {
        let id = license["id"].as_str();
        records.add(id, |line| self::line(line, (license, &machines), &plans, args));
    }
    Ok(records.source)
}

/// What a document holds, and what it includes.
fn resources(document: &Value) -> impl Iterator<Item = &Value> {
    ["data", "included"].into_iter().flat_map(|name| match &document[name] {
        Value::Array(all) => all.iter().collect(),
        Value::Null => vec![],
        one => vec![one],
    })
}

fn add_machine(machine: &Value, machines: &mut HashMap<String, Vec<String>>) {
    let license = machine["relationships"]["license"]["data"]["id"].as_str();
    let fingerprint = machine["attributes"]["fingerprint"].as_str();
    if let (Some(license), Some(fingerprint)) = (license, fingerprint) {
        let known = machines.entry(license.to_owned()).or_default();
        // A machine that is in two documents is one.
        if !known.iter().any(|other| other == fingerprint) {
            known.push(fingerprint.to_owned());
        }
    }
}

/// The policy that a license has.
fn policy(license: &Value) -> Option<&str> {
    license["relationships"]["policy"]["data"]["id"].as_str()
}

/// The plan of ours for a policy: without one, somebody has to say that none is meant.
fn plan(
    line: u64,
    policy: Option<&str>,
    plans: &HashMap<String, String>,
    args: &ImportArgs,
) -> Result<Option<String>, Refusal> {
    let named = policy.and_then(|policy| plans.get(policy));
    if named.is_some() || args.plan.is_some() || args.no_plan {
        return Ok(named.cloned());
    }
    let why = match policy {
        Some(policy) => format!("no plan: give --map {policy}=PLAN, --plan for all others, or --no-plan"),
        None => "no policy, and no plan: give --plan, or --no-plan".to_owned(),
    };
    Err(Refusal::new(line, "policy", why).value(policy.unwrap_or_default()))
}

fn line(
    line: u64,
    (found, machines): (&Value, &HashMap<String, Vec<String>>),
    plans: &HashMap<String, String>,
    args: &ImportArgs,
) -> Result<Line, Unfit> {
    let license: License = foreign::object(line, found, OF)?;
    let attributes = license.attributes;
    let left_out = |reason| Err(Unfit::LeftOut(Refusal::new(line, "status", reason)));
    match attributes.status.as_str() {
        "ACTIVE" | "INACTIVE" | "EXPIRING" | "SUSPENDED" => {}
        "EXPIRED" => return left_out("expired"),
        "BANNED" => return left_out("its user is banned"),
        other => {
            let why = "not a status that Keygen documents";
            return Err(Refusal::new(line, "status", why).value(other).into());
        }
    }
    let hwids = machines.get(&license.id).filter(|_| !args.without_devices).cloned().unwrap_or_default();
    let mut row = foreign::row(foreign::name("keygen", &license.id), &attributes.key, hwids);
    row.plan_id = plan(line, policy(found), plans, args)?;
    row.max_devices = Some(match (attributes.max_machines, attributes.floating) {
        (Some(machines), _) => foreign::seats(line, "maxMachines", machines)?,
        (None, true) => Seats(MaxDevices::Unlimited),
        // Node-locked: one machine.
        (None, false) => foreign::seats(line, "maxMachines", 1)?,
    });
    row.expires_at = Some(foreign::end(line, "expiry", attributes.expiry.as_deref())?);
    row.label = attributes.name;
    row.external_id = Some(format!("keygen:{}", license.id));
    row.suspended = (attributes.suspended || attributes.status == "SUSPENDED").then_some(true);
    if args.metadata_as_vars {
        row.variables = Some(foreign::variables(line, "metadata", &attributes.metadata)?);
    }
    let app = app_of(row.plan_id.as_deref(), args);
    Ok(Line { number: line, before: 0, app, buyer: None, row })
}
