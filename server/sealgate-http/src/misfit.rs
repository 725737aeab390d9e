//! Which field of a request does not fit, and what it must be: never what was sent there, because requests hold secrets.

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

/// Names that are repeated have no more bytes: longer ones are no field's, and may be a secret.
const NAME_BYTES: usize = 24;

/// A field that does not fit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// Where it stands, such as `features[2].name`; [`None`] for the whole of what was sent.
    pub(crate) field: Option<String>,
    /// What it must be.
    pub(crate) why: String,
}

impl Misfit {
    /// What the reader of this type missed in these bytes of JSON. It is asked again, because looking where it stands takes time.
    pub(crate) fn of<T: DeserializeOwned>(bytes: &[u8]) -> Self {
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        match serde_path_to_error::deserialize::<_, T>(&mut reader) {
            Ok(_) => Self { field: None, why: "something follows it".to_owned() },
            Err(error) => Self::at(error.path(), without_place(&error.inner().to_string())),
        }
    }

    fn at(path: &Path, said: &str) -> Self {
        let place = written(path);
        let under =
            |name: &str| Some(if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") });
        if let Some(name) = quoted(said, "missing field ") {
            return Self { field: under(name), why: "it is missing".to_owned() };
        }
        if let Some(name) = quoted(said, "duplicate field ") {
            return Self { field: under(name), why: "it stands twice".to_owned() };
        }
        let field = Some(place).filter(|place| !place.is_empty());
        if said.starts_with("unknown field ") {
            return Self { field, why: format!("there is no such field{}", known(said)) };
        }
        Self { field, why: expected(said) }
    }

    /// What the reader of a query says, after what all of it begins with.
    pub(crate) fn of_query(said: &str) -> Self {
        let said = said.rsplit_once("query string: ").map_or(said, |(_, said)| said);
        if let Some(name) = quoted(said, "missing field ") {
            return Self { field: Some(name.to_owned()), why: "it is missing".to_owned() };
        }
        let (name, said) = said.split_once(": ").unwrap_or(("", said));
        let field = Some(name).filter(|name| is_name(name)).map(str::to_owned);
        let why = match said {
            said if said.starts_with("unknown field ") => {
                format!("there is no such parameter{}", known(said))
            }
            "invalid digit found in string" | "cannot parse integer from empty string" => {
                "a whole number that is not negative".to_owned()
            }
            said if said.starts_with("number too ") => "a smaller number".to_owned(),
            said => expected(said),
        };
        Self { field, why }
    }

    /// As a sentence for people.
    pub(crate) fn message(&self) -> String {
        self.field.as_ref().map_or_else(|| self.why.clone(), |field| format!("{field}: {}", self.why))
    }
}

fn written(path: &Path) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => text.extend(["[", &index.to_string(), "]"]),
            Segment::Map { key } if is_name(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            // What nobody can have meant as a name is not repeated.
            _ => text.push_str(if text.is_empty() { "a field" } else { ".…" }),
        }
    }
    text
}

fn is_name(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    // Keys have digits, and a field of ours has three.
    text == "sha256" || (1..=NAME_BYTES).contains(&text.len()) && text.bytes().all(is_plain)
}

/// The name in backquotes after these words.
fn quoted<'a>(said: &'a str, words: &str) -> Option<&'a str> {
    said.strip_prefix(words)?.strip_prefix('`')?.split('`').next()
}

/// The fields that there are, as the reader lists them.
fn known(said: &str) -> String {
    let names: Vec<&str> = match said.split_once("`, expected ") {
        Some((_, list)) => list.split('`').skip(1).step_by(2).collect(),
        None => vec![],
    };
    if names.is_empty() { String::new() } else { format!("; there are {}", names.join(", ")) }
}

/// What the reader says without its last words, which tell line and column.
fn without_place(said: &str) -> &str {
    said.rsplit_once(" at line ").map_or(said, |(said, _)| said)
}

/// What must stand there, without what stood there.
fn expected(said: &str) -> String {
    // So the reader of a closed word says it of `null`.
    if said == "expected value" {
        return "one of its words".to_owned();
    }
    let names_what_was_sent = said.starts_with("invalid ") || said.starts_with("unknown variant ");
    if !names_what_was_sent {
        let is_ours = !said.contains("untagged enum");
        return if is_ours { said.to_owned() } else { "of a wrong type".to_owned() };
    }
    // What was sent may say `, expected `, too: ours is the last.
    let wanted = said.rsplit_once(", expected ").map_or("", |(_, wanted)| wanted);
    plain(wanted)
}

