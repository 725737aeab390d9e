//! Requests of devices (`spec/online.md` §2 and §3).

use sealgate_artifact::{Code, KeyUse, encode_base64};

use super::case::{Case, Shelf};
use super::ed25519;
use crate::forge::{
    APP, APP_KEY, AUTHORITY, DEVICE, Draft, ISSUER, LICENSE, NONCE, NOW, ROOT, SECOND_DEVICE, SERVER,
    STRANGER, Seed, TENANT, device_request, license, license_text, public_text, request_by_key_text,
    request_text, with,
};
use crate::{Artifact, Bytes, Question};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::DeviceRequest);
    believed(&mut shelf);
    signatures(&mut shelf);
    keys(&mut shelf);
    names(&mut shelf);
    fields(&mut shelf);
    described(&mut shelf);
    shelf.cases
}

/// The plain question about this request.
pub(super) fn question(request: &Draft) -> Question {
    Question::DeviceRequest { request: Bytes::from(request.text().into_bytes()) }
}

fn refuse(shelf: &mut Shelf, name: &str, code: Code, shows: &str, request: &Draft) {
    shelf.refused(name, code, shows, question(request));
}

fn believe(shelf: &mut Shelf, name: &str, shows: &str, payload: &str) {
    let request = device_request(payload);
    shelf.accepted(name, shows, question(&request), &request.id());
}

fn believed(shelf: &mut Shelf) {
    believe(shelf, "plain", "A license named by its identifier.", &request_text());
    believe(shelf, "by_key", "A license named by its key.", &request_by_key_text());
    let typed = with(&request_by_key_text(), "000G-40R4-0M30-E209-185G-R38E-1YRB", "as typed: \\\"OOO g\\\"");
    believe(shelf, "by_mistyped_key", "Whether a key is well typed is not asked here.", &typed);
    let longest = with(&request_by_key_text(), "000G-40R4-0M30-E209-185G-R38E-1YRB", &"ß".repeat(64));
    believe(shelf, "key_of_128_bytes", "The longest license key; bytes are counted.", &longest);
    let bare = with(&request_text(), "\"m:4f2a\"", "null");
    believe(shelf, "no_fingerprint", "An app that says nothing about the machine.", &bare);
    let longest = with(&request_text(), "m:4f2a", &"x".repeat(128));
    believe(shelf, "fingerprint_of_128_bytes", "The longest fingerprint.", &longest);
    let longest = with(&request_text(), "\"validate\"", &format!("\"{}\"", "a.b_c-09".repeat(4)));
    believe(
        shelf,
        "operation_of_32_bytes",
        "The longest name of an operation, every class of sign.",
        &longest,
    );
    let extended = with(&request_text(), "\"nonce\"", "\"ext\":{\"os\":\"x\"},\"nonce\"");
    believe(shelf, "extended", "An extension that nobody needs to know.", &extended);
    let beside = device_request(&request_text()).signed(STRANGER, KeyUse::Device);
    shelf.accepted(
        "signed_by_stranger_too",
        "A signature beside the device's is ignored.",
        question(&beside),
        &beside.id(),
    );
}

fn signatures(shelf: &mut Shelf) {
    let by = |seed: Seed, key_use| Draft::new("device-request", request_text()).signed(seed, key_use);
    for (name, seed, key_use, shows) in [
        ("signed_by_other_device", SECOND_DEVICE, KeyUse::Device, "Another device signed than it names."),
        ("signed_by_server", SERVER, KeyUse::Server, "A server signs no requests."),
        ("signed_by_issuer", ISSUER, KeyUse::Issuer, "An issuer signs no requests."),
        ("signed_by_authority", AUTHORITY, KeyUse::Authority, "An authority signs no requests."),
        ("signed_by_root", ROOT, KeyUse::Root, "A root signs no requests."),
        ("signed_by_app_key", APP_KEY, KeyUse::App, "An app's key signs no requests."),
    ] {
        refuse(shelf, name, Code::SignatureInvalid, shows, &by(seed, key_use));
    }
    let mut changed = |name: &str, shows: &str, old: &str, new: &str| {
        let payload = with(&request_text(), old, new).into_bytes();
        let draft = Draft { payload, ..device_request(&request_text()) };
        refuse(shelf, name, Code::SignatureInvalid, shows, &draft);
    };
    let (own, other) = (public_text(DEVICE), public_text(SECOND_DEVICE));
    changed("device_exchanged", "Another device's key was put in after signing.", &own, &other);
    changed("nonce_exchanged", "The nonce was changed after signing.", NONCE, &"0".repeat(32));
    changed("operation_exchanged", "The operation was changed after signing.", "validate", "heartbeat");
    changed("license_exchanged", "The license was changed after signing.", LICENSE, APP);
}

