//! Requests of devices for bundles (`spec/offline.md` §2).

use sealgate_artifact::Code;

use super::by_device::ByDevice;
use super::case::{Case, Shelf};
use super::fields::{Spoilt, saying, spoilt, spoilt_optional};
use crate::forge::{APP, Draft, LICENSE, NONCE, TENANT};
use crate::offline::{
    KEY_DIGEST, bundle, bundle_text, offline_request, offline_request_by_key_text, offline_request_text,
};
use crate::{Artifact, Bytes, Question};

const KIND: &str = "offline-request";

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::OfflineRequest);
    believed(&mut shelf);
    ByDevice { kind: KIND, text: offline_request_text(), question, found: "" }.put(&mut shelf);
    names(&mut shelf);
    fields(&mut shelf);
    shelf.cases
}

/// The plain question about this request.
pub(super) fn question(request: &Draft) -> Question {
    Question::OfflineRequest { request: Bytes::from(request.text().into_bytes()) }
}

fn refuse(shelf: &mut Shelf, name: &str, code: Code, shows: &str, request: &Draft) {
    shelf.refused(name, code, shows, question(request));
}

fn believe(shelf: &mut Shelf, name: &str, shows: &str, request: &Draft) {
    shelf.accepted(name, shows, question(request), &request.id());
}

fn believed(shelf: &mut Shelf) {
    let text = offline_request_text();
    let mut accept =
        |name: &str, shows: &str, text: &str| believe(shelf, name, shows, &offline_request(text));
    accept("plain", "A license named by its identifier.", &text);
    accept("by_key", "A license named by the digest of its key.", &offline_request_by_key_text());
    let unnamed = saying(&text, "license", "null");
    accept("by_nothing", "The vendor says which license is meant.", &unnamed);
    accept(
        "no_fingerprint",
        "A program that says nothing of the machine.",
        &saying(&text, "fingerprint", "null"),
    );
    accept("time_zero", "A device whose clock was never set.", &saying(&text, "client_time", "0"));
    let held = format!("\"{}\"", bundle(&bundle_text()).id());
    let described =
        [("name", "\"Press 4\""), ("platform", "\"linux/x86_64\""), ("product_version", "\"2.1.0\"")];
    let described =
        described.into_iter().fold(text.clone(), |text, (field, value)| saying(&text, field, value));
    accept("described", "What people want to know of the machine.", &described);
    accept("refresh", "A device that uses a bundle.", &saying(&described, "bundle", &held));
}

/// `spec/offline.md` §2.2 and §2.3.
fn names(shelf: &mut Shelf) {
    let text = offline_request_by_key_text();
    let mut invalid = |name: &str, shows: &str, text: &str| {
        refuse(shelf, name, Code::FieldInvalid, shows, &offline_request(text));
    };
    let both = saying(&text, "license", &format!("\"{LICENSE}\""));
    invalid("by_both", "Two names of a license may be two licenses.", &both);
    let digest = |value: &str| saying(&text, "license_key", &format!("\"{value}\""));
    invalid(
        "by_the_key_itself",
        "No file carries a license key.",
        &digest("000G-40R4-0M30-E209-185G-R38E-1YRB"),
    );
    invalid("digest_upper_case", "A second spelling.", &digest(&KEY_DIGEST.to_uppercase()));
    invalid("digest_short", "A digest that is cut.", &digest(&KEY_DIGEST[2..]));
    invalid("digest_empty", "No digest is `null`.", &digest(""));
}

fn fields(shelf: &mut Shelf) {
    let text = offline_request_text();
    let mut put =
        |(name, code, shows, text): Spoilt| refuse(shelf, &name, code, shows, &offline_request(&text));
    spoilt(&text, &["license", "license_key", "fingerprint"]).into_iter().for_each(&mut put);
    let optional = ["name", "platform", "product_version", "bundle"];
    spoilt_optional(&text, &optional).into_iter().for_each(&mut put);
    let held = bundle(&bundle_text()).id();
    for (field, name, shows, value) in [
        ("tenant", "upper_case", "A second spelling.", TENANT.to_uppercase()),
        ("app", "upper_case", "A second spelling.", APP.to_uppercase()),
        ("license", "upper_case", "A second spelling.", LICENSE.to_uppercase()),
        ("fingerprint", "empty", "An empty fingerprint is not none.", String::new()),
        ("fingerprint", "of_129_bytes", "One byte too many.", "x".repeat(129)),
        ("nonce", "of_31_digits", "Not 32 digits.", "a".repeat(31)),
        ("nonce", "upper_case", "A second spelling.", NONCE.to_uppercase()),
        ("client_time", "text", "A number as text.", "1800000000".to_owned()),
        ("name", "empty", "An empty name is not none.", String::new()),
        ("name", "of_65_bytes", "One byte too many.", format!("{}x", "é".repeat(32))),
        ("platform", "with_escape", "It is shown in terminals.", "a\\u001b[2J".to_owned()),
        ("product_version", "of_65_bytes", "One byte too many.", "1".repeat(65)),
        (
            "bundle",
            "is_an_identifier",
            "The statement's id, not the bundle's.",
            crate::offline::BUNDLE.to_owned(),
        ),
        ("bundle", "short", "Not 64 digits.", held[2..].to_owned()),
    ] {
        let value = format!("\"{value}\"");
        put((format!("{field}_{name}"), Code::FieldInvalid, shows, saying(&text, field, &value)));
    }
    for (field, name, shows, value) in [
        ("client_time", "negative", "A time before 1970.", "-1"),
        ("client_time", "beyond", "A time after the year 9999.", "253402300800"),
    ] {
        put((format!("{field}_{name}"), Code::FieldInvalid, shows, saying(&text, field, value)));
    }
    let mut more = |name: &str, code: Code, shows: &'static str, field: &str, value: &str| {
        put((name.to_owned(), code, shows, saying(&text, field, value)));
    };
    more("operation", Code::FieldUnknown, "It is no device request.", "operation", "\"validate\"");
    more("wish_for_an_end", Code::FieldUnknown, "The vendor says how long.", "expires_at", "1900000000");
    more("crit_unknown", Code::CritUnknown, "An unknown meaning is critical.", "crit", "[\"policy\"]");
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::{LicenseHint, encode_hex};

    /// `spec/offline.md` §2.2.
    #[test]
    fn the_digest_is_that_of_the_specs_key() {
        let LicenseHint::KeyDigest(digest) = LicenseHint::of_key("000G-40R4-0M30-E209-185G-R38E-1YRB") else {
            panic!("a digest")
        };
        assert_eq!(encode_hex(&digest), crate::offline::KEY_DIGEST);
    }
}