/// The reader's words for types, in those of this project.
fn plain(wanted: &str) -> String {
    match wanted {
        "" => "of a wrong type or value",
        "a string" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i64" => "a whole number",
        wanted if wanted.starts_with("struct ") => "an object",
        wanted => return wanted.replace("one of ", "").replace('`', ""),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::Misfit;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Order {
        count: u32,
        name: String,
        kind: Option<Kind>,
        parts: Option<Vec<Part>>,
        words: Option<BTreeMap<String, String>>,
        seats: Option<sealgate_wire::Seats>,
        at: Option<sealgate_wire::Timestamp>,
        value: Option<sealgate_wire::Variable>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Red,
        Blue,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Part {
        width: i64,
    }

    #[test]
    fn the_field_is_named_and_what_was_sent_there_is_not() {
        let secret = "hunter2, expected `x";
        for (body, message) in [
            (format!(r#"{{"count":"{secret}"}}"#), "count: a whole number that is not negative"),
            (r#"{"count":-1}"#.to_owned(), "count: a whole number that is not negative"),
            (r#"{"count":1}"#.to_owned(), "name: it is missing"),
            (r#"{"count":1,"count":2}"#.to_owned(), "count: it stands twice"),
            (r#"{"name":7}"#.to_owned(), "name: a text"),
            (format!(r#"{{"kind":"{secret}"}}"#), "kind: red or blue"),
            (r#"{"parts":[{"width":1},{"width":"2"}]}"#.to_owned(), "parts[1].width: a whole number"),
            (r#"{"parts":[{}]}"#.to_owned(), "parts[0].width: it is missing"),
            (r#"{"words":{"sha256":1}}"#.to_owned(), "words.sha256: a text"),
            (r#"{"words":{"hunter2":1}}"#.to_owned(), "words.…: a text"),
            (r#"{"parts":{}}"#.to_owned(), "parts: a list"),
            (r#"{"parts":[3]}"#.to_owned(), "parts[0]: an object"),
            (r#"{"words":{"a":1}}"#.to_owned(), "words.a: a text"),
            (r#"{"words":[]}"#.to_owned(), "words: an object"),
            (r#"{"seats":0}"#.to_owned(), "seats: expected 1 to 1,000,000 or \"unlimited\""),
            (r#"{"at":"hunter2"}"#.to_owned(), "at: not an RFC 3339 time between 1970 and 9999"),
            (
                r#"{"value":[1]}"#.to_owned(),
                "value: expected text, a number, true or false: it is none of them",
            ),
            (
                r#"{"value":0.50}"#.to_owned(),
                "value: expected text, a number, true or false: a number with a fraction that ends with a zero",
            ),
            (
                r#"{"coutn":1}"#.to_owned(),
                "coutn: there is no such field; there are count, name, kind, parts, words, seats, at, value",
            ),
            (
                r#"{"parts":[{"hunter 2":1}]}"#.to_owned(),
                "parts[0].…: there is no such field; there are width",
            ),
        ] {
            serde_json::from_str::<Order>(&body).expect_err("does not fit");
            let said = Misfit::of::<Order>(body.as_bytes()).message();
            assert_eq!(said, message, "{body}");
            assert!(!said.contains("hunter"), "{said}");
        }
    }

    #[test]
    fn a_parameter_of_a_query_is_named_too() {
        let begin = "Failed to deserialize query string: ";
        for (said, message) in [
            ("limit: invalid digit found in string", "limit: a whole number that is not negative"),
            ("limit: number too large to fit in target type", "limit: a smaller number"),
            (
                "colour: unknown field `colour`, expected `limit` or `cursor`",
                "colour: there is no such parameter; there are limit, cursor",
            ),
            ("state: unknown variant `hunter2`, expected one of `a`, `b`, `c`", "state: a, b, c"),
            ("missing field `version`", "version: it is missing"),
        ] {
            assert_eq!(Misfit::of_query(&format!("{begin}{said}")).message(), message);
        }
    }
}
