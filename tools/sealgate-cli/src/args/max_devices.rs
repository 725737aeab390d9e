//! The value of `--max-devices`.

use sealgate_artifact::MaxDevices;

/// A number of seats, or `unlimited`.
pub(crate) fn parse(text: &str) -> Result<MaxDevices, String> {
    let seats = match text {
        "unlimited" => Some(MaxDevices::Unlimited),
        number => number.parse().ok().and_then(MaxDevices::limited),
    };
    seats.ok_or_else(|| "expected 1 to 1000000, or `unlimited`".to_owned())
}
