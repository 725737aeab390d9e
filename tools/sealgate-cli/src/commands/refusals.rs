//! Why a file is refused, in words for whoever holds it: what it is, whose key signed it, and by which clock it was judged.

use std::path::Path;

use sealgate_artifact::{Carrier, Code, Foreign, Kind, License, UnixSeconds};
use sealgate_trust::TrustError;

use crate::failure::Failure;

/// A license file that is not believed.
pub(crate) fn of_license(file: &Path, bytes: &[u8], error: &TrustError) -> Failure {
    match error {
        TrustError::Artifact(_) => of_form(file, bytes, error, Foreign::Statement),
        TrustError::SignerUnknown => told(file, error.code(), "signed by a key that this trust.json does not know").fix(
            "get the vendor's trust.json of today (`sealgate keys export`, or FILE.trust of `license file --with-trust`): yours may be \
             older than the key; if the error stays, the file is not the vendor's",
        ),
        TrustError::SignerRevoked => told(file, error.code(), "its signer, as the file itself says, is a key that the vendor has revoked")
            .fix("get the file again from the vendor: what the revoked key had signed was signed anew"),
        TrustError::SignatureInvalid => {
            told(file, error.code(), "the file was changed after it was signed, or somebody forged it").fix("get the file again from the vendor")
        }
        _ => told(file, error.code(), error),
    }
}

/// What should be a `trust.json` and is not.
pub(crate) fn of_trust(path: &Path, bytes: &[u8], error: &TrustError) -> Failure {
    of_form(path, bytes, error, Foreign::TrustFile)
}

/// A file that cannot be read as what it should be, `expected`.
pub(crate) fn of_form(file: &Path, bytes: &[u8], error: &TrustError, expected: Foreign) -> Failure {
    let code = error.code();
    match Foreign::of(bytes).filter(|is| *is != expected) {
        Some(is) if is == Foreign::Statement => {
            told(file, code, format!("this is {}", named(bytes))).fix(is.fix())
        }
        Some(is) => told(file, code, format!("this is {}", is.what())).fix(is.fix()),
        None if code == Code::KindUnexpected => {
            let fix = "give a license file; `sealgate inspect FILE` shows what any statement says";
            told(file, code, format!("this is {}, not a license", named(bytes))).fix(fix)
        }
        None => told(file, code, error),
    }
}

/// A chain of keys that is not believed.
pub(crate) fn of_chain(error: TrustError) -> Failure {
    let fix = match error {
        TrustError::RootUnknown => {
            "give all the roots of one root statement, and its threshold; `sealgate inspect FILE.trust` lists the roots that the file names"
        }
        TrustError::NotYetValid { .. } => "set this machine's clock",
        TrustError::Expired { .. } => {
            "check this machine's clock; if it is right, get the vendor's trust.json or FILE.trust of today"
        }
        TrustError::SignerUnknown | TrustError::SignerRevoked => {
            "get the vendor's trust.json or FILE.trust whole: parts of two of them do not fit together"
        }
        _ => return error.into(),
    };
    Failure::from(error).fix(fix)
}

/// A genuine license that gives no right now.
pub(crate) fn not_in_force(code: Code, license: &License, now: UnixSeconds) -> Failure {
    let clock = format!("this machine's clock shows {now}");
    let message = match (code, license.expires_at) {
        (Code::Expired, Some(end)) => format!("the license is genuine, but expired at {end}; {clock}"),
        (Code::NotYetValid, _) => {
            format!("the license is genuine, but begins at {}; {clock}", license.not_before)
        }
        _ => format!("the license is genuine, but: {}", code.meaning()),
    };
    let failure = Failure::new(code, message);
    match code {
        Code::Expired => failure.fix("check this machine's clock; if it is right, renew the license"),
        _ => Failure { fix: code.fix().map(str::to_owned), ..failure },
    }
}

fn told(file: &Path, code: Code, why: impl std::fmt::Display) -> Failure {
    let failure = Failure::new(code, format!("{}: {why}", file.display()));
    Failure { fix: code.fix().map(str::to_owned), ..failure }
}

/// A statement's kind and what it is for.
fn named(bytes: &[u8]) -> String {
    let kind = Carrier::decode(bytes).ok().and_then(|c| Kind::of_payload_type(c.envelope.payload_type()));
    kind.map_or_else(
        || "a statement of a kind that this program does not know".to_owned(),
        |kind| {
            let article = if kind.to_string().starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            format!("{article} {kind} ({})", kind.purpose())
        },
    )
}
