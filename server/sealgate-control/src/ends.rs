//! When something ends, as the vendor says it (`spec/http.md` §1.6).

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use sealgate_artifact::UnixSeconds;
use sealgate_authority::AuthorityError;
use sealgate_wire::{Timestamp, When};

use crate::duration::{Duration, End};

/// The dates of the place where the vendor is.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    zone: TimeZone,
}

impl Calendar {
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// The end that somebody names, which must lie in the future. A duration begins at `from`.
    pub(crate) fn end(&self, when: &When, (from, now): (From, UnixSeconds)) -> Result<End, AuthorityError> {
        let end = self.read("expires_at", when, from)?;
        if end.at <= now {
            return Err(AuthorityError::Over { field: "expires_at", at: end.at, now });
        }
        Ok(end)
    }

    /// The moment that somebody names, past or future.
    pub(crate) fn moment(
        &self,
        field: &'static str,
        when: &When,
        now: UnixSeconds,
    ) -> Result<UnixSeconds, AuthorityError> {
        self.read(field, when, From::now(now)).map(|end| end.at)
    }

    fn read(&self, field: &'static str, when: &When, from: From) -> Result<End, AuthorityError> {
        let text = when.as_str();
        match (Timestamp::parse(text), date(text), Duration::parse(text)) {
            (Some(at), ..) => Ok(self.at(at.0)),
            (_, Some(date), _) => Ok(self.at(self.end_of(date))),
            (.., Some(duration)) => Ok(self.after(duration, from)),
            _ => {
                let why = "a time as 2027-01-31T12:00:00Z, a date as 2027-01-31, or a time from now on as 90d, 3m or 1y, \
                           within a hundred years";
                Err(AuthorityError::Invalid { field, why })
            }
        }
    }

    /// This end.
    pub(crate) fn at(&self, at: UnixSeconds) -> End {
        End::new(at, &self.zone)
    }

    /// The end of what lasts so long.
    pub(crate) fn after(&self, duration: Duration, from: From) -> End {
        duration.after(from.at, from.day, &self.zone)
    }

    /// The first moment that is no part of this day.
    fn end_of(&self, date: Date) -> UnixSeconds {
        let last = UnixSeconds::new(sealgate_artifact::limits::LAST_SECOND).expect("in range");
        let next = date
            .tomorrow()
            .ok()
            .and_then(|day| day.to_datetime(Time::midnight()).to_zoned(self.zone.clone()).ok());
        let seconds = next.and_then(|next| u64::try_from(next.timestamp().as_second()).ok());
        seconds.and_then(UnixSeconds::new).unwrap_or(last)
    }
}

/// Where a duration begins, and the day of the month on which its end must fall if that is not the day it begins on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct From {
    pub(crate) at: UnixSeconds,
    pub(crate) day: Option<u32>,
}

impl From {
    pub(crate) fn now(now: UnixSeconds) -> Self {
        Self { at: now, day: None }
    }
}

/// `2027-01-31`, and nothing else that the library would read.
fn date(text: &str) -> Option<Date> {
    let is_plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let date: Date = is_plain.then(|| text.parse().ok()).flatten()?;
    (1970..=9999).contains(&date.year()).then_some(date)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use sealgate_artifact::UnixSeconds;
    use sealgate_wire::When;

    use super::{Calendar, From};

    fn end(zone: &str, text: &str) -> Result<String, String> {
        let now = UnixSeconds::parse_rfc3339("2027-01-15T12:00:00Z").expect("a time");
        let calendar = Calendar::new(TimeZone::get(zone).expect("a zone"));
        let when = When::new(text).expect("short");
        let end = calendar.end(&when, (From::now(now), now));
        end.map(|end| end.at.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn ends_are_read_as_people_write_them() {
        for (zone, text, is) in [
            ("UTC", "2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z"),
            ("Europe/Berlin", "2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00Z"),
            ("UTC", "2027-01-31", "2027-02-01T00:00:00Z"),
            ("Europe/Berlin", "2027-01-31", "2027-01-31T23:00:00Z"),
            ("Europe/Berlin", "2027-06-30", "2027-06-30T22:00:00Z"),
            ("America/New_York", "2027-01-31", "2027-02-01T05:00:00Z"),
            // The day on which clocks go back has 25 hours.
            ("Europe/Berlin", "2027-10-31", "2027-10-31T23:00:00Z"),
            ("UTC", "9999-12-31", "9999-12-31T23:59:59Z"),
            ("UTC", "90d", "2027-04-15T12:00:00Z"),
            ("UTC", "+90d", "2027-04-15T12:00:00Z"),
            ("UTC", "+3m", "2027-04-15T12:00:00Z"),
            ("UTC", "1y", "2028-01-15T12:00:00Z"),
            // The same hour where the vendor is, though the clocks went forward.
            ("Europe/Berlin", "3m", "2027-04-15T11:00:00Z"),
        ] {
            assert_eq!(end(zone, text).as_deref(), Ok(is), "{text} in {zone}");
        }
    }

    #[test]
    fn what_is_no_end_is_refused() {
        for bad in [
            "",
            "never",
            "tomorrow",
            "31.1.2027",
            "2027-02-30",
            "20270131",
            "2027-1-31",
            "+0d",
            "101y",
            "-3m",
        ] {
            let why = end("UTC", bad).expect_err(bad);
            assert!(why.starts_with("expires_at: a time as"), "{bad}: {why}");
        }
        for (past, at) in [
            ("2027-01-14", "2027-01-15T00:00:00Z"),
            ("2027-01-15T13:00:00+01:00", "2027-01-15T12:00:00Z"),
            ("1970-01-01", "1970-01-02T00:00:00Z"),
        ] {
            let why = end("UTC", past).expect_err(past);
            let begin =
                format!("expires_at: {at} is not in the future: it is now 2027-01-15T12:00:00Z; give");
            assert!(why.starts_with(&begin), "{past}: {why}");
        }
    }
}
