//! A payload's text taken apart by its fields, and what becomes of each field that is absent, `null` or of another type
//! (`spec/envelope.md` §3.4).

use sealgate_artifact::Code;

/// The same object with this value, which may be new, for the field; a new one stands last.
pub(super) fn saying(text: &str, field: &str, value: &str) -> String {
    let mut members = members(text);
    match members.iter_mut().find(|(name, _)| name == field) {
        Some((_, old)) => value.clone_into(old),
        None => members.push((field.to_owned(), value.to_owned())),
    }
    object(&members)
}

/// The same object without the field, which must be there.
pub(super) fn without(text: &str, field: &str) -> String {
    let mut members = members(text);
    let at = members.iter().position(|(name, _)| name == field);
    members.remove(at.unwrap_or_else(|| panic!("{field} does not stand in {text}")));
    object(&members)
}

/// A payload that must be refused: the vector's name, the code, what it shows, the text.
pub(super) type Spoilt = (String, Code, &'static str, String);

/// Each field but `typ` absent, `null` unless that has a meaning, and a list.
pub(super) fn spoilt(text: &str, nullable: &[&str]) -> Vec<Spoilt> {
    let fields = members(text).into_iter().map(|(name, _)| name).filter(|name| name != "typ");
    fields
        .flat_map(|field| {
            let missing = format!("{field}_missing");
            let shows = "A field that must be there.";
            let missing = [(missing, Code::FieldMissing, shows, without(text, &field))];
            missing.into_iter().chain(ill_typed(text, &field, nullable.contains(&&field[..])))
        })
        .collect()
}

/// The same for a field that may be absent.
pub(super) fn spoilt_optional(text: &str, fields: &[&str]) -> Vec<Spoilt> {
    fields.iter().flat_map(|field| ill_typed(text, field, false)).collect()
}

fn ill_typed(text: &str, field: &str, is_nullable: bool) -> Vec<Spoilt> {
    let null = (!is_nullable).then_some(("null", "null", "`null` has no meaning here."));
    let spoilt = |(name, value, shows)| {
        (format!("{field}_{name}"), Code::FieldInvalid, shows, saying(text, field, value))
    };
    null.into_iter().chain([("list", "[]", "A value of another type.")]).map(spoilt).collect()
}

/// The names and the values' texts of an object, which is compact.
fn members(text: &str) -> Vec<(String, String)> {
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).expect("an object");
    let (mut members, mut start, mut depth, mut quoted, mut escaped) = (vec![], 0, 0usize, false, false);
    for (at, sign) in inner.char_indices().chain([(inner.len(), ',')]) {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                members.push(member(&inner[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    members
}

fn member(text: &str) -> (String, String) {
    let (name, value) = text.split_once(':').expect("a name and a value");
    (name.trim_matches('"').to_owned(), value.to_owned())
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_taken_apart_and_put_together() {
        let text = r#"{"a":"x,\"}","b":[1,{"c":2}],"d":null}"#;
        assert_eq!(object(&members(text)), text);
        assert_eq!(without(text, "b"), r#"{"a":"x,\"}","d":null}"#);
        assert_eq!(saying(text, "a", "1"), r#"{"a":1,"b":[1,{"c":2}],"d":null}"#);
        assert_eq!(saying(text, "e", "1"), r#"{"a":"x,\"}","b":[1,{"c":2}],"d":null,"e":1}"#);
        let names: Vec<String> =
            spoilt(r#"{"typ":"x","a":1,"d":null}"#, &["d"]).into_iter().map(|s| s.0).collect();
        assert_eq!(names, ["a_missing", "a_null", "a_list", "d_missing", "d_list"]);
    }
}
