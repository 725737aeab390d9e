//! Times as answers spell them: `2027-01-31T00:00:00Z` (`spec/http.md` §1.6). For `#[serde(with)]`.

use sealgate_artifact::UnixSeconds;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
pub(crate) fn serialize<S: Serializer>(time: &UnixSeconds, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UnixSeconds, D::Error> {
    let text = String::deserialize(deserializer)?;
    let invalid = || de::Error::custom("not an RFC 3339 time between 1970 and 9999");
    UnixSeconds::parse_rfc3339(&text).ok_or_else(invalid)
}

/// A time, or `null` for never.
pub(crate) mod or_never {
    use super::{Deserialize, Deserializer, Serialize, Serializer, UnixSeconds};

    #[derive(Serialize, Deserialize)]
    struct Text(#[serde(with = "super")] UnixSeconds);

    #[expect(clippy::ref_option, reason = "serde's form")]
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<UnixSeconds>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(Text).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<UnixSeconds>, D::Error> {
        Ok(Option::<Text>::deserialize(deserializer)?.map(|Text(time)| time))
    }
}
