//! Numbers with a fraction (`spec/authforge.md` §2.8). No statement of ours holds one.

use crate::limits;

/// A number with a fraction, such as `0.5`, kept in its only spelling. Two of them are equal exactly if their spellings are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(String);

impl Decimal {
    /// Reads the only spelling of a number with a fraction; else why this text is none.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.contains(['e', 'E']) {
            return Err("a number with an exponent");
        }
        let (whole, places) = digits.split_once('.').ok_or("a number without a fraction")?;
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole) || !is_digits(places) || (whole.len() > 1 && whole.starts_with('0')) {
            return Err("a number in another spelling than its only one");
        }
        if places.ends_with('0') {
            return Err("a number with a fraction that ends with a zero");
        }
        let counted = digits.bytes().filter(|b| *b != b'.').skip_while(|b| *b == b'0').count();
        if counted > limits::DECIMAL_DIGITS || places.len() > limits::DECIMAL_PLACES {
            return Err(
                "a number with a fraction and with more than 15 digits, or more than 20 behind the point",
            );
        }
        Ok(Self(text.to_owned()))
    }

    /// The spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Decimal;

    #[test]
    fn a_number_has_one_spelling() {
        let twenty = format!("0.{}1", "0".repeat(19));
        for good in ["0.5", "-0.5", "10.25", "0.000001", "12345678901234.5", "-0.123456789012345", &twenty] {
            assert_eq!(Decimal::parse(good).as_ref().map(Decimal::as_str), Ok(good));
        }
        let more = format!("0.{}1", "0".repeat(20));
        for bad in [
            "1",
            "-0",
            "",
            "-",
            ".",
            "1.0",
            "0.0",
            "-0.0",
            "0.50",
            "1e3",
            "1.5e3",
            "1.5E3",
            ".5",
            "5.",
            "00.5",
            "01.5",
            "+0.5",
            "--0.5",
            "0.5.5",
            "0,5",
            " 0.5",
            "0.5 ",
            "0x0.5",
            "٠.٥",
            "NaN",
            "inf",
            "0.1234567890123456",
            "1234567890123456.5",
            "123456789012345.5",
            &more,
        ] {
            assert!(Decimal::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        /// Readers that use doubles lose nothing: what they read and write shortly is the same spelling.
        #[test]
        fn a_double_holds_it(digits in 1..1_000_000_000_000_000_u64, places in 1_usize..=20, negative in any::<bool>()) {
            let text = format!("{digits:0>width$}", width = places + 1);
            let (whole, places) = text.split_at(text.len() - places);
            let text = format!("{}{whole}.{places}", if negative { "-" } else { "" });
            prop_assume!(!text.ends_with('0'));
            let decimal = Decimal::parse(&text);
            prop_assert_eq!(decimal.as_ref().map(Decimal::as_str), Ok(&*text));
            prop_assert_eq!(text.parse::<f64>().map(|double| double.to_string()), Ok(text));
        }

        /// Whatever is read is spelled as a double of that value is written.
        #[test]
        fn no_other_spelling_is_read(text in "-?[0-9]{0,4}[.]?[0-9]{0,4}(e[0-9])?") {
            if let Ok(decimal) = Decimal::parse(&text) {
                prop_assert_eq!(text.parse::<f64>().map(|double| double.to_string()), Ok(decimal.to_string()));
            }
        }
    }
}
