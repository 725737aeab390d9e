//! Values that a vendor hands to running software (`spec/http.md` §3.1).

use sealgate_artifact::{ArtifactError, Decimal, Value, parse_variable};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A value: text, a number, or yes and no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// Yes or no.
    Flag(bool),
    /// A whole number strictly inside ±2^53.
    Number(i64),
    /// A number with a fraction.
    Decimal(Decimal),
    /// Text.
    Text(String),
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Variable {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, SchemaType, Type};
        let of = |kind| ObjectBuilder::new().schema_type(SchemaType::Type(kind));
        let whole = of(Type::Integer).description(Some("A whole number strictly inside ±2^53."));
        let decimal = of(Type::Number).description(Some(
            "A number with a fraction: at most 15 digits, no exponent, no zero at its end.",
        ));
        // Not one of them: a whole number is both, and generated clients send one as it is only where it is an integer, too.
        let value = AnyOfBuilder::new().item(of(Type::Boolean)).item(whole).item(decimal);
        let value = value.item(of(Type::String)).description(Some("A value: text, a number, or yes and no."));
        utoipa::openapi::Schema::from(value.build()).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Variable {}

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
        let wrong = |why: &str| Error::custom(format!("expected text, a number, true or false: {why}"));
        match parse_variable(written.get().as_bytes()) {
            Ok(Value::Bool(flag)) => Ok(Self::Flag(flag)),
            Ok(Value::Int(number)) => Ok(Self::Number(number)),
            Ok(Value::Decimal(decimal)) => Ok(Self::Decimal(decimal)),
            Ok(Value::Text(text)) => Ok(Self::Text(text)),
            Ok(Value::Null | Value::List(_) | Value::Object(_)) => Err(wrong("it is none of them")),
            Err(ArtifactError::Json { why, .. }) => Err(wrong(why)),
            Err(_) => Err(wrong("it cannot be read")),
        }
    }
}
