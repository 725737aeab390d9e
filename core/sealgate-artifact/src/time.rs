//! Points in time as the formats write them.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::limits;

/// Where Unix seconds begin.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// Whole seconds since 1970-01-01T00:00:00Z, up to the end of the year 9999. Its text is RFC 3339, for formats that
/// spell times out (`spec/http.md` §1.6); signed statements hold the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixSeconds(u64);

impl UnixSeconds {
    /// `None` beyond the year 9999.
    pub fn new(seconds: u64) -> Option<Self> {
        (seconds <= limits::LAST_SECOND).then_some(Self(seconds))
    }

    /// Reads any RFC 3339 date-time between 1970 and 9999; fractions of a second, nine digits at most, are dropped.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        if !is_rfc3339(text) {
            return None;
        }
        let pieces = jiff::fmt::temporal::DateTimeParser::new().parse_pieces(text).ok()?;
        let offset = pieces.to_numeric_offset()?;
        let local = pieces.date().to_datetime(pieces.time()?);
        // Calendar arithmetic: the library's own instants end some hours before the year 9999 does.
        let seconds = local.duration_since(EPOCH).as_secs() - i64::from(offset.seconds());
        Self::new(u64::try_from(seconds).ok()?)
    }

    /// The number itself.
    pub fn get(self) -> u64 {
        self.0
    }

    /// `seconds` later, but at most the end of the year 9999.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds).min(limits::LAST_SECOND))
    }

    /// This time `seconds` earlier, at least the beginning of 1970.
    #[must_use]
    pub fn minus(self, seconds: u64) -> Self {
        Self(self.0.saturating_sub(seconds))
    }
}

/// Whether a text has the form of RFC 3339 §5.6: the library reads more, such as `20270131T000000Z` and names of zones.
fn is_rfc3339(text: &str) -> bool {
    let is_like = |bytes: &[u8], form: &str| {
        bytes.len() == form.len()
            && bytes
                .iter()
                .zip(form.bytes())
                .all(|(b, f)| if f == b'0' { b.is_ascii_digit() } else { *b == f })
    };
    let Some((local, rest)) = text.as_bytes().split_at_checked("0000-00-00T00:00:00".len()) else {
        return false;
    };
    let (date, time) = local.split_at("0000-00-00".len());
    let digits = rest.strip_prefix(b".").map(|rest| rest.iter().take_while(|b| b.is_ascii_digit()).count());
    let zone = &rest[digits.map_or(0, |digits| digits + 1)..];
    is_like(date, "0000-00-00")
        && matches!(time[0], b'T' | b't' | b' ')
        && is_like(&time[1..], "00:00:00")
        && digits != Some(0)
        && (matches!(zone, b"Z" | b"z") || is_like(zone, "+00:00") || is_like(zone, "-00:00"))
}

/// `2027-01-31T00:00:00Z`: RFC 3339 in UTC with whole seconds.
impl std::fmt::Display for UnixSeconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let since = SignedDuration::from_secs(i64::try_from(self.0).expect("a year up to 9999 fits"));
        write!(f, "{}Z", EPOCH.checked_add(since).expect("a year up to 9999 fits"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::UnixSeconds;
    use crate::limits;

    #[test]
    fn times_are_written_in_one_way_and_read_in_all() {
        let read = UnixSeconds::parse_rfc3339;
        for text in [
            "2027-01-31T00:00:00Z",
            "2027-01-31t00:00:00z",
            "2027-01-31T00:00:00-00:00",
            "2027-01-31T01:00:00+01:00",
            "2027-01-31 00:00:00Z",
            "2027-01-31T00:00:00.9Z",
            "2027-01-31T00:00:00.999999999Z",
        ] {
            assert_eq!(read(text).expect("reads").to_string(), "2027-01-31T00:00:00Z", "{text}");
        }
        for text in ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
            assert_eq!(read(text).expect("reads").to_string(), text);
        }
        for text in [
            "2027-01-31",
            "1969-12-31T23:59:59Z",
            "+10000-01-01T00:00:00Z",
            "9999-12-31T23:59:59-01:00",
            "2027-01-31T00:00:00.0000000000Z",
            "tomorrow",
            "",
            "20270131T000000Z",
            "2027-01-31T000000Z",
            "20270131T00:00:00Z",
            "2027-01-31T00:00Z",
            "2027-01-31T00:00:00",
            "2027-01-31T00:00:00+01",
            "2027-01-31T00:00:00+0100",
            "2027-01-31T00:00:00,5Z",
            "2027-01-31T00:00:00.Z",
            "2027-01-31T00:00:00Z[UTC]",
            "2027-01-31T00:00:00+01:00[Europe/Berlin]",
            "2027-01-31T00:00:00\u{2212}01:00",
            "+002027-01-31T00:00:00Z",
            "2027-W04-7T00:00:00Z",
            "2027-031T00:00:00Z",
            " 2027-01-31T00:00:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        /// Any time is read back from its text.
        #[test]
        fn what_is_written_is_read(seconds in 0..=limits::LAST_SECOND) {
            let time = UnixSeconds::new(seconds).expect("a year up to 9999");
            prop_assert_eq!(UnixSeconds::parse_rfc3339(&time.to_string()), Some(time));
        }
    }
}
