//! Times as they travel over HTTP: RFC 3339, UTC, whole seconds (`spec/http.md` §1.6).

use sealgate_artifact::UnixSeconds;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A time that is written `2027-01-31T00:00:00Z` and read in any RFC 3339 spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub UnixSeconds);

impl Timestamp {
    /// Reads an RFC 3339 date-time between 1970 and 9999; fractions of a second are dropped.
    pub fn parse(text: &str) -> Option<Self> {
        UnixSeconds::parse_rfc3339(text).map(Self)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).format(Some(format)).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Timestamp {}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not an RFC 3339 time between 1970 and 9999"))
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn a_time_travels_as_text() {
        let read = |json: &str| serde_json::from_str::<Timestamp>(json);
        let time = read(r#""2027-01-31T01:00:00+01:00""#).expect("reads");
        assert_eq!(serde_json::to_string(&time).expect("writes"), r#""2027-01-31T00:00:00Z""#);
        for json in ["1801353600", "null", r#""tomorrow""#] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
