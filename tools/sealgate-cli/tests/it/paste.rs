//! Commands that an error names, pasted into a shell.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::program::{Outcome, SEALGATE, run};
use crate::vendor::Vendor;

/// The command that an error says to go on or to repeat with, as it stands there.
pub(crate) fn named(failure: &str) -> String {
    let failure = match serde_json::from_str::<serde_json::Value>(failure) {
        Ok(failure) => failure["fix"].as_str().expect("a fix").to_owned(),
        // The notice of a signal may stand before it.
        Err(_) => failure.to_owned(),
    };
    let command = failure.split(" with: sealgate ").nth(1).unwrap_or_else(|| panic!("{failure}"));
    format!("sealgate {}", command.lines().next().expect("a line"))
}

/// Runs that command as a shell does, with more behind it.
pub(crate) fn pasted(vendor: &Vendor, failure: &str, more: &[&str]) -> Outcome {
    let line = format!("{} {}", named(failure), more.join(" "));
    let mut shell = Command::new("/bin/sh");
    let folder = Path::new(SEALGATE).parent().expect("a folder");
    shell.env_clear().args(["-c", &line]).env("PATH", folder).stdin(Stdio::null());
    shell.env("SEALGATE_URL", &vendor.server.url).env("SEALGATE_DATA", vendor.data());
    run(&mut shell)
}
