//! The values of `--trial` and `--trial-per`.

use sealgate_wire::TrialPer;

/// How many days; `None` is no trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Days(pub(crate) Option<u32>);

pub(super) fn parse(text: &str) -> Result<Days, String> {
    if text == "none" {
        return Ok(Days(None));
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse().ok());
    days.map(|days| Days(Some(days))).ok_or_else(|| "a number of days, as in 14d, or none".to_owned())
}

pub(super) fn per(text: &str) -> Result<TrialPer, String> {
    match text {
        "device" => Ok(TrialPer::Device),
        "customer" => Ok(TrialPer::Customer),
        _ => Err("device or customer".to_owned()),
    }
}
