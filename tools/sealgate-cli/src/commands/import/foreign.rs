//! What the files of other systems have in common.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sealgate_artifact::{Code, MaxDevices};
use sealgate_wire::{ImportRow, Seats, Variable, When};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::row::{Line, Refusal, Source, hex};
use super::shown;
use crate::failure::Failure;

/// What a failure lists.
const LISTED: usize = 20;
/// No name of a row is longer (`spec/http.md` §3.2).
const NAME_BYTES: usize = 128;

/// Licenses of another system, on their way to rows.
#[derive(Default)]
pub(super) struct Records {
    pub(super) source: Source,
    count: u64,
}

impl Records {
    /// Adds a license, or says why not. Licenses are counted through all files.
    pub(super) fn add(&mut self, id: Option<&str>, read: impl FnOnce(u64) -> Result<Line, Unfit>) {
        self.count += 1;
        let named = |refusal: Refusal| Refusal { id: id.map(Into::into), ..refusal };
        match read(self.count) {
            Ok(line) => self.source.lines.push(line),
            Err(Unfit::Refused(refusal)) => self.source.refused.push(named(refusal)),
            Err(Unfit::LeftOut(reason)) => self.source.left_out.push(named(reason)),
        }
    }
}

/// Why a license is not imported.
pub(super) enum Unfit {
    /// Something is wrong with it.
    Refused(Refusal),
    /// It is over where it comes from.
    LeftOut(Refusal),
}

impl From<Refusal> for Unfit {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A license object of another system.
pub(super) fn object<T: DeserializeOwned>(line: u64, value: &Value, of: &str) -> Result<T, Refusal> {
    let why = |e| format!("not a license as {of} gives it: {}", shown::misfit(&e));
    T::deserialize(value).map_err(|e| Refusal::of_line(line, why(e)))
}

/// A JSON file.
pub(super) fn document(bytes: &[u8], of: &str) -> Result<Value, Failure> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|e| {
        let failure = no_document(of, &format!("no JSON, at line {}", e.line()));
        if is_json(bytes) { failure } else { failure.fix("leave --from out, if the file is CSV") }
    })
}

/// That the file is another system's, and nobody said so. Nothing of it is repeated: it holds license keys.
pub(super) fn of_another_system(bytes: &[u8]) -> Option<Failure> {
    if !is_json(bytes) {
        return None;
    }
    let (what, fix) = match serde_json::from_slice(bytes).as_ref().map(system) {
        Ok(Some((of, flag))) => (format!("this looks like {of}'s export"), format!("add --from {flag}")),
        _ => ("this is JSON, and no CSV".to_owned(), "add --from authforge or --from keygen".to_owned()),
    };
    Some(Failure::new(Code::FieldInvalid, what).fix(fix))
}

/// No row of column names begins like that.
fn is_json(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().first().is_some_and(|first| b"{[".contains(first))
}

/// Whose a document is, by what stands where.
fn system(document: &Value) -> Option<(&'static str, &'static str)> {
    match document {
        Value::Array(all) => all.first().and_then(system),
        Value::Object(page) if page.contains_key("licenses") || page.contains_key("licenseKey") => {
            Some(("AuthForge", "authforge"))
        }
        Value::Object(page) if page.contains_key("data") => Some(("Keygen", "keygen")),
        _ => None,
    }
}

/// A document that is none of this system's may be another one's.
pub(super) fn not_of(of: &str, why: &str, document: &Value) -> Failure {
    let failure = no_document(of, why);
    match system(document) {
        Some((other, flag)) if other != of => {
            failure.fix(format!("this looks like {other}'s export: give --from {flag}"))
        }
        _ => failure,
    }
}

pub(super) fn no_document(of: &str, why: &str) -> Failure {
    Failure::new(Code::FieldInvalid, format!("the file is not what {of} gives: {why}"))
        .fix("the chapter \"Licenses in and out\" of the guide says which files are read")
}

/// `--map FROM=TO`.
pub(super) fn map(texts: &[String]) -> Result<HashMap<String, String>, Failure> {
    let pair =
        |text: &String| match text.split_once('=') {
            Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok((from.to_owned(), to.to_owned())),
            _ => Err(Failure::new(Code::MalformedRequest, format!("--map {text}: no `=`"))
                .fix("give --map FROM=TO")),
        };
    let mut named = HashMap::new();
    for (from, to) in texts.iter().map(pair).collect::<Result<Vec<_>, Failure>>()? {
        if let Some(other) = named.insert(from.clone(), to) {
            let why = format!("--map {from}: given twice, once for {other}");
            return Err(Failure::new(Code::MalformedRequest, why).fix("give it once"));
        }
    }
    Ok(named)
}

