//! What a license grants in the vendor's own words, for people (`spec/license.md` §2.6 to §2.11).

use sealgate_artifact::{Feature, License, Licensee, Value, VariableValue};
use sealgate_wire::Timestamp;
use serde_json::json;

/// What stands in a verified license besides seats and dates, as names and values.
pub(super) fn pairs(license: &License) -> Vec<(&'static str, String)> {
    let joined = |entries: Vec<String>| (!entries.is_empty()).then(|| entries.join(", "));
    let features = license.features.iter().map(feature).collect();
    let limits = license.limits.iter().map(|limit| format!("{}={}", limit.name, limit.value)).collect();
    let variables = license.variables.iter().map(|v| format!("{}={}", v.name, value(&v.value))).collect();
    let lists =
        [("features", joined(features)), ("limits", joined(limits)), ("variables", joined(variables))];
    let said = lists.into_iter().filter_map(|(name, said)| Some((name, said?)));
    said.chain(license.licensee.iter().flat_map(licensee)).collect()
}

/// What a license grants, as a report says it.
pub(super) fn report(license: &License) -> serde_json::Value {
    json!({
        "tenant": license.tenant.to_string(),
        "app": license.app.to_string(),
        "license": license.license.to_string(),
        "version": license.version,
        "tier": license.tier.as_str(),
        "features": license.features.iter().map(|f| json!({ "name": f.name, "value": f.value })).collect::<Vec<_>>(),
        "limits": license.limits.iter().map(|l| json!({ "name": l.name, "value": l.value })).collect::<Vec<_>>(),
        "variables": license.variables.iter().map(|v| json!({ "name": v.name, "value": value(&v.value) })).collect::<Vec<_>>(),
        "licensee": license.licensee.as_ref().map(|l| json!({ "name": l.name, "company": l.company, "email": l.email })),
        "trial_days": license.trial_days,
        "max_devices": license.max_devices.seats(),
        "expires_at": license.expires_at.map(Timestamp),
    })
}

/// `sso=okta`, or the name alone.
pub(super) fn feature(feature: &Feature) -> String {
    match &feature.value {
        Some(value) => format!("{}={value}", feature.name),
        None => feature.name.clone(),
    }
}

/// Text in quotation marks, so that it is told apart from numbers and flags.
pub(super) fn value(value: &VariableValue) -> serde_json::Value {
    match value {
        VariableValue::Flag(flag) => json!(flag),
        VariableValue::Number(number) => json!(number),
        VariableValue::Text(text) => json!(text),
    }
}

fn licensee(licensee: &Licensee) -> impl Iterator<Item = (&'static str, String)> {
    let Licensee { name, company, email } = licensee;
    let parts = [("for", name), ("of company", company), ("with e-mail", email)];
    parts.into_iter().filter_map(|(label, text)| Some((label, text.clone()?)))
}

/// A member of a license's or a decision's payload that nobody verified; `None` where it has no form of these.
pub(super) fn unverified(name: &str, said: &Value) -> Option<String> {
    match (name, said) {
        ("features", Value::List(entries)) => Some(joined(entries, |value| match value {
            Value::Text(text) => text.clone(),
            other => other.to_string(),
        })),
        ("limits" | "variables", Value::List(entries)) => Some(joined(entries, Value::to_string)),
        ("licensee", Value::Object(parts)) => {
            let part = |(name, value): &(String, Value)| format!("{name}={value}");
            Some(parts.iter().map(part).collect::<Vec<_>>().join(", "))
        }
        ("trial_days", Value::Int(days)) => Some(format!("{days}, as far as a server's decision says so")),
        _ => None,
    }
}

fn joined(entries: &[Value], written: impl Fn(&Value) -> String) -> String {
    let entry = |entry: &Value| match entry {
        Value::List(pair) => match &pair[..] {
            [Value::Text(name), value] => format!("{name}={}", written(value)),
            _ => entry.to_string(),
        },
        Value::Text(name) => name.clone(),
        other => other.to_string(),
    };
    entries.iter().map(entry).collect::<Vec<_>>().join(", ")
}