fn keys(shelf: &mut Shelf) {
    let equation = ed25519::holds_for_order_1();
    let keyed = |key: &[u8], signature: &[u8]| {
        let payload = with(&request_text(), &public_text(DEVICE), &encode_base64(key));
        let mut draft = Draft::new("device-request", payload);
        draft.signatures.push((String::new(), signature.to_vec()));
        draft
    };
    let small = ed25519::small_order_encodings();
    for (name, key, shows) in [
        ("key_of_order_1", small[2], "A key of order 1, for which this signature's equation holds."),
        ("key_of_order_2", small[4], "A key of order 2."),
        ("key_of_order_8", small[6], "A key of order 8."),
        ("key_of_mixed_order", ed25519::mixed_order_key(), "A key with a torsion component."),
    ] {
        refuse(shelf, name, Code::KeyWeak, shows, &keyed(&key, &equation));
    }
    let off = keyed(&ed25519::off_the_curve(), &equation);
    refuse(shelf, "key_off_the_curve", Code::KeyMalformed, "A key that is no point of the curve.", &off);
    let unreduced = keyed(&small[12], &equation);
    refuse(shelf, "key_not_reduced", Code::KeyMalformed, "A key with y = p + 1.", &unreduced);
    refuse(shelf, "key_short", Code::KeyMalformed, "A key of 31 bytes.", &keyed(&[7; 31], &equation));
    let both = with(&request_text(), &public_text(DEVICE), &encode_base64(&small[2]));
    let both = device_request(&with(&both, &format!("\"license\":\"{LICENSE}\""), "\"license\":null"));
    let shows = "The payload's form is judged before the key.";
    refuse(shelf, "weak_key_and_no_license", Code::FieldInvalid, shows, &both);
}

fn names(shelf: &mut Shelf) {
    let mut refused = |name: &str, shows: &str, text: &str, old: &str, new: &str| {
        refuse(shelf, name, Code::FieldInvalid, shows, &device_request(&with(text, old, new)));
    };
    let (by_id, by_key) = (request_text(), request_by_key_text());
    let id = format!("\"license\":\"{LICENSE}\"");
    refused("no_license", "Neither identifier nor key.", &by_id, &id, "\"license\":null");
    refused("two_licenses", "Identifier and key.", &by_key, "\"license\":null", &id);
    let key = "\"license_key\":\"000G-40R4-0M30-E209-185G-R38E-1YRB\"";
    refused("key_empty", "An empty license key.", &by_key, key, "\"license_key\":\"\"");
    let long = format!("\"license_key\":\"{}\"", "x".repeat(129));
    refused("key_of_129_bytes", "A license key of 129 bytes.", &by_key, key, &long);
    let long = format!("\"license_key\":\"{}x\"", "ß".repeat(64));
    refused("key_of_65_characters", "129 bytes in 65 characters.", &by_key, key, &long);
    refused("key_with_newline", "A control character.", &by_key, key, "\"license_key\":\"A\\nB\"");
    refused(
        "key_with_c1",
        "A control character above U+007F.",
        &by_key,
        key,
        "\"license_key\":\"A\\u009bB\"",
    );
    refused("key_is_a_number", "A key is a string.", &by_key, key, "\"license_key\":1");
    refused(
        "license_upper_case",
        "An identifier in a second spelling.",
        &by_id,
        "ac96-774b-bcce-b302099aa001",
        "AC96-774B-BCCE-B302099AA001",
    );
    let print = "\"m:4f2a\"";
    refused("fingerprint_empty", "An empty fingerprint is not none.", &by_id, print, "\"\"");
    let long = format!("\"{}\"", "x".repeat(129));
    refused("fingerprint_of_129_bytes", "A fingerprint of 129 bytes.", &by_id, print, &long);
    refused("fingerprint_with_escape", "A control character.", &by_id, print, "\"\\u001b[1m\"");
    refused("fingerprint_with_delete", "A control character.", &by_id, print, "\"a\\u007fb\"");
}

