//! What Keygen's API gives: JSON:API documents with `licenses` and `machines`.

use std::collections::HashMap;

use sealgate_artifact::{Code, MaxDevices};
use sealgate_wire::Seats;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::foreign::{self, Records, Unfit};
use super::row::{Line, Refusal, Source};
use crate::args::ImportArgs;
use crate::failure::Failure;

const OF: &str = "Keygen";

#[derive(Deserialize)]
struct License {
    id: String,
    attributes: Attributes,
    #[serde(default)]
    relationships: Value,
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
    let app = args.app.as_ref().ok_or_else(|| {
        Failure::new(Code::MalformedRequest, "no app for these licenses").fix("give --app APP_ID")
    })?;
    let (mut licenses, mut machines) = (Vec::new(), HashMap::new());
    for bytes in files {
        let document = foreign::document(bytes, OF)?;
        if document.get("data").is_none() {
            return Err(foreign::no_document(OF, "no `data`"));
        }
        for resource in resources(&document) {
            match resource["type"].as_str() {
                Some("licenses") => licenses.push(resource.clone()),
                Some("machines") => add_machine(resource, &mut machines),
                _ => {}
            }
        }
    }
    let mut records = Records::default();
    for license in &licenses {
        records.add(|line| self::line(line, (license, &machines), (app, &plans), args));
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

fn line(
    line: u64,
    (license, machines): (&Value, &HashMap<String, Vec<String>>),
    (app, plans): (&str, &HashMap<String, String>),
    args: &ImportArgs,
) -> Result<Line, Unfit> {
    let license: License = foreign::object(line, license, OF)?;
    let attributes = license.attributes;
    let left_out = |reason| Err(Unfit::LeftOut(Refusal::new(line, "status", reason)));
    match attributes.status.as_str() {
        "ACTIVE" | "INACTIVE" | "EXPIRING" | "SUSPENDED" => {}
        "EXPIRED" => return left_out("expired"),
        "BANNED" => return left_out("its user is banned"),
        _ => return Err(Refusal::new(line, "status", "not a status that Keygen documents").into()),
    }
    let hwids = machines.get(&license.id).filter(|_| !args.without_devices).cloned().unwrap_or_default();
    let mut row = foreign::row(format!("keygen:{}", license.id), &attributes.key, hwids);
    let policy = license.relationships["policy"]["data"]["id"].as_str();
    row.plan_id = policy.and_then(|policy| plans.get(policy)).cloned();
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
    Ok(Line { number: line, app: app.to_owned(), row })
}
