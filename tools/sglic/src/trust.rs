//! Whose keys are believed.

use sealgate::{ConfigurationError, Trust};
use sealgate_artifact::Code;

use crate::args::Global;
use crate::failure::Failure;
use crate::{files, stamp};

/// What the vendor's build pins, read once.
pub(crate) struct Pinned {
    pub(crate) bytes: &'static [u8],
    pub(crate) trust: Trust,
    /// Where it came from, for people.
    pub(crate) from: String,
}

/// What is stamped into this program, else what `--trust` names. A program that has a stamp takes no other.
pub(crate) fn load(global: &Global) -> Result<Pinned, Failure> {
    let damaged = |error| {
        Failure::new(Code::TrustMissing, format!("what is built into this program cannot be read: {error}"))
    };
    let stamped = stamp::read().map_err(damaged)?;
    let (bytes, from) = match (stamped, &global.trust) {
        (Some(_), Some(_)) => {
            let message = "the vendor's keys are built into this program, so --trust is not taken";
            return Err(Failure::new(Code::ConfigInvalid, message).fix("leave --trust out"));
        }
        (Some(stamp), None) => (stamp, "this program".to_owned()),
        (None, Some(file)) => (files::read(file)?, file.display().to_string()),
        (None, None) => {
            let message = "nothing says which vendor's keys to believe: none are built into this program";
            let fix = "give --trust FILE: the trust.json that the vendor gave you; it is never taken from the server";
            return Err(Failure::new(Code::TrustMissing, message).fix(fix));
        }
    };
    // One for each run of the program, which the SDK wants to live as long as it.
    let bytes: &'static [u8] = bytes.leak();
    let trust = Trust::parse(bytes).map_err(|error| {
        // The SDK speaks of what is built in, and here it may be a file.
        let why = match &error {
            ConfigurationError::TrustInvalid(why) => why.clone(),
            error => error.to_string(),
        };
        Failure { message: format!("{from}: {why}"), ..Failure::from(error) }
    })?;
    Ok(Pinned { bytes, trust, from })
}
