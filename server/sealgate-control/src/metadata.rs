//! What vendors note in JSON of their own.

use sealgate_authority::AuthorityError;
use serde_json::{Map, Value};

/// All of it, as JSON.
const BYTES: usize = 16_384;
/// Objects and lists within each other, the outermost included.
const DEPTH: u32 = 8;

/// As it is stored.
pub(crate) fn metadata(object: &Map<String, Value>) -> Result<String, AuthorityError> {
    let text = serde_json::to_string(object).expect("JSON can be written");
    if text.len() > BYTES || !object.values().all(|value| is_flat(value, DEPTH - 1)) {
        let why = "an object of at most 16,384 bytes as JSON, at most 8 objects and lists deep";
        return Err(AuthorityError::Invalid { field: "metadata", why });
    }
    Ok(text)
}

/// Whether it has no more than so many objects and lists within each other. HTTP takes no more than 32.
fn is_flat(value: &Value, left: u32) -> bool {
    match value {
        Value::Object(members) => left > 0 && members.values().all(|value| is_flat(value, left - 1)),
        Value::Array(items) => left > 0 && items.iter().all(|value| is_flat(value, left - 1)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn fits(value: &Value) -> bool {
        super::metadata(value.as_object().expect("an object")).is_ok()
    }

    #[test]
    fn metadata_ends_where_it_says() {
        let nested = |deep: u32| (1..deep).fold(json!({}), |inner, _| json!({ "a": inner }));
        assert!(fits(&nested(8)) && !fits(&nested(9)));
        assert!(fits(&json!({ "a": [[[[[[[]]]]]]] })) && !fits(&json!({ "a": [[[[[[[[]]]]]]]] })));
        let long = |bytes: usize| json!({ "a": "x".repeat(bytes - r#"{"a":""}"#.len()) });
        assert!(fits(&long(16_384)) && !fits(&long(16_385)));
    }
}
