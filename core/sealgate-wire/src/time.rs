//! Times as they travel over HTTP: RFC 3339, UTC, whole seconds.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use sealgate_artifact::UnixSeconds;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Where Unix seconds begin.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A time that is written `2027-01-31T00:00:00Z` and read in any RFC 3339 spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub UnixSeconds);

impl Timestamp {
    /// Reads an RFC 3339 date-time between 1970 and 9999; fractions of a second are dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let pieces = jiff::fmt::temporal::DateTimeParser::new().parse_pieces(text).ok()?;
        let offset = pieces.to_numeric_offset()?;
        let local = pieces.date().to_datetime(pieces.time()?);
        // Calendar arithmetic: the library's own instants end some hours before the year 9999 does.
        let seconds = local.duration_since(EPOCH).as_secs() - i64::from(offset.seconds());
        UnixSeconds::new(u64::try_from(seconds).ok()?).map(Self)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let since = SignedDuration::from_secs(i64::try_from(self.0.get()).expect("a year up to 9999 fits"));
        write!(f, "{}Z", EPOCH.checked_add(since).expect("a year up to 9999 fits"))
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
    fn times_are_written_in_one_way_and_read_in_all() {
        for text in ["2027-01-31T00:00:00Z", "2027-01-31T01:00:00+01:00", "2027-01-31T00:00:00.9Z"] {
            assert_eq!(Timestamp::parse(text).expect("reads").to_string(), "2027-01-31T00:00:00Z", "{text}");
        }
        for text in ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
            assert_eq!(Timestamp::parse(text).expect("reads").to_string(), text);
        }
        for text in [
            "2027-01-31",
            "1969-12-31T23:59:59Z",
            "+10000-01-01T00:00:00Z",
            "9999-12-31T23:59:59-01:00",
            "tomorrow",
            "",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
