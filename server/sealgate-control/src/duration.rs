//! How long a license lasts, and when it then ends (`spec/http.md` §1.6).

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sealgate_artifact::UnixSeconds;

const MOST_DAYS: u32 = 36_500;
const MOST_MONTHS: u32 = 1_200;
const DAY: u64 = 24 * 60 * 60;

/// So many days of 24 hours, or so many months of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duration {
    Days(u32),
    Months(u32),
}

/// An end, and the day of the month on which it falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) at: UnixSeconds,
    pub(crate) day: u32,
}

impl End {
    /// The end at that time. Its day is the last one that it leaves: midnight belongs to the day before.
    pub(crate) fn new(at: UnixSeconds, zone: &TimeZone) -> Self {
        let last = timestamp(at.minus(1)).to_zoned(zone.clone());
        Self { at, day: last.day().unsigned_abs().into() }
    }
}

impl Duration {
    /// Reads `365d`, `3m` or `1y`, with or without a `+`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('+').unwrap_or(text);
        let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        if count.starts_with('+') {
            return None;
        }
        let count: u32 = count.parse().ok()?;
        match unit {
            "d" => Some(Self::Days(count)).filter(|_| (1..=MOST_DAYS).contains(&count)),
            "m" => Some(Self::Months(count)).filter(|_| (1..=MOST_MONTHS).contains(&count)),
            "y" => Some(Self::Months(count * 12)).filter(|_| (1..=MOST_MONTHS / 12).contains(&count)),
            _ => None,
        }
    }

    /// When it is over that begins at `from`. Months end on the same day of the month, or on the last one of a shorter month;
    /// `day` says on which day it ends where that is not the one of `from`.
    pub(crate) fn after(self, from: UnixSeconds, day: Option<u32>, zone: &TimeZone) -> End {
        match self {
            Self::Days(days) => End::new(from.plus(u64::from(days) * DAY), zone),
            Self::Months(months) => months_after(from, months, day, zone),
        }
    }
}

fn months_after(from: UnixSeconds, months: u32, day: Option<u32>, zone: &TimeZone) -> End {
    // The last second counts, so that the end of a month stays one.
    let last = timestamp(from.minus(1)).to_zoned(zone.clone());
    let day = day.unwrap_or_else(|| last.day().unsigned_abs().into());
    let end = last.date().first_of_month().checked_add(jiff::Span::new().months(i64::from(months))).ok();
    let end = end.and_then(|month| on_day(month, day).to_datetime(last.time()).to_zoned(zone.clone()).ok());
    let at = end.and_then(|end| u64::try_from(end.timestamp().as_second()).ok()).and_then(UnixSeconds::new);
    // Beyond the year 9999 there is nothing.
    let at = at.map_or_else(
        || UnixSeconds::new(sealgate_artifact::limits::LAST_SECOND).expect("in range"),
        |at| at.plus(1),
    );
    End { at, day }
}

fn on_day(month: Date, day: u32) -> Date {
    let day = i8::try_from(day).unwrap_or(i8::MAX).clamp(1, month.days_in_month());
    month.with().day(day).build().unwrap_or(month)
}

fn timestamp(at: UnixSeconds) -> Timestamp {
    i64::try_from(at.get())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use sealgate_artifact::UnixSeconds;

    use super::{Duration, End};

    fn at(text: &str) -> UnixSeconds {
        UnixSeconds::parse_rfc3339(text).expect("a time")
    }

    /// `count` renewals of one duration, each after the end before.
    fn renewed(first: &str, duration: &str, count: usize, zone: &TimeZone) -> Vec<String> {
        let duration = Duration::parse(duration).expect("a duration");
        let mut end = End::new(at(first), zone);
        let mut ends = vec![];
        for _ in 0..count {
            end = duration.after(end.at, Some(end.day), zone);
            ends.push(end.at.to_string());
        }
        ends
    }

    #[test]
    fn durations_are_read_as_people_type_them() {
        for (text, is) in [
            ("365d", Duration::Days(365)),
            ("+365d", Duration::Days(365)),
            ("3m", Duration::Months(3)),
            ("+3m", Duration::Months(3)),
            ("1y", Duration::Months(12)),
            ("36500d", Duration::Days(36_500)),
            ("1200m", Duration::Months(1_200)),
            ("100y", Duration::Months(1_200)),
        ] {
            assert_eq!(Duration::parse(text), Some(is), "{text}");
        }
        for bad in ["", "d", "0d", "-1d", "36501d", "1201m", "101y", "1w", "1", "++1d", "1.5y", "1 y", "é"] {
            assert_eq!(Duration::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn months_and_years_end_on_the_same_day() {
        let utc = TimeZone::UTC;
        assert_eq!(
            renewed("2027-01-31T10:00:00Z", "1m", 4, &utc),
            ["2027-02-28T10:00:00Z", "2027-03-31T10:00:00Z", "2027-04-30T10:00:00Z", "2027-05-31T10:00:00Z"]
        );
        // The end of 30 January, which is the first moment of the 31st.
        assert_eq!(
            renewed("2027-01-31T00:00:00Z", "1m", 2, &utc),
            ["2027-03-01T00:00:00Z", "2027-03-31T00:00:00Z"]
        );
        // The end of 31 January.
        assert_eq!(
            renewed("2027-02-01T00:00:00Z", "1m", 2, &utc),
            ["2027-03-01T00:00:00Z", "2027-04-01T00:00:00Z"]
        );
        // Four years with a leap day, and 29 February.
        assert_eq!(renewed("2027-02-01T00:00:00Z", "1y", 4, &utc)[3], "2031-02-01T00:00:00Z");
        assert_eq!(
            renewed("2028-02-29T12:00:00Z", "1y", 4, &utc),
            ["2029-02-28T12:00:00Z", "2030-02-28T12:00:00Z", "2031-02-28T12:00:00Z", "2032-02-29T12:00:00Z"]
        );
        assert_eq!(renewed("9999-12-01T00:00:00Z", "1y", 1, &utc), ["9999-12-31T23:59:59Z"]);
    }

    #[test]
    fn a_day_ends_when_it_ends_where_the_vendor_is() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        // The end of 28 February in winter time, and that of 31 March and 30 September in summer time.
        assert_eq!(renewed("2027-02-28T23:00:00Z", "7m", 1, &zone), ["2027-09-28T22:00:00Z"]);
        assert_eq!(renewed("2027-01-31T23:00:00Z", "2m", 1, &zone), ["2027-03-31T22:00:00Z"]);
    }

    proptest! {
        /// However often it is renewed, it ends on its day, or on the last one of a month that has no such day.
        #[test]
        fn renewals_do_not_drift(first in 0u64..4_000_000_000, months in 1u32..30, count in 1usize..20) {
            let (zone, duration) = (TimeZone::UTC, Duration::Months(months));
            let begin = End::new(UnixSeconds::new(first).expect("in range"), &zone);
            let mut end = begin;
            for _ in 0..count {
                end = duration.after(end.at, Some(end.day), &zone);
            }
            let at_once = Duration::Months(months * u32::try_from(count).expect("few")).after(begin.at, Some(begin.day), &zone);
            prop_assert_eq!(end, at_once);
        }
    }
}
