//! Times as a license file spells them: `2027-01-31T00:00:00.000Z` (`spec/authforge.md` §2.3).

use sealgate_artifact::UnixSeconds;

/// Characters before the fraction of a second.
const UP_TO_SECONDS: usize = "2027-01-31T00:00:00".len();

/// Writes a time with milliseconds, which are zero.
pub(crate) fn spell(time: UnixSeconds) -> String {
    let mut text = time.to_string();
    text.truncate(UP_TO_SECONDS);
    text.push_str(".000Z");
    text
}

/// Reads this one spelling, with any milliseconds, which are dropped.
pub(crate) fn parse(text: &str) -> Option<UnixSeconds> {
    let (seconds, fraction) = text.split_at_checked(UP_TO_SECONDS)?;
    let digits = fraction.strip_prefix('.')?.strip_suffix('Z')?;
    let is_fraction = digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit());
    let time = UnixSeconds::parse_rfc3339(&format!("{seconds}Z"))?;
    (is_fraction && spell(time).starts_with(seconds)).then_some(time)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{UnixSeconds, limits};

    use super::{parse, spell};

    #[test]
    fn there_is_one_spelling_but_for_milliseconds() {
        let time = parse("2027-01-31T00:00:00.000Z").expect("reads");
        assert_eq!(spell(time), "2027-01-31T00:00:00.000Z");
        assert_eq!(parse("2027-01-31T00:00:00.999Z"), Some(time));
        for wrong in [
            "2027-01-31T00:00:00Z",
            "2027-01-31T00:00:00.00Z",
            "2027-01-31T00:00:00.0000Z",
            "2027-01-31T00:00:00.00xZ",
            "2027-01-31t00:00:00.000Z",
            "2027-01-31 00:00:00.000Z",
            "2027-01-31T00:00:00.000+00:00",
            "2027-02-30T00:00:00.000Z",
            "1969-12-31T23:59:59.000Z",
            "2027-01-31T00:00:0é.000Z",
            "never",
            "",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        /// Any time is written with 24 characters and read back.
        #[test]
        fn what_is_spelled_is_read(seconds in 0..=limits::LAST_SECOND) {
            let time = UnixSeconds::new(seconds).expect("a year up to 9999");
            prop_assert_eq!(spell(time).len(), 24);
            prop_assert_eq!(parse(&spell(time)), Some(time));
        }
    }
}