/// Refuses what names nothing in the files: it is misspelt, and what was meant would go another way.
pub(super) fn all_are_there(
    map: &HashMap<String, String>,
    there: &BTreeSet<&str>,
    what: &str,
) -> Result<(), Failure> {
    let mut unknown: Vec<&str> =
        map.keys().map(String::as_str).filter(|named| !there.contains(named)).collect();
    unknown.sort_unstable();
    if unknown.is_empty() {
        return Ok(());
    }
    let why = format!("--map names {what} that no license in the files has: {}", unknown.join(", "));
    let known: Vec<&str> = there.iter().copied().take(LISTED).collect();
    let fix =
        if known.is_empty() { "leave it out".to_owned() } else { format!("they have: {}", known.join(", ")) };
    Err(Failure::new(Code::MalformedRequest, why).fix(fix))
}

/// What a license is known by: what that system knows it by, which may be too long for a name.
pub(super) fn name(of: &str, known_by: &str) -> String {
    let name = format!("{of}:{known_by}");
    if name.len() <= NAME_BYTES { name } else { format!("{of}:sha256:{}", hex(&Sha256::digest(known_by))) }
}

/// A license with a name of its own in that system, a key, and devices.
pub(super) fn row(name: String, key: &str, hwids: Vec<String>) -> ImportRow {
    ImportRow { name, license_key: Some(key.to_owned()), hwids, ..ImportRow::default() }
}

pub(super) fn end(line: u64, column: &str, text: Option<&str>) -> Result<Option<When>, Refusal> {
    let unreadable =
        |text: &str| Refusal::new(line, column, "expected a time as in 2027-01-31T12:00:00Z").value(text);
    // Both systems give times. What is one only from now on would move with the day of the import.
    let is_time = |text: &str| text.contains('T') && text.as_bytes().iter().take(4).all(u8::is_ascii_digit);
    let time = |text: &str| When::new(text).filter(|_| is_time(text));
    text.map(|text| time(text).ok_or_else(|| unreadable(text))).transpose()
}

pub(super) fn seats(line: u64, column: &str, number: u64) -> Result<Seats, Refusal> {
    let refused = || Refusal::new(line, column, "expected 1 to 1000000").value(&number.to_string());
    MaxDevices::limited(number).map(Seats).ok_or_else(refused)
}

/// Text, numbers and flags; of others it says which.
pub(super) fn variables(
    line: u64,
    column: &str,
    values: &serde_json::Map<String, Value>,
) -> Result<BTreeMap<String, Variable>, Refusal> {
    let variable = |(name, value): (&String, &Value)| {
        let held = match value {
            Value::Bool(flag) => Some(Variable::Flag(*flag)),
            Value::Number(number) => self::number(number),
            Value::String(text) => Some(Variable::Text(text.clone())),
            _ => None,
        };
        let why = || {
            Refusal::new(
                line,
                column,
                format!("{name}: neither text nor a number of at most 15 digits nor true or false"),
            )
        };
        Ok((name.clone(), held.ok_or_else(why)?))
    };
    values.iter().map(variable).collect()
}

/// A number as the other system has it: a double, whose spelling says nothing.
fn number(number: &serde_json::Number) -> Option<Variable> {
    // Written without an exponent and with as few digits as tell it apart, which have a place in a variable or have not.
    let spelling =
        number.as_i64().map_or_else(|| number.as_f64().map(|n| n.to_string()), |n| Some(n.to_string()));
    serde_json::from_str(&spelling?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{end, name, variables};

    #[test]
    fn an_end_is_a_time_and_no_time_from_now_on() {
        let read = |text| end(1, "expiresAt", Some(text)).map(|when| when.is_some());
        assert_eq!(read("2099-12-31T23:59:59Z"), Ok(true));
        for other in ["+1y", "90d", "never", "2099-12-31", "", "T"] {
            assert!(read(other).is_err(), "{other}");
        }
        assert_eq!(end(1, "expiresAt", None), Ok(None));
    }

    #[test]
    fn a_name_is_what_the_other_system_knows_unless_that_is_too_long() {
        assert_eq!(name("keygen", &"b".repeat(121)), format!("keygen:{}", "b".repeat(121)));
        let [one, other] = ["b", "c"].map(|c| name("keygen", &c.repeat(122)));
        assert!(one != other && one.len() == 78 && one == name("keygen", &"b".repeat(122)), "{one}");
    }

    #[test]
    fn numbers_are_what_they_were_there() {
        let read = |text: &str| {
            let values = serde_json::from_str(&format!(r#"{{"a":{text}}}"#)).expect("an object");
            variables(1, "metadata", &values)
                .map(|read| json!(read)["a"].to_string())
                .map_err(|why| why.reason)
        };
        let same = [
            ("7", "7"),
            ("-7", "-7"),
            ("7.0", "7"),
            ("5e2", "500"),
            ("0.5", "0.5"),
            ("0.50", "0.5"),
            ("5e-1", "0.5"),
        ];
        for (theirs, ours) in same {
            assert_eq!(read(theirs).as_deref(), Ok(ours), "{theirs}");
        }
        for none in ["0.30000000000000004", "1e300", "1e-300", "9007199254740993", "1.5e17", "null", "[0.5]"]
        {
            let why = "a: neither text nor a number of at most 15 digits nor true or false";
            assert_eq!(read(none).as_ref().map_err(String::as_str), Err(why), "{none}");
        }
    }
}
