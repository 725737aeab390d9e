//! Requests of devices to be admitted (`spec/activation.md` §4.1 and §4.2). Lists of modules are elsewhere.

use sealgate_artifact::{Code, KeyUse, encode_base64};

use super::case::{Case, Shelf};
use super::ed25519;
use super::fields::{saying, spoilt, spoilt_optional, without};
use crate::admission::{ACTIVATION, UPDATE, activation_request, activation_request_text, sealing_key_text};
use crate::forge::{
    APP, APP_KEY, AUTHORITY, DEVICE, Draft, ISSUER, LICENSE, NONCE, ROOT, SECOND_DEVICE, SERVER, STRANGER,
    Seed, public_text, with,
};
use crate::{Artifact, Bytes, Question};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::ActivationRequest);
    believed(&mut shelf);
    signatures(&mut shelf);
    keys(&mut shelf);
    forms(&mut shelf);
    fields(&mut shelf);
    shelf.cases
}

/// The plain question about this request.
pub(super) fn question(request: &Draft) -> Question {
    Question::ActivationRequest { request: Bytes::from(request.text().into_bytes()) }
}

fn refuse(shelf: &mut Shelf, name: &str, code: Code, shows: &str, request: &Draft) {
    shelf.refused(name, code, shows, question(request));
}

fn believe(shelf: &mut Shelf, name: &str, shows: &str, request: &Draft) {
    shelf.accepted(name, shows, question(request), &request.id());
}

