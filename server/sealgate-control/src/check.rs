//! What vendors may write into fields of their own.

use std::collections::BTreeMap;

use sealgate_artifact::{Hwid, PublicKey, ServerCertificate, Statement, limits};
use sealgate_authority::AuthorityError;
use sealgate_wire::{Feature, Limit, Variable};

use crate::words;

const NAME_CHARS: usize = 64;
const NOTE_CHARS: usize = 128;
const REASON_CHARS: usize = 256;
/// Signed answers carry variables and must stay small.
const VARIABLES_BYTES: usize = 1_500;
const INTEGER: i64 = limits::INTEGER_BOUND;

fn invalid<T>(field: &'static str, why: &'static str) -> Result<T, AuthorityError> {
    Err(AuthorityError::Invalid { field, why })
}

fn is_text(text: &str, chars: usize) -> bool {
    text.chars().count() <= chars && !text.chars().any(words::steers)
}

/// The name of an app, a plan, a tenant, as it is kept.
pub(crate) fn name(name: &str) -> Result<String, AuthorityError> {
    let kept = words::kept(name).filter(|name| (1..=NAME_CHARS).contains(&name.chars().count()));
    kept.map_or_else(|| invalid("name", "1 to 64 characters, none of them a control character"), Ok)
}

/// A note about a license, as it is kept; an empty one is none.
pub(crate) fn note(field: &'static str, note: &str) -> Result<Option<String>, AuthorityError> {
    let kept = words::kept(note).filter(|note| note.chars().count() <= NOTE_CHARS);
    let kept =
        kept.map_or_else(|| invalid(field, "at most 128 characters, none of them a control character"), Ok)?;
    Ok(Some(kept).filter(|note| !note.is_empty()))
}

/// A name or an address that licenses may say, as it is kept. As many characters have no fewer bytes.
pub(crate) fn said(text: &str) -> Option<String> {
    words::kept(text).filter(|text| (1..=limits::LICENSEE_BYTES).contains(&text.len()))
}

/// What a vendor calls a license.
pub(crate) fn external_id(id: Option<&str>) -> Result<(), AuthorityError> {
    if id.is_some_and(|id| id.is_empty() || !is_text(id, NOTE_CHARS) || id.trim() != id) {
        let why = "1 to 128 characters, none of them a control character, no space at the ends";
        return invalid("external_id", why);
    }
    Ok(())
}

/// A device, as its client names it.
pub(crate) fn hwid(text: &str) -> Result<Hwid, AuthorityError> {
    Hwid::parse(text).map_or_else(|| invalid("hwid", "1 to 128 bytes, no control character"), Ok)
}

/// `spec/keys.md` §5.7: what no certificate can name is not approved.
pub(crate) fn certificate(certificate: &ServerCertificate) -> Result<(), AuthorityError> {
    let readable = ServerCertificate::from_payload(&certificate.to_payload(), &certificate.attachments());
    readable.map(drop).or_else(|_| {
        invalid("origins", "1 to 16 of them, each once and of the form `https://host` or `https://host:port`")
    })
}

/// `spec/ed25519.md` §2: one weak key would make every keyset unusable that lists it.
pub(crate) fn activation_key(text: &str) -> Result<PublicKey, AuthorityError> {
    let key = PublicKey::parse(text).ok().filter(|key| sealgate_trust::ed25519::check_key(key).is_ok());
    key.map_or_else(|| invalid("activation_key", "a sound Ed25519 public key, base64 of 32 bytes"), Ok)
}

/// Why something was done.
pub(crate) fn reason(reason: Option<&str>) -> Result<(), AuthorityError> {
    if reason.is_some_and(|reason| !is_text(reason, REASON_CHARS)) {
        return invalid("reason", "at most 256 characters, none of them a control character");
    }
    Ok(())
}

/// `spec/license.md` §2.6: what could not be signed is refused when it is saved.
pub(crate) fn features(features: &[Feature]) -> Result<(), AuthorityError> {
    let distinct: std::collections::BTreeSet<_> = features.iter().map(|f| &f.name).collect();
    let sound = |f: &Feature| {
        is_short(&f.name, limits::FEATURE_BYTES)
            && f.value.as_deref().is_none_or(|value| is_short(value, limits::FEATURE_VALUE_BYTES))
    };
    if features.len() > limits::ATTACHED_FEATURES
        || distinct.len() < features.len()
        || !features.iter().all(sound)
    {
        return invalid(
            "features",
            "at most 128, each name once with 1 to 32 bytes, values of 1 to 64, no control characters",
        );
    }
    Ok(())
}

