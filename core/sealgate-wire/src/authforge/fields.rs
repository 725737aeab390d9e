//! Taking a payload apart: strict JSON (`spec/envelope.md` §3.1, §3.2), whose unknown fields are left alone.

use sealgate_artifact::{Value, decode_base64, parse_json};

use super::FileRefusal;

/// The members of one object that have not been taken yet.
pub(super) struct Fields(Vec<(String, Value)>);

impl Fields {
    /// The object behind a base64 text, when its version is `1` (`spec/authforge.md` §2.6, §3.4).
    pub(super) fn of_version_1(payload: &str) -> Result<Self, FileRefusal> {
        let json = decode_base64(payload, "payload").map_err(|_| FileRefusal::MalformedPayload)?;
        let mut fields = Self::of(parse_json(&json).map_err(|_| FileRefusal::MalformedPayload)?)?;
        match fields.take("v") {
            Some(Value::Int(1)) => Ok(fields),
            _ => Err(FileRefusal::UnsupportedVersion),
        }
    }

    pub(super) fn of(value: Value) -> Result<Self, FileRefusal> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(FileRefusal::MalformedPayload),
        }
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(n, _)| n == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// A field that must be there.
    pub(super) fn need(&mut self, name: &str) -> Result<Value, FileRefusal> {
        self.take(name).ok_or(FileRefusal::MalformedPayload)
    }

    /// A string that must be there.
    pub(super) fn text(&mut self, name: &str) -> Result<String, FileRefusal> {
        text(self.need(name)?)
    }

    /// A string that may be absent or `null`.
    pub(super) fn optional_text(&mut self, name: &str) -> Result<Option<String>, FileRefusal> {
        self.take(name).filter(|value| *value != Value::Null).map(text).transpose()
    }

    /// `typ` must say this.
    pub(super) fn expect_typ(&mut self, typ: &str) -> Result<(), FileRefusal> {
        require(self.text("typ")? == typ)
    }
}

pub(super) fn text(value: Value) -> Result<String, FileRefusal> {
    match value {
        Value::Text(text) => Ok(text),
        _ => Err(FileRefusal::MalformedPayload),
    }
}

/// Text that stands in a header line, or that clients trim before they compare it (`spec/authforge.md` §2.4).
pub(super) fn plain(text: String) -> Result<String, FileRefusal> {
    require(!text.is_empty() && text.trim() == text && !text.contains(char::is_control))?;
    Ok(text)
}

pub(super) fn require(holds: bool) -> Result<(), FileRefusal> {
    if holds { Ok(()) } else { Err(FileRefusal::MalformedPayload) }
}
