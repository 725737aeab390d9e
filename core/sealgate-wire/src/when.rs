//! An end as people write it (`spec/http.md` §1.6).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Timestamp;

/// No spelling of an end is longer, in bytes.
const LONGEST: usize = 40;

/// An end: an RFC 3339 time, a date, which counts to its end where the vendor is, or a time from now on, such as `90d`, `3m` or
/// `1y`, with or without a `+`. The server reads it: it knows where the vendor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When(String);

impl When {
    /// Takes the text as it is. `None` for one that is longer than any end.
    pub fn new(text: &str) -> Option<Self> {
        (text.len() <= LONGEST).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Timestamp> for When {
    fn from(at: Timestamp) -> Self {
        Self(at.to_string())
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for When {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
        let text = "An RFC 3339 time; a date, which counts to its end in the server's configured zone; or a time from now on such \
                    as 90d, 3m or 1y.";
        let object = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).description(Some(text));
        object.max_length(Some(LONGEST)).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for When {}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| de::Error::custom("longer than any time, date or duration"))
    }
}
