//! Dates as people type them.

use sealgate_wire::When;

const FORMS: &str = "expected a time as in 2027-01-31 or 2027-01-31T12:00:00Z, a time from now on as in 90d, 3m or 1y, or never";

/// A point in time, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Date(pub(crate) Option<When>);

/// `never`, or what the server reads: an RFC 3339 date or date-time, `90d`, `+3m`, `1y`. It is always an end: a date alone counts to
/// the end of that day, and the server knows where the vendor is.
pub(crate) fn parse(text: &str) -> Result<Date, String> {
    match text {
        "" => Err(FORMS.to_owned()),
        "never" => Ok(Date(None)),
        text if text.trim_start_matches('+').starts_with(|c: char| c.is_ascii_digit()) => {
            When::new(text).map(|when| Date(Some(when))).ok_or_else(|| "longer than any date".to_owned())
        }
        _ => Err(FORMS.to_owned()),
    }
}

/// What the server reads, past or future.
pub(crate) fn moment(text: &str) -> Result<When, String> {
    match parse(text) {
        Ok(Date(Some(when))) => Ok(when),
        _ => Err(FORMS.trim_end_matches(", or never").to_owned()),
    }
}

/// So long as the server reads it, or without an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Duration(pub(crate) Option<String>);

/// `365d`, `3m`, `1y`, or `never` for no end. The server says what it does not take.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    match text {
        "" => Err("expected 365d, 3m, 1y, or never".to_owned()),
        "never" => Ok(Duration(None)),
        text if text.trim_start_matches('+').starts_with(|c: char| c.is_ascii_digit()) => {
            Ok(Duration(Some(text.to_owned())))
        }
        _ => Err("expected 365d, 3m, 1y, or never".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use sealgate_wire::When;

    use super::{Date, Duration, duration, parse};

    #[test]
    fn what_the_server_reads_is_passed_on() {
        assert_eq!(parse("never"), Ok(Date(None)));
        assert_eq!(parse("+3m"), Ok(Date(When::new("+3m"))));
        assert_eq!(duration("never"), Ok(Duration(None)));
        assert_eq!(duration("1y"), Ok(Duration(Some("1y".to_owned()))));
        assert!(parse("").is_err() && duration("").is_err() && parse(&"9".repeat(41)).is_err());
        for no_date in ["tomorrow", "-3m", "+", "31st"] {
            assert_eq!(parse(no_date).is_err(), no_date != "31st", "the server knows: {no_date}");
        }
    }
}
