//! Why a license file does not count, with what to do.

use std::path::Path;

use sealgate::bundle_search::Cause;
use sealgate::container::{ContainerError, StageError};
use sealgate::{BundleError, LookedBundle};
use sealgate_artifact::Code;

use super::said::Said;
use crate::commands::named;
use crate::failure::Failure;
use crate::files;

/// What nothing is believed of, or what cannot be activated here.
pub(super) fn failure(error: &BundleError, of: &str, file: Option<&Path>) -> Failure {
    let (code, cause) = (error.code(), Cause::of(error.code()));
    let message = match file.filter(|_| is_no_container(error)).and_then(other) {
        Some(is) => format!("{of}: this is {is}, and no license file (.sglic)"),
        None => format!("{of}: {error}"),
    };
    let fix = match cause {
        // The SDK's sentence knows more of these.
        Cause::Unreadable | Cause::Other | Cause::Clock => error.fix(),
        cause => cause.fix(),
    };
    Failure::new(code, message).fix(fix).with("cause", cause.as_str().into())
}

/// The same with what is in it, where that is the vendor's word.
pub(super) fn of_looked(looked: &LookedBundle, said: &Said, of: &str) -> Option<Failure> {
    let mut failure = failure(looked.refusal()?, of, None).with("bundle", json(said));
    failure.lines.extend(said.lines().into_iter().map(|(name, value)| format!("{name} {value}")));
    Some(failure)
}

/// No license file was found at all.
pub(super) fn nothing_found(places: &[String]) -> Failure {
    let looked = if places.is_empty() { "nowhere".to_owned() } else { places.join(", ") };
    Failure::new(Code::LicenseMissing, format!("no valid license file: none was found (looked at: {looked})"))
        .fix("put the file into the top folder of a drive, or name it: `sglic activate FILE.sglic`; its name must end in .sglic")
        .with("cause", Cause::Missing.as_str().into())
}

pub(super) fn json(said: &Said) -> serde_json::Value {
    serde_json::to_value(said).expect("words and numbers can be written")
}

fn is_no_container(error: &BundleError) -> bool {
    matches!(error, BundleError::File(StageError::Container(ContainerError::Unknown)))
}

fn other(file: &Path) -> Option<String> {
    named::what(&files::read(file).ok()?)
}
