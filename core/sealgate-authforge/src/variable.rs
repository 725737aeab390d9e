//! The value of a variable (`spec/authforge.md` §2.8).

use sealgate_artifact::{Decimal, Value, parse_variable};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// The members of a payload that hold variables. Only there may numbers have a fraction.
pub(crate) const WITH_VARIABLES: [&str; 2] = ["licenseVariables", "appVariables"];

/// The value of a variable that a vendor hands to clients, in answers and in license files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A number with a fraction.
    Decimal(Decimal),
    /// A string.
    Text(String),
}

impl Variable {
    /// A value that stands in JSON; `None` if it can be none of a variable.
    pub(crate) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Bool(flag) => Some(Self::Flag(flag)),
            Value::Int(number) => Some(Self::Number(number)),
            Value::Decimal(decimal) => Some(Self::Decimal(decimal)),
            Value::Text(text) => Some(Self::Text(text)),
            Value::Null | Value::List(_) | Value::Object(_) => None,
        }
    }
}

impl Serialize for Variable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Decimal(decimal) => {
                // A double could be written in another spelling.
                let number = RawValue::from_string(decimal.to_string());
                number.expect("a decimal is a number of JSON").serialize(serializer)
            }
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Variable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As it is written: a double forgets the spelling.
        let written = Box::<RawValue>::deserialize(deserializer)?;
        let value = parse_variable(written.get().as_bytes()).map_err(Error::custom)?;
        Self::of(value).ok_or_else(|| Error::custom("neither text nor a number, true or false"))
    }
}
