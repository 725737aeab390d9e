//! What licenses grant, said by every language in the same words: mode `contents` (`verifiers/README.md`).

use std::io;
use std::path::Path;

use sealgate_artifact::{Feature, License, Licensee, Statement, VariableValue, decode_base64};
use serde_json::{Value, json};

use crate::replay::believed_license;
use crate::{Bytes, Question, Vector, files};

/// The fields that are said, in the order of their table.
const SAID: [&str; 11] = [
    "features",
    "limits",
    "variables",
    "licensee",
    "trial_days",
    "policy",
    "max_instances",
    "offline",
    "allowances",
    "pool_epoch",
    "slot",
];
const PARTS: [&str; 3] = ["name", "company", "email"];
/// The fields of the objects within, each object's in the order of its table.
const WITHIN: [&str; 26] = [
    "name",
    "company",
    "email",
    "heartbeat",
    "interval",
    "grace",
    "longest_grace",
    "seat",
    "fail",
    "integrity",
    "anti_tamper",
    "unknown",
    "agents",
    "clock",
    "tolerance",
    "mode",
    "freshness",
    "warn",
    "restrict",
    "block",
    "tenant_limits",
    "days",
    "pool",
    "journal_days",
    "releases",
    "replacements",
];

/// What Rust reads of the license in a vector: `ok` and compact JSON in the form of the payload, a code, or `skip`.
pub fn answer_contents(path: &Path) -> String {
    let Some(vector) = std::fs::read(path).ok().and_then(|text| serde_json::from_slice::<Vector>(&text).ok())
    else {
        return "file_unreadable".to_owned();
    };
    match believed_license(&vector.question) {
        None => "skip".to_owned(),
        Some(Ok(license)) => format!("ok {}", object(&SAID, |field| said(&license, field))),
        Some(Err(code)) => code.to_string(),
    }
}

/// A line `PATH ANSWER` for every license of the vectors that is believed, the answer put together from the payload's text.
pub fn contents(vectors: &Path) -> io::Result<Vec<String>> {
    let believed = files::read_all(vectors)?.into_iter().filter_map(|(path, vector, expected)| {
        let license = match vector.question {
            Question::Chain(chain) if chain.accepted.is_none() && expected.starts_with("ok") => {
                chain.license?
            }
            _ => return None,
        };
        Some(format!("{} ok {}", vectors.join(path).display(), text(&license)))
    });
    Ok(believed.collect())
}

fn text(license: &Bytes) -> String {
    let parsed = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("a believed license is JSON");
    let decoded = |text: &Value| decode_base64(text.as_str().unwrap_or_default(), "license").expect("base64");
    let carrier = parsed(&license.to_vec().expect("sound"));
    let envelope = carrier.get("statement").unwrap_or(&carrier);
    let payload = parsed(&decoded(&envelope["payload"]));
    object(&SAID, |field| match &payload[field] {
        Value::Object(_) if field == "features" => {
            Some(parsed(&decoded(&carrier["attachments"][0])).to_string())
        }
        Value::Null => None,
        value => Some(ordered(value)),
    })
}

fn ordered(value: &Value) -> String {
    match value {
        Value::Object(members) => object(&WITHIN, |name| members.get(name).map(ordered)),
        value => value.to_string(),
    }
}

/// JSON's names in this order, which a map would not keep.
fn object(names: &[&str], value: impl Fn(&str) -> Option<String>) -> String {
    let members = names.iter().filter_map(|name| Some(format!("\"{name}\":{}", value(name)?)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn said(license: &License, field: &str) -> Option<String> {
    let list = |entries: Vec<Value>| (!entries.is_empty()).then(|| Value::Array(entries).to_string());
    match field {
        "features" => Some(license.features.iter().map(feature).collect::<Value>().to_string()),
        "limits" => list(license.limits.iter().map(|limit| json!([limit.name, limit.value])).collect()),
        "variables" => list(license.variables.iter().map(|v| json!([v.name, value(&v.value)])).collect()),
        "licensee" => license.licensee.as_ref().map(licensee),
        // What a license is written with again is what was read.
        field => license.members().into_iter().find(|(name, _)| *name == field).map(|(_, v)| v.to_string()),
    }
}

fn feature(feature: &Feature) -> Value {
    feature.value.as_ref().map_or_else(|| json!(feature.name), |value| json!([feature.name, value]))
}

fn value(value: &VariableValue) -> Value {
    match value {
        VariableValue::Flag(flag) => json!(flag),
        VariableValue::Number(number) => json!(number),
        VariableValue::Text(text) => json!(text),
    }
}

fn licensee(licensee: &Licensee) -> String {
    let Licensee { name, company, email } = licensee;
    let part = |part: &str| match part {
        "name" => name.clone(),
        "company" => company.clone(),
        _ => email.clone(),
    };
    object(&PARTS, |name| part(name).map(|text| json!(text).to_string()))
}