/// Numbers for the software.
pub(crate) fn limits(numbers: &[Limit]) -> Result<(), AuthorityError> {
    let distinct: std::collections::BTreeSet<_> = numbers.iter().map(|l| &l.name).collect();
    let sound = |l: &Limit| is_short(&l.name, limits::FEATURE_BYTES) && l.value < INTEGER.unsigned_abs();
    if numbers.len() > limits::LIMITS || distinct.len() < numbers.len() || !numbers.iter().all(sound) {
        let why = "at most 32, each name once with 1 to 32 bytes and no control character, values of 0 to 9007199254740991";
        return invalid("limits", why);
    }
    Ok(())
}

/// Values for running software.
pub(crate) fn variables(variables: &BTreeMap<String, Variable>) -> Result<String, AuthorityError> {
    let sound = |(name, value): (&String, &Variable)| {
        is_short(name, limits::VARIABLE_NAME_BYTES)
            && match value {
                Variable::Number(n) => (1 - INTEGER..INTEGER).contains(n),
                Variable::Text(text) => !text.chars().any(char::is_control),
                Variable::Flag(_) | Variable::Decimal(_) => true,
            }
    };
    let text = serde_json::to_string(variables).expect("texts and numbers can be written");
    if variables.len() > limits::VARIABLES || text.len() > VARIABLES_BYTES || !variables.iter().all(sound) {
        return invalid(
            "variables",
            "at most 50 names of 1 to 64 bytes, no control characters, together at most 1,500 bytes as JSON",
        );
    }
    Ok(text)
}

fn is_short(name: &str, bytes: usize) -> bool {
    (1..=bytes).contains(&name.len()) && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::Statement;
    use sealgate_wire::Feature;

    fn feature(name: &str) -> Feature {
        Feature { name: name.to_owned(), value: None }
    }

    #[test]
    fn names_are_shown_in_terminals_and_tables() {
        for good in ["a", "Füße 🔑", &"x".repeat(64)] {
            assert!(super::name(good).is_ok(), "{good}");
        }
        assert_eq!(super::name("  Cafe\u{301} ").ok().as_deref(), Some("Café"));
        for bad in ["", "  ", "a\nb", "\u{1b}[2J", "\u{202e}b", &"x".repeat(65)] {
            assert!(super::name(bad).is_err(), "{bad:?}");
        }
    }

    /// Whatever is saved can be signed and read again.
    #[test]
    fn the_most_features_that_are_saved_can_be_signed() {
        let most: Vec<_> = (0..128).map(|n| feature(&format!("{n:032}"))).collect();
        super::features(&most).expect("are saved");
        let id = [0; 16];
        let at = |s| sealgate_artifact::UnixSeconds::new(s).expect("in range");
        let license = sealgate_artifact::License {
            tenant: sealgate_artifact::TenantId::from_bytes(id),
            app: sealgate_artifact::AppId::from_bytes(id),
            license: sealgate_artifact::LicenseId::from_bytes(id),
            version: 1,
            issued_at: at(0),
            not_before: at(0),
            expires_at: None,
            tier: sealgate_artifact::Tier::Enterprise,
            features: most.iter().cloned().map(Into::into).collect(),
            max_devices: sealgate_artifact::MaxDevices::Unlimited,
            limits: vec![],
            variables: vec![],
            licensee: None,
            trial_days: None,
            conditions: sealgate_artifact::Conditions::default(),
        };
        let read = sealgate_artifact::License::from_payload(&license.to_payload(), &license.attachments());
        assert_eq!(read, Ok(license));
        for bad in [
            vec![feature("")],
            vec![feature("a"), feature("a")],
            vec![feature(&"x".repeat(33))],
            vec![feature("a\u{7f}")],
        ] {
            assert!(super::features(&bad).is_err());
        }
    }
}