fn fields(shelf: &mut Shelf) {
    let text = request_text();
    let mut refused = |name: &str, code: Code, shows: &str, old: &str, new: &str| {
        refuse(shelf, name, code, shows, &device_request(&with(&text, old, new)));
    };
    let operation = "\"validate\"";
    for (name, spelling) in [
        ("operation_empty", "\"\"".to_owned()),
        ("operation_upper_case", "\"Validate\"".to_owned()),
        ("operation_star", "\"*\"".to_owned()),
        ("operation_of_33_bytes", format!("\"{}\"", "a".repeat(33))),
        ("operation_null", "null".to_owned()),
    ] {
        refused(name, Code::FieldInvalid, "Not the name of an operation.", operation, &spelling);
    }
    let nonce = format!("\"{NONCE}\"");
    for (name, spelling) in [
        ("nonce_of_31_digits", format!("\"{}\"", &NONCE[1..])),
        ("nonce_of_33_digits", format!("\"{NONCE}0\"")),
        ("nonce_upper_case", format!("\"{}\"", NONCE.to_uppercase())),
        ("nonce_no_digits", format!("\"{}\"", "g".repeat(32))),
        ("nonce_null", "null".to_owned()),
    ] {
        refused(name, Code::FieldInvalid, "Not 32 lower-case hexadecimal digits.", &nonce, &spelling);
    }
    let time = format!("\"client_time\":{NOW}");
    refused("time_negative", Code::FieldInvalid, "A time before 1970.", &time, "\"client_time\":-1");
    refused("time_null", Code::FieldInvalid, "No time.", &time, "\"client_time\":null");
    let beyond = "\"client_time\":253402300800";
    refused("time_beyond", Code::FieldInvalid, "A time after the year 9999.", &time, beyond);
    for (name, field) in [
        ("tenant_missing", format!("\"tenant\":\"{TENANT}\",")),
        ("app_missing", format!("\"app\":\"{APP}\",")),
        ("license_key_missing", "\"license_key\":null,".to_owned()),
        ("device_key_missing", format!("\"device_key\":\"{}\",", public_text(DEVICE))),
        ("fingerprint_missing", "\"fingerprint\":\"m:4f2a\",".to_owned()),
    ] {
        refused(name, Code::FieldMissing, "A field that may at most be `null`.", &field, "");
    }
    let more = "\"tier\":\"enterprise\",\"nonce\"";
    refused("wish_for_a_tier", Code::FieldUnknown, "A request asks for no rights.", "\"nonce\"", more);
    let critical = "\"crit\":[\"log\"],\"nonce\"";
    let shows = "An unknown meaning is marked as critical.";
    refused("crit_unknown", Code::CritUnknown, shows, "\"nonce\"", critical);
    let carried = format!(r#"{{"statement":{},"attachments":["AA=="]}}"#, device_request(&text).text());
    shelf.refused(
        "with_attachment",
        Code::EnvelopeInvalid,
        "A kind that knows no attachments is read as a bare envelope only.",
        Question::DeviceRequest { request: Bytes::from(carried.into_bytes()) },
    );
    // The plain license, to show that no other statement of the chain passes for a request.
    let license =
        Draft { payload_type: Draft::new("device-request", "").payload_type, ..license(license_text()) };
    refuse(shelf, "license_under_this_type", Code::KindUnexpected, "`typ` says license.", &license);
}

/// What a device says of itself, and what it gives back (`spec/online.md` §2.1, §2.7).
fn described(shelf: &mut Shelf) {
    let time = format!("\"client_time\":{NOW}");
    let text = |more: &str| with(&request_text(), &time, &format!("{time},{more}"));
    let all = format!(
        r#""name":"Ada's desk","platform":"linux/x86_64","product_version":"2.1.0","release":"{APP}""#
    );
    believe(shelf, "described", "A device that says all it may say of itself.", &text(&all));
    let (own, other) = (format!("\"release\":\"{APP}\""), format!("\"release\":\"{}\"", APP.to_uppercase()));
    believe(shelf, "release", "The device whose seat is given back, whatever the operation.", &text(&own));
    let mut refused = |name: &str, shows: &str, more: &str| {
        refuse(shelf, name, Code::FieldInvalid, shows, &device_request(&text(more)));
    };
    refused("release_upper_case", "An identifier in a second spelling.", &other);
    refused("release_null", "Who gives nothing back leaves it out.", "\"release\":null");
    refused("release_empty", "Not an identifier.", "\"release\":\"\"");
    refused("release_number", "Not an identifier.", "\"release\":1");
    for field in ["name", "platform", "product_version"] {
        let longest = format!("\"{field}\":\"{}\"", "é".repeat(32));
        let shows = "64 bytes, not characters.";
        believe(shelf, &format!("{field}_of_64_bytes"), shows, &text(&longest));
        for (name, shows, value) in [
            ("of_65_bytes", "One byte too many.", format!("\"{}\"", "x".repeat(65))),
            ("empty", "Who says nothing leaves it out.", "\"\"".to_owned()),
            ("null", "The same.", "null".to_owned()),
            ("number", "It is text.", "2".to_owned()),
            ("with_escape", "It is shown in terminals.", "\"a\\u001b[2J\"".to_owned()),
            ("with_u0085", "A control character beyond ASCII.", "\"a\u{85}\"".to_owned()),
        ] {
            let request = device_request(&text(&format!("\"{field}\":{value}")));
            refuse(shelf, &format!("{field}_{name}"), Code::FieldInvalid, shows, &request);
        }
    }
}
