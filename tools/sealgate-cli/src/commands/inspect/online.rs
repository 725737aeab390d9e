//! Requests and decisions in words, and a license key that nobody reads over a shoulder (`spec/online.md` §2.5).

use sealgate_artifact::{Code, Kind, Value};

/// Fewer symbols than three groups: what is left of a key would say too much of it.
const LEAST: usize = 12;
const GROUP: usize = 4;

/// The payload with its license key hidden but for the last group, whatever kind it claims to be.
pub(super) fn hide_key(payload: Value) -> Value {
    let Value::Object(members) = payload else { return payload };
    let shown = |(name, value): (String, Value)| match (name.as_str(), value) {
        ("license_key", Value::Text(key)) => (name, Value::Text(last_group(&key))),
        ("license_key", Value::Null) => (name, Value::Null),
        ("license_key", _) => (name, Value::Text("…".to_owned())),
        (_, value) => (name, value),
    };
    Value::Object(members.into_iter().map(shown).collect())
}

fn last_group(key: &str) -> String {
    let symbols: Vec<char> = key.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let shown = if symbols.len() < LEAST { &[] } else { &symbols[symbols.len() - GROUP..] };
    format!("…{}", shown.iter().collect::<String>())
}

/// What a member of a request or an answer says, where that is not plain from its value.
pub(super) fn in_words(kind: Option<Kind>, name: &str, value: &Value) -> Option<String> {
    match (kind?, name, value) {
        (Kind::Decision, "code", Value::Null) => Some("none: allowed".to_owned()),
        (Kind::Decision, "code", Value::Text(code)) => Some(reason(code, "denied")),
        (Kind::HeartbeatAnswer, "code", Value::Null) => Some("none: still admitted".to_owned()),
        (Kind::HeartbeatAnswer, "code", Value::Text(code)) => Some(reason(code, "not admitted")),
        (Kind::Decision | Kind::HeartbeatAnswer, "retry_after", Value::Int(seconds)) => {
            Some(format!("{seconds} s"))
        }
        (Kind::HeartbeatRequest, "leaves", Value::Bool(true)) => Some("yes: the program ends".to_owned()),
        (Kind::Release, "length", Value::Int(bytes)) => Some(format!("{bytes} bytes")),
        (
            Kind::Decision
            | Kind::DeviceRequest
            | Kind::ActivationRequest
            | Kind::ActivationProof
            | Kind::HeartbeatRequest,
            _,
            Value::Null,
        ) => Some("none".to_owned()),
        _ => None,
    }
}

fn reason(code: &str, what: &str) -> String {
    let meaning = Code::parse(code).map(|known| format!(". {}", known.meaning()));
    format!("{code}: {what}{}", meaning.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::{LicenseKey, Value};

    use super::hide_key;

    fn hidden(value: Value) -> Value {
        let Value::Object(mut members) = hide_key(Value::Object(vec![("license_key".to_owned(), value)]))
        else {
            panic!("an object stays one");
        };
        members.remove(0).1
    }

    #[test]
    fn of_a_key_the_last_group_is_left_and_of_a_short_one_nothing() {
        let text = |text: &str| Value::Text(text.to_owned());
        let key = LicenseKey::from_random([7; 16]).expose();
        let last = key.rsplit('-').next().expect("groups");
        assert_eq!(hidden(text(&key)), text(&format!("…{last}")));
        assert_eq!(hidden(text(&key.replace('-', ""))), text(&format!("…{last}")));
        assert_eq!(hidden(text("AAAA-BBBB-CCC")), text("…"));
        assert_eq!(hidden(text("ABCDEFGHIJKß")), text("…IJKß"));
        assert_eq!(hidden(Value::List(vec![text(&key)])), text("…"));
        assert_eq!(hidden(Value::Null), Value::Null);
    }
}
