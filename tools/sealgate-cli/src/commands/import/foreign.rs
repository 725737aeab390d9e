//! What the files of other systems have in common.

use std::collections::{BTreeMap, HashMap};

use sealgate_artifact::{Code, MaxDevices};
use sealgate_wire::{ImportRow, Seats, Variable, When};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::row::{Line, Refusal, Source};
use crate::failure::Failure;

/// Licenses of another system, on their way to rows.
#[derive(Default)]
pub(super) struct Records {
    pub(super) source: Source,
    count: u64,
}

impl Records {
    /// Adds a license, or says why not. Licenses are counted through all files.
    pub(super) fn add(&mut self, read: impl FnOnce(u64) -> Result<Line, Unfit>) {
        self.count += 1;
        match read(self.count) {
            Ok(line) => self.source.lines.push(line),
            Err(Unfit::Refused(refusal)) => self.source.refused.push(refusal),
            Err(Unfit::LeftOut(reason)) => self.source.left_out.push(reason),
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
    let refused = |e: serde_json::Error| Refusal {
        line,
        column: None,
        code: None,
        reason: format!("not a license as {of} gives it: {e}"),
    };
    T::deserialize(value).map_err(refused)
}

/// A JSON file.
pub(super) fn document(bytes: &[u8], of: &str) -> Result<Value, Failure> {
    serde_json::from_slice(bytes).map_err(|e| no_document(of, &e.to_string()))
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
    texts.iter().map(pair).collect()
}

/// A license with a name of its own in that system, a key, and devices.
pub(super) fn row(name: String, key: &str, hwids: Vec<String>) -> ImportRow {
    ImportRow { name, license_key: Some(key.to_owned()), hwids, ..ImportRow::default() }
}

pub(super) fn end(line: u64, column: &str, text: Option<&str>) -> Result<Option<When>, Refusal> {
    let unreadable = || Refusal::new(line, column, "not a time as in 2027-01-31T12:00:00Z");
    text.map(|text| When::new(text).ok_or_else(unreadable)).transpose()
}

pub(super) fn seats(line: u64, column: &str, number: u64) -> Result<Seats, Refusal> {
    let refused = || Refusal::new(line, column, "expected 1 to 1000000");
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

    use super::variables;

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
