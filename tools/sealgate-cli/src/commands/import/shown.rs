//! What a report repeats of a file: never what may be a key.

use sealgate_artifact::{ArtifactError, ForeignKey, LicenseId, LicenseKey, MaxDevices};
use sealgate_wire::{ImportRow, When};

/// Longer values are cut.
const CHARS: usize = 40;
/// Names of columns have no more bytes: longer ones are no names.
const NAME_BYTES: usize = 24;
/// What stands in these may be a secret, or is not one value.
const HIDDEN: [&str; 7] =
    ["license_key", "vars", "hwids", "licenseKey", "licenseVariables", "metadata", "hwidList"];
/// What stands in these is an id, or what people write in its place.
const IDS: [&str; 6] = ["license_id", "app", "plan", "customer", "appId", "policy"];
/// A time may look like a key.
const TIMES: [&str; 3] = ["expires", "expiresAt", "expiry"];

/// What stands in a column, where it can be said again.
pub(super) fn value(column: &str, text: &str) -> Option<String> {
    let is_id = IDS.contains(&column) && LicenseId::parse(text).is_ok();
    let is_time = TIMES.contains(&column) && text.bytes().all(|b| b"0123456789-:.TZ+dmy".contains(&b));
    if text.is_empty() || HIDDEN.contains(&column) || !(is_id || is_time) && may_be_a_key(text) {
        return None;
    }
    let cut = text.char_indices().nth(CHARS).map(|(at, _)| format!("{}…", &text[..at]));
    Some(cut.unwrap_or_else(|| text.to_owned()))
}

/// What the server was sent for a column.
pub(super) fn sent(column: &str, row: &ImportRow) -> Option<String> {
    let text = match column {
        "license_id" => row.license_id.clone(),
        "plan" => row.plan_id.clone(),
        "customer" => row.customer_id.clone(),
        "tier" => row.tier.clone(),
        "label" => row.label.clone(),
        "external_id" => row.external_id.clone(),
        "expires" => row.expires_at.as_ref()?.as_ref().map(|when| When::as_str(when).to_owned()),
        "max_devices" => match row.max_devices?.0 {
            MaxDevices::Limited(n) => Some(n.to_string()),
            MaxDevices::Unlimited => Some("unlimited".to_owned()),
        },
        _ => None,
    };
    value(column, &text?)
}

/// The name of a column, where it is one: a file without names has customers and keys in its first row.
pub(super) fn name(text: &str) -> Option<&str> {
    let is_sign = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b == b' ';
    let is_name = (1..=NAME_BYTES).contains(&text.len()) && text.bytes().all(is_sign);
    (is_name && (text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') || !may_be_a_key(text)))
        .then_some(text)
}

/// Why JSON does not fit, without anything that stands in it.
pub(super) fn misfit(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let said = said.rsplit_once(" at line ").map_or(&*said, |(said, _)| said);
    if said.starts_with("missing field ") {
        return said.to_owned();
    }
    let kinds = ["null", "string", "integer", "floating point", "boolean", "sequence", "map"]
        .into_iter()
        .find(|kind| {
            ["invalid type: ", "invalid value: "]
                .iter()
                .any(|begin| said.strip_prefix(begin).is_some_and(|rest| rest.starts_with(kind)))
        });
    match (kinds, said.rsplit_once(", expected ")) {
        // Names of our own types say nothing to others.
        (Some(kind), Some((_, expected))) if expected.starts_with("struct ") => {
            format!("{kind} where it must be an object")
        }
        (Some(kind), Some((_, expected))) => format!("{kind} where it must be {expected}"),
        _ => "its form is another".to_owned(),
    }
}

fn may_be_a_key(text: &str) -> bool {
    ForeignKey::parse(text).is_ok() || !matches!(LicenseKey::parse(text), Err(ArtifactError::LicenseKey(_)))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{misfit, name, value};

    #[test]
    fn no_key_is_said_again_wherever_it_stands() {
        let key = "7KQM-W2ZD-HX9V-RT4B";
        let ours = "000G-40R4-0M30-E209-185G-R38E-1YRB";
        for column in ["plan", "expires", "label", "external_id", "tier", "license_key", "vars"] {
            assert_eq!((value(column, key), value(column, ours)), (None, None), "{column}");
        }
        assert_eq!(value("vars", "a"), None);
        assert_eq!(value("max_devices", "0").as_deref(), Some("0"));
        assert_eq!(value("expires", "2026-08-17T15:43:29Z").as_deref(), Some("2026-08-17T15:43:29Z"));
        let id = "0f8b3a52-6d1c-4e97-a2b4-9c7d5e1f6083";
        assert_eq!((value("policy", id).as_deref(), value("label", id)), (Some(id), None));
        assert_eq!(value("tier", &"ab".repeat(50)).map(|text| text.chars().count()), Some(41));
    }

    #[test]
    fn a_first_row_of_values_is_not_said_again() {
        for shown in ["colour", "external_reference_id", "seats 2"] {
            assert_eq!(name(shown), Some(shown));
        }
        for hidden in ["7kqm-w2zd-hx9v-rt4b", "ada@example.com", "", "{\"licenses\": ["] {
            assert_eq!(name(hidden), None, "{hidden}");
        }
    }

    #[test]
    fn json_that_does_not_fit_is_not_said_again() {
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "nothing of it is read")]
        struct Row {
            key: String,
            seats: u64,
        }
        let said = |text: &str| serde_json::from_str::<Row>(text).map(drop).map_err(|e| misfit(&e));
        assert_eq!(said(r#"{"seats": 1}"#), Err("missing field `key`".to_owned()));
        assert_eq!(said(r#"{"key": 4711}"#), Err("integer where it must be a string".to_owned()));
        assert_eq!(
            said(r#"{"key": "a", "seats": "SECRET, expected"}"#),
            Err("string where it must be u64".to_owned())
        );
        assert_eq!(said("4711"), Err("integer where it must be an object".to_owned()));
        assert_eq!(said(r#"{"key": SECRET}"#), Err("its form is another".to_owned()));
    }
}
