//! Reads a payload field by field: strict JSON (`spec/envelope.md` §3.1, §3.2). Unknown fields are ignored.

use sealgate_artifact::{Value, decode_base64, parse_with_decimals};

use crate::FileRefusal;

/// The fields of an object that have not been taken yet.
pub(crate) struct Fields(Vec<(String, Value)>);

impl Fields {
    /// The object in a base64 text, if its version is `1` (`spec/authforge.md` §2.6, §3.4). In the members `with_decimals`, numbers
    /// may have a fraction.
    pub(crate) fn of_version_1(payload: &str, with_decimals: &[&str]) -> Result<Self, FileRefusal> {
        let json = decode_base64(payload, "payload").map_err(|_| FileRefusal::MalformedPayload)?;
        let value = parse_with_decimals(&json, with_decimals).map_err(|_| FileRefusal::MalformedPayload)?;
        let mut fields = Self::of(value)?;
        match fields.take("v") {
            Some(Value::Int(1)) => Ok(fields),
            _ => Err(FileRefusal::UnsupportedVersion),
        }
    }

    pub(crate) fn of(value: Value) -> Result<Self, FileRefusal> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(FileRefusal::MalformedPayload),
        }
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(n, _)| n == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// A required field.
    pub(crate) fn need(&mut self, name: &str) -> Result<Value, FileRefusal> {
        self.take(name).ok_or(FileRefusal::MalformedPayload)
    }

    /// A required string.
    pub(crate) fn text(&mut self, name: &str) -> Result<String, FileRefusal> {
        text(self.need(name)?)
    }

    /// A string that may be absent or `null`.
    pub(crate) fn optional_text(&mut self, name: &str) -> Result<Option<String>, FileRefusal> {
        self.take(name).filter(|value| *value != Value::Null).map(text).transpose()
    }

    /// Requires this `typ`.
    pub(crate) fn expect_typ(&mut self, typ: &str) -> Result<(), FileRefusal> {
        require(self.text("typ")? == typ)
    }
}

pub(crate) fn text(value: Value) -> Result<String, FileRefusal> {
    match value {
        Value::Text(text) => Ok(text),
        _ => Err(FileRefusal::MalformedPayload),
    }
}

/// Text that may go into a header line, or that clients trim before they compare it: not empty, without control
/// characters, without white space at its ends (`spec/authforge.md` §2.4).
pub(crate) fn plain(text: String) -> Result<String, FileRefusal> {
    require(!text.is_empty() && text.trim() == text && !text.contains(char::is_control))?;
    Ok(text)
}

pub(crate) fn require(holds: bool) -> Result<(), FileRefusal> {
    if holds { Ok(()) } else { Err(FileRefusal::MalformedPayload) }
}
