//! Dates as people type them.

use sealgate_artifact::UnixSeconds;
use sealgate_wire::Timestamp;

const DAY: u64 = 24 * 60 * 60;

/// A point in time, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Date {
    Never,
    At(UnixSeconds),
    /// So many days from now.
    In(u64),
}

impl Date {
    pub(crate) fn resolve(self, now: UnixSeconds) -> Option<UnixSeconds> {
        match self {
            Self::Never => None,
            Self::At(time) => Some(time),
            Self::In(days) => Some(now.plus(days * DAY)),
        }
    }
}

/// RFC 3339 date or date-time, `+90d`, or `never`. It is always an end: a date alone counts to the end of that day in UTC,
/// which is the first moment of the next.
pub(crate) fn parse(text: &str) -> Result<Date, String> {
    if text == "never" {
        return Ok(Date::Never);
    }
    if let Some(days) = text.strip_prefix('+').and_then(|t| t.strip_suffix('d')) {
        let days = days.parse().ok().filter(|d| (1..=365_000).contains(d));
        return days.map(Date::In).ok_or_else(|| "expected +1d to +365000d".to_owned());
    }
    let midnight = || Timestamp::parse(&format!("{text}T00:00:00Z"));
    let time = Timestamp::parse(text).map(|t| t.0).or_else(|| midnight().map(|t| t.0.plus(DAY)));
    time.map(Date::At).ok_or_else(|| "expected a date as in 2027-01-31, +90d, or never".to_owned())
}

/// So long as the server reads it, or without an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Duration(pub(crate) Option<String>);

/// `365d`, `3m`, `1y`, or `never` for no end. The server says what it does not take.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    match text {
        "" => Err("expected 365d, 3m, 1y, or never".to_owned()),
        "never" => Ok(Duration(None)),
        text => Ok(Duration(Some(text.to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Date, parse};
    use sealgate_artifact::UnixSeconds;

    #[test]
    fn dates_are_read_as_people_type_them() {
        let at = |s| Date::At(UnixSeconds::new(s).expect("in range"));
        assert_eq!(parse("never"), Ok(Date::Never));
        assert_eq!(parse("+90d"), Ok(Date::In(90)));
        assert_eq!(parse("2027-01-31"), parse("2027-02-01T00:00:00Z"), "to the end of that day");
        assert_eq!(parse("2028-02-28"), parse("2028-02-29T00:00:00Z"));
        assert_eq!(parse("9999-12-31"), parse("9999-12-31T23:59:59Z"), "there is no later moment");
        assert_eq!(parse("2027-01-31T00:00:00Z"), Ok(at(1_801_353_600)));
        assert_eq!(parse("2027-01-31T12:00:00+02:00"), Ok(at(1_801_389_600)));
        for wrong in ["", "+d", "+0d", "+999999999d", "-3d", "31.1.2027", "2027-02-30", "tomorrow"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