fn believed(shelf: &mut Shelf) {
    let text = activation_request_text();
    let mut accept =
        |name: &str, shows: &str, text: &str| believe(shelf, name, shows, &activation_request(text));
    accept("plain", "A device asks to be admitted.", &text);
    let key = "\"000G-40R4-0M30-E209-185G-R38E-1YRB\"";
    let by_key = saying(&saying(&text, "license", "null"), "license_key", key);
    accept("by_key", "A license named by its key.", &by_key);
    let bare = saying(&text, "fingerprint", "null");
    accept("no_fingerprint", "An app that says nothing about the machine.", &bare);
    let about = r#""name":"Ada's desk","platform":"linux/x86_64","product_version":"2.1.0","sealing_key""#;
    accept(
        "described",
        "A device that says all it may say of itself.",
        &with(&text, "\"sealing_key\"", about),
    );
    accept("extended", "An extension that nobody needs to know.", &saying(&text, "ext", r#"{"os":"x"}"#));
    let zeros = saying(&text, "sealing_key", &format!("\"{}\"", encode_base64(&[0; 32])));
    accept("sealing_key_of_zeros", "Whoever seals to a key judges whether it seals anything.", &zeros);
    let beside = activation_request(&text).signed(STRANGER, KeyUse::Device);
    believe(shelf, "signed_by_stranger_too", "A signature beside the device's is ignored.", &beside);
}

fn signatures(shelf: &mut Shelf) {
    let by = |seed: Seed, key_use| {
        Draft::new("activation-request", activation_request_text()).signed(seed, key_use)
    };
    for (name, seed, key_use, shows) in [
        ("signed_by_other_device", SECOND_DEVICE, KeyUse::Device, "Another device signed than it names."),
        ("signed_by_activation_key", ACTIVATION, KeyUse::Activation, "Whoever admits does not ask."),
        ("signed_by_update_key", UPDATE, KeyUse::Update, "A key for releases signs no requests."),
        ("signed_by_server", SERVER, KeyUse::Server, "A server signs no requests."),
        ("signed_by_issuer", ISSUER, KeyUse::Issuer, "An issuer signs no requests."),
        ("signed_by_authority", AUTHORITY, KeyUse::Authority, "An authority signs no requests."),
        ("signed_by_root", ROOT, KeyUse::Root, "A root signs no requests."),
        ("signed_by_app_key", APP_KEY, KeyUse::App, "An app's key signs no requests."),
    ] {
        refuse(shelf, name, Code::SignatureInvalid, shows, &by(seed, key_use));
    }
    let mut changed = |name: &str, shows: &str, old: &str, new: &str| {
        let payload = with(&activation_request_text(), old, new).into_bytes();
        let draft = Draft { payload, ..activation_request(&activation_request_text()) };
        refuse(shelf, name, Code::SignatureInvalid, shows, &draft);
    };
    let (own, other) = (public_text(DEVICE), public_text(SECOND_DEVICE));
    changed("device_exchanged", "Another device's key was put in after signing.", &own, &other);
    let thief = encode_base64(&[9; 32]);
    changed("sealing_key_exchanged", "Another was to get what is sealed.", &sealing_key_text(), &thief);
    changed("nonce_exchanged", "The nonce was changed after signing.", NONCE, &"0".repeat(32));
    changed("license_exchanged", "The license was changed after signing.", LICENSE, APP);
}

fn keys(shelf: &mut Shelf) {
    for (name, code, shows, draft) in under_unsound_keys("activation-request", &activation_request_text()) {
        refuse(shelf, name, code, shows, &draft);
    }
    let mut both = under_unsound_keys("activation-request", &activation_request_text()).swap_remove(0).3;
    both.payload = without(&String::from_utf8_lossy(&both.payload), "sealing_key").into_bytes();
    let shows = "The payload's form is judged before the key.";
    refuse(shelf, "weak_key_and_no_sealing_key", Code::FieldMissing, shows, &both);
}

/// What a device asks under keys that are no device's: name, code, what it shows, statement.
pub(super) fn under_unsound_keys(kind: &str, text: &str) -> Vec<(&'static str, Code, &'static str, Draft)> {
    let keyed = |key: &[u8]| {
        let text = saying(text, "device_key", &format!("\"{}\"", encode_base64(key)));
        let mut draft = Draft::new(kind, text);
        draft.signatures.push((String::new(), ed25519::holds_for_order_1()));
        draft
    };
    let small = ed25519::small_order_encodings();
    let shows = "A key of order 1, for which this signature's equation holds.";
    vec![
        ("key_of_order_1", Code::KeyWeak, shows, keyed(&small[2])),
        ("key_of_order_8", Code::KeyWeak, "A key of order 8.", keyed(&small[6])),
        (
            "key_of_mixed_order",
            Code::KeyWeak,
            "A key with a torsion part.",
            keyed(&ed25519::mixed_order_key()),
        ),
        ("key_off_the_curve", Code::KeyMalformed, "No point of the curve.", keyed(&ed25519::off_the_curve())),
        ("key_not_reduced", Code::KeyMalformed, "A key with y = p + 1.", keyed(&small[12])),
        ("key_short", Code::KeyMalformed, "A key of 31 bytes.", keyed(&[7; 31])),
    ]
}

/// `spec/activation.md` §4.2.
fn forms(shelf: &mut Shelf) {
    let text = activation_request_text();
    let mut refused = |name: &str, code: Code, shows: &str, text: &str| {
        refuse(shelf, name, code, shows, &activation_request(text));
    };
    for operation in ["validate", "heartbeat", "deactivate", "release", "activate2", "Activate", ""] {
        let name = if operation.is_empty() { "empty" } else { operation }.replace("Act", "upper_case_act");
        let text = saying(&text, "operation", &format!("\"{operation}\""));
        let shows = "Who asks to be admitted asks for nothing else.";
        refused(&format!("operation_{name}"), Code::FieldInvalid, shows, &text);
    }
    let release = with(&text, "\"sealing_key\"", &format!("\"release\":\"{APP}\",\"sealing_key\""));
    let shows = "Who asks to be admitted gives no seat back.";
    refused("release", Code::FieldInvalid, shows, &release);
    let both = without(&saying(&text, "operation", "\"validate\""), "sealing_key");
    let shows = "The operation is judged before the sealing key is read.";
    refused("operation_and_no_sealing_key", Code::FieldInvalid, shows, &both);
    let both = without(&release, "sealing_key");
    let shows = "What is given back is judged before the sealing key is read.";
    refused("release_and_no_sealing_key", Code::FieldInvalid, shows, &both);
    let late = without(&saying(&text, "operation", "\"validate\""), "client_time");
    let shows = "The operation is judged once the fields of the device request were read.";
    refused("operation_and_no_time", Code::FieldMissing, shows, &late);
    let named = saying(&text, "license", "null");
    refused("no_license", Code::FieldInvalid, "Neither identifier nor key.", &named);
    let twice = saying(&text, "license_key", "\"000G-40R4-0M30-E209-185G-R38E-1YRB\"");
    refused("two_licenses", Code::FieldInvalid, "Identifier and key.", &twice);
}

fn fields(shelf: &mut Shelf) {
    let text = activation_request_text();
    let mut refused = |name: &str, code: Code, shows: &str, text: &str| {
        refuse(shelf, name, code, shows, &activation_request(text));
    };
    let spoilt = spoilt(&text, &["license", "license_key", "fingerprint"]);
    let optional = spoilt_optional(&text, &["name", "platform", "product_version", "release", "modules"]);
    // A list of modules is never `null` or in the payload: said with the lists.
    for (name, code, shows, text) in
        spoilt.into_iter().chain(optional.into_iter().filter(|s| s.0 != "modules_null"))
    {
        refused(&name, code, shows, &text);
    }
    let sealing = |bytes: &str| saying(&text, "sealing_key", &format!("\"{bytes}\""));
    for (name, shows, key) in [
        ("short", "A key of 31 bytes.", encode_base64(&[7; 31])),
        ("long", "A key of 33 bytes.", encode_base64(&[7; 33])),
        ("empty", "No key.", String::new()),
        ("unpadded", "A second spelling.", sealing_key_text().trim_end_matches('=').to_owned()),
        ("hexadecimal", "A second spelling.", "8520f009".repeat(8)),
    ] {
        refused(&format!("sealing_key_{name}"), Code::KeyMalformed, shows, &sealing(&key));
    }
    let shows = "A request asks for no rights.";
    refused("wish_for_a_tier", Code::FieldUnknown, shows, &saying(&text, "tier", "\"enterprise\""));
    let shows = "What only a heartbeat says.";
    refused("seq", Code::FieldUnknown, shows, &saying(&text, "seq", "1"));
    let shows = "An unknown meaning is marked as critical.";
    refused("crit_unknown", Code::CritUnknown, shows, &saying(&text, "crit", "[\"log\"]"));
    let shows = "A meaning that licenses alone have.";
    refused("crit_of_a_license", Code::CritUnknown, shows, &saying(&text, "crit", "[\"policy\"]"));
}
