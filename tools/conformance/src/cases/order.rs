//! Statements in which two things are wrong: which of them gives the code (`spec/envelope.md` §1.7, §3.6, §6.2).

use sealgate_artifact::{Code, encode_base64};
use sha2::{Digest, Sha256};

use super::case::{Case, Shelf};
use crate::forge::{
    DAY, Draft, NOW, OTHER_TENANT, ROOT, TENANT, World, certificate, certificate_text, device_request, entry,
    hex, keyset, keyset_text, license, license_text, public_text, request_text, root, root_text, with,
};
use crate::{Artifact, Bytes, Question};

pub(super) fn cases() -> Vec<Case> {
    [of_an_envelope(), of_a_license(), of_a_carrier(), of_keys(), of_roots(), of_others()].concat()
}

/// `spec/envelope.md` §1.7.
fn of_an_envelope() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Envelope);
    let mut refuse = |name: &str, code: Code, shows: &str, text: String| {
        let envelope = Bytes::from(text.into_bytes());
        shelf.refused(&format!("order_{name}"), code, shows, Question::Envelope { envelope });
    };
    let written = |payload_type: &str, payload: &str, signatures: &str| {
        format!(r#"{{"payloadType":{payload_type},"payload":{payload},"signatures":{signatures}}}"#)
    };
    let sound = r#"[{"keyid":"","sig":"AAAA"}]"#;
    let long = format!("\"{}\"", encode_base64(&[b' '; 3_801]));
    let hint = "a".repeat(65);
    let shows = "16,385 bytes that are no JSON: the size is judged before the text.";
    refuse("size_and_text", Code::ArtifactTooLarge, shows, "x".repeat(16_385));
    let shows = "A fourth field, and something behind the envelope: the text is judged before the fields.";
    let text = with(&written("\"t\"", "\"e30=\"", sound), "{", "{\"alg\":1,") + "x";
    refuse("text_and_fields", Code::JsonInvalid, shows, text);
    let shows = "A fourth field, and a payload that is no base64: the fields are judged before the payload.";
    let text = with(&written("\"t\"", "\"e30\"", sound), "{", "{\"alg\":1,");
    refuse("fields_and_payload", Code::EnvelopeInvalid, shows, text);
    let shows = "A type that is a number, and a payload that is no base64.";
    refuse("type_and_payload", Code::EnvelopeInvalid, shows, written("1", "\"e30\"", sound));
    let shows = "A payload that is no base64, and no signature: the payload is read before the signatures.";
    refuse("payload_and_signatures", Code::Base64Invalid, shows, written("\"t\"", "\"e30\"", "[]"));
    let shows = "A payload of 3,801 bytes, and `signatures` is no list.";
    refuse("payload_size_and_signatures", Code::ArtifactTooLarge, shows, written("\"t\"", &long, "{}"));
    let shows = "A payload that is no base64, of more bytes than it may have in any case.";
    let unpadded = long.replacen('I', "*", 1);
    refuse("base64_and_payload_size", Code::Base64Invalid, shows, written("\"t\"", &unpadded, sound));
    let signatures = |entries: &str| written("\"t\"", "\"e30=\"", entries);
    let many = format!("[{}{{}}]", format!(r#"{{"keyid":"{hint}","sig":"A"}},"#).repeat(24));
    let shows = "25 signatures, the first with a hint that is too long: they are counted first.";
    refuse("count_and_signature", Code::EnvelopeInvalid, shows, signatures(&many));
    let shows = "A signature's hint is too long, and its `sig` is a number: its fields are judged first.";
    refuse(
        "sig_type_and_hint",
        Code::EnvelopeInvalid,
        shows,
        signatures(&format!(r#"[{{"keyid":"{hint}","sig":1}}]"#)),
    );
    let shows = "A signature's hint is too long, and its `sig` is no base64: the hint is judged first.";
    refuse(
        "hint_and_base64",
        Code::ArtifactTooLarge,
        shows,
        signatures(&format!(r#"[{{"keyid":"{hint}","sig":"A"}}]"#)),
    );
    let shows =
        "The first signature is no base64, and the second no object: each is read completely, in order.";
    refuse("first_signature", Code::Base64Invalid, shows, signatures(r#"[{"keyid":"","sig":"A"},1]"#));
    let shows = "The same the other way round.";
    refuse("second_signature", Code::EnvelopeInvalid, shows, signatures(r#"[1,{"keyid":"","sig":"A"}]"#));
    shelf.cases
}

/// `spec/envelope.md` §3.4 to §3.6 and `spec/license.md` §2.3.
fn of_a_license() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::License);
    let text = license_text();
    let mut refuse = |name: &str, code: Code, shows: &str, payload: String| {
        shelf.invalid(&format!("order_{name}"), code, shows, &World::with_license(license(payload)));
    };
    let more = |text: &str, field: &str| with(text, "{", &format!("{{{field},"));
    let reversed = with(
        &text,
        &format!("\"expires_at\":{}", NOW + 100 * DAY),
        &format!("\"expires_at\":{}", NOW - 20 * DAY),
    );
    let shows =
        "A list that holds a name outside the alphabet: it is no object, and that is judged before names.";
    refuse("object_and_names", Code::FieldInvalid, shows, "[{\"A\":1}]".to_owned());
    let shows = "A list that is no strict JSON: the text is judged before all.";
    refuse("text_and_object", Code::JsonInvalid, shows, "[1.5]".to_owned());
    let shows = "A name outside the alphabet, and another kind's `typ`: names are judged before `typ`.";
    let named = more(&with(&text, "\"typ\":\"license\"", "\"typ\":\"keyset\""), "\"A\":1");
    refuse("names_and_typ", Code::FieldUnknown, shows, named);
    let shows = "A name outside the alphabet, and no `typ`.";
    let named = more(&with(&text, "\"typ\":\"license\"", "\"ext\":{}"), "\"A\":1");
    refuse("names_and_typ_missing", Code::FieldUnknown, shows, named);
    let shows = "Another kind's `typ`, and no tenant: `typ` is judged before the kind's fields.";
    let untyped = with(&with(&text, "\"typ\":\"license\"", "\"typ\":\"keyset\""), "\"tenant\"", "\"x\"");
    refuse("typ_and_fields", Code::KindUnexpected, shows, untyped);
    let shows =
        "A field that is missing, before one that is invalid: the order is the table's, not the text's.";
    refuse("tenant_and_version", Code::FieldMissing, shows, {
        with(&with(&text, "\"tenant\"", "\"x\""), "\"version\":1", "\"version\":-1")
    });
    let shows = "The same two the other way round.";
    refuse("version_and_tier", Code::FieldInvalid, shows, {
        with(&with(&text, "\"tier\"", "\"x\""), "\"version\":1", "\"version\":-1")
    });
    let shows = "`crit` names an unknown meaning, and then holds a number: its entries are judged in order.";
    refuse("crit_name_and_number", Code::CritUnknown, shows, more(&text, "\"crit\":[\"x\",1]"));
    let shows = "The same the other way round.";
    refuse("crit_number_and_name", Code::FieldInvalid, shows, more(&text, "\"crit\":[1,\"x\"]"));
    let shows = "`ext` is no object, and `crit` names an unknown meaning: `ext` is judged first.";
    refuse("ext_and_crit", Code::FieldInvalid, shows, more(&text, "\"crit\":[\"x\"],\"ext\":1"));
    let shows = "`crit` names an unknown meaning, and there is an unknown field: `crit` is judged first.";
    refuse("crit_and_unknown", Code::CritUnknown, shows, more(&text, "\"a\":1,\"crit\":[\"x\"]"));
    let shows = "A window that is empty, and an unknown field: the window is judged when the table was read.";
    refuse("window_and_unknown", Code::FieldInvalid, shows, more(&reversed, "\"a\":1"));
    let shows = "A window that is empty, and a critical meaning: the window is judged first.";
    refuse("window_and_crit", Code::FieldInvalid, shows, more(&reversed, "\"crit\":[\"x\"]"));
    let shows =
        "A window that is empty, and no number of devices: all fields are read before the window is judged.";
    refuse("window_and_missing", Code::FieldMissing, shows, with(&reversed, "\"max_devices\"", "\"x\""));
    let shows = "A window that is empty, of another tenant: the window is a matter of form.";
    refuse("window_and_tenant", Code::FieldInvalid, shows, with(&reversed, TENANT, OTHER_TENANT));
    let mut unsigned = license(reversed);
    unsigned.signatures[0].1[0] ^= 1;
    let shows =
        "A window that is empty, and no good signature: the signature decides before the payload is read.";
    shelf.invalid(
        "order_window_and_signature",
        Code::SignatureInvalid,
        shows,
        &World::with_license(unsigned),
    );
    shelf.cases
}

/// `spec/envelope.md` §6.2 to §6.4.
fn of_a_carrier() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::License);
    let names: Vec<String> = (0..33).map(|n| format!("\"feature.{n}\"")).collect();
    let content = format!("[{}]", names.join(","));
    let naming = |reference: &str| license(with(&license_text(), r#"["db.query","export"]"#, reference));
    let reference = |content: &str| {
        format!(r#"{{"length":{},"sha256":"{}"}}"#, content.len(), hex(&Sha256::digest(content)))
    };
    let carrying = |statement: &str, attachments: &str| {
        format!(r#"{{"statement":{statement},"attachments":{attachments}}}"#)
    };
    let listed = |content: &str| format!("[\"{}\"]", encode_base64(content.as_bytes()));
    let world = |draft: &Draft, text: String| World {
        replaced: Some(text.into_bytes()),
        ..World::with_license(draft.clone())
    };
    let sound = naming(&reference(&content));
    let spaced = carrying(&with(&sound.text(), "{", &format!("{{{}", " ".repeat(30_000))), &listed(&content));
    let shows = "An envelope of 30,000 bytes in a carrier: only bare envelopes are limited to 16,384.";
    shelf.valid("carrier_of_30000_bytes", shows, &world(&sound, spaced));

    let mut refuse = |name: &str, code: Code, shows: &str, text: String| {
        shelf.invalid(&format!("order_{name}"), code, shows, &world(&sound, text));
    };
    let shows =
        "20,000 bytes that are no JSON, where attachments may be: the text says whether it is a carrier.";
    refuse("carrier_text_and_size", Code::JsonInvalid, shows, "x".repeat(20_000));
    let shows = "An object of 20,000 bytes without a statement is a bare envelope: its size is judged before its fields.";
    refuse("carrier_size_and_fields", Code::ArtifactTooLarge, shows, format!("{{{}}}", " ".repeat(20_000)));
    let spoilt = with(&sound.text(), "\"payload\":\"", "\"payload\":\"*");
    let shows = "An attachment that is a number, and a payload that is no base64: the carrier's form is judged first.";
    refuse("carrier_form_and_envelope", Code::EnvelopeInvalid, shows, carrying(&spoilt, "[1]"));
    let shows = "Five attachments that are no base64: they are counted first.";
    refuse(
        "carrier_count_and_base64",
        Code::EnvelopeInvalid,
        shows,
        carrying(&sound.text(), r#"["*","*","*","*","*"]"#),
    );
    let shows = "Attachments are no base64, and the envelope has no signature: the envelope is read first.";
    let bare = Draft { signatures: vec![], ..sound.clone() };
    refuse("carrier_envelope_and_base64", Code::EnvelopeInvalid, shows, carrying(&bare.text(), "[\"*\"]"));
    let shows = "An attachment that is no base64, and another kind: the carrier is decoded before the kind is compared.";
    let other = Draft { payload_type: World::of_tenant().keyset.payload_type, ..sound.clone() };
    refuse("carrier_base64_and_kind", Code::Base64Invalid, shows, carrying(&other.text(), "[\"*\"]"));

    let mut refuse = |name: &str, code: Code, shows: &str, draft: Draft, attachments: &str| {
        let text = carrying(&draft.text(), attachments);
        shelf.invalid(&format!("order_{name}"), code, shows, &world(&draft, text));
    };
    let own = reference(&content);
    let shows = "A reference with an unknown field to what is not there: it is read completely before it is looked up.";
    let draft = naming(&with(&own, "{", "{\"a\":1,"));
    refuse("reference_and_missing", Code::FieldUnknown, shows, draft, &listed("beside"));
    let shows = "What is not there, and no number of devices: the attachment is read before the next field.";
    let text = with(&license_text(), r#"["db.query","export"]"#, &own);
    let draft = license(with(&text, "\"max_devices\"", "\"x\""));
    refuse("attachment_and_devices", Code::AttachmentMissing, shows, draft, &listed("beside"));
    let shows = "An unknown field, and an attachment that nobody named: attachments come last.";
    let draft = license(with(&text, "{", "{\"a\":1,"));
    let two = format!("{},\"YQ==\"]", listed(&content).trim_end_matches(']'));
    refuse("unknown_and_unnamed", Code::FieldUnknown, shows, draft, &two);
    let shows =
        "An attachment that is no JSON, and a window that is empty: the attachment is read with its field.";
    let ends = format!("\"expires_at\":{}", NOW + 100 * DAY);
    let draft = license(with(&with(&text, &own, &reference("[")), &ends, "\"expires_at\":1"));
    refuse("attachment_and_window", Code::JsonInvalid, shows, draft, &listed("["));
    let shows = "An object in an attachment, with a name outside the alphabet: the rule for names is one for payloads.";
    let object = content.replacen("\"feature.1\"", "{\"A\":1}", 1);
    refuse(
        "attached_object_and_name",
        Code::FieldInvalid,
        shows,
        naming(&reference(&object)),
        &listed(&object),
    );
    shelf.cases
}

/// `spec/envelope.md` §3.6 and `spec/keys.md` §4.1, §4.3, §5.4.
fn of_keys() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Keyset);
    let text = keyset_text();
    let (ends, begins) =
        (format!("\"expires_at\":{}", NOW + 365 * DAY), format!("\"issued_at\":{}", NOW - 30 * DAY));
    let mut refuse = |name: &str, code: Code, shows: &str, payload: String| {
        let world = World { keyset: keyset(&payload), ..World::of_tenant() };
        shelf.invalid(&format!("order_{name}"), code, shows, &world);
    };
    let many = |first: &str| {
        let rest: Vec<String> =
            (100..111).map(|seed| entry("authority", &public_text(seed), "active")).collect();
        with(&text, "\"keys\":[", &format!("\"keys\":[{first},{},", rest.join(",")))
    };
    let shows = "Thirteen entries, the first an empty object: they are counted before they are read.";
    refuse("count_and_entry", Code::FieldInvalid, shows, many("{}"));
    let listing = |entries: &str| with(&text, "\"keys\":[", &format!("\"keys\":[{entries},"));
    let shows = "An entry without its fields, and then a number: each entry is read completely, in order.";
    refuse("first_entry", Code::FieldMissing, shows, listing("{},1"));
    let shows = "The same the other way round.";
    refuse("second_entry", Code::FieldInvalid, shows, listing("1,{}"));
    let key = public_text(100);
    let shows = "An entry whose key is cut and whose state is unknown: fields in the order of the table.";
    refuse("entry_key_and_state", Code::KeyMalformed, shows, listing(&entry("issuer", &key[..40], "x")));
    let shows = "An entry of an unknown use whose key is cut: the use comes first.";
    refuse("entry_use_and_key", Code::FieldInvalid, shows, listing(&entry("x", &key[..40], "active")));
    let shows = "An entry with a critical meaning and an unknown field, before one whose key is cut.";
    let marked = with(&entry("issuer", &key, "active"), "{", "{\"a\":1,\"crit\":[\"x\"],");
    refuse("entry_crit_and_next", Code::CritUnknown, shows, listing(&format!("{marked},1")));
    let ended = with(&text, &ends, &format!("\"expires_at\":{}", NOW - DAY));
    let shows = "It begins later and has ended before: the beginning is judged first.";
    let both = with(&ended, &begins, &format!("\"issued_at\":{}", NOW + 9 * DAY));
    refuse("begin_and_end", Code::KeysetNotYetValid, shows, both);
    let shows = "It has ended, and a key in it is cut: the form is judged before the window.";
    let cut = entry("issuer", &key[..40], "active");
    refuse(
        "key_form_and_window",
        Code::KeyMalformed,
        shows,
        with(&ended, "\"keys\":[", &format!("\"keys\":[{cut},")),
    );
    let shows =
        "It has ended, and a key in it is no point of the curve: the window is judged before the keys.";
    let off = entry("issuer", &encode_base64(&super::ed25519::off_the_curve()), "active");
    refuse(
        "window_and_key",
        Code::KeysetExpired,
        shows,
        with(&ended, "\"keys\":[", &format!("\"keys\":[{off},")),
    );
    shelf.cases
}

/// `spec/keys.md` §4.2 and §5.6.
fn of_roots() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Root);
    let first = || root(1, &[public_text(ROOT)], 1);
    let text = root_text(1, &[public_text(ROOT)], 1);
    let mut refuse = |name: &str, code: Code, shows: &str, chain: Vec<Draft>| {
        let world = World { root_chain: Some(chain), ..World::of_license() };
        shelf.invalid(&format!("order_{name}"), code, shows, &world);
    };
    let cut = with(&text, &public_text(ROOT), "AAAA");
    let signed = |text: &str| Draft::new("root", text).signed(ROOT, sealgate_artifact::KeyUse::Root);
    let shows =
        "A negative threshold, and a key that is cut: a threshold is at least 0, and that is judged at once.";
    let negative = with(&cut, "\"threshold\":1", "\"threshold\":-1");
    refuse("threshold_negative_and_key", Code::FieldInvalid, shows, vec![signed(&negative)]);
    let shows =
        "A threshold of zero, and a key that is cut: what the threshold must be is judged with the keys.";
    let zero = with(&cut, "\"threshold\":1", "\"threshold\":0");
    refuse("threshold_zero_and_key", Code::KeyMalformed, shows, vec![signed(&zero)]);
    let shows = "A threshold of zero, and an unknown field: the threshold is judged before unknown fields.";
    let zero = with(&with(&text, "\"threshold\":1", "\"threshold\":0"), "{", "{\"a\":1,");
    refuse("threshold_and_unknown", Code::FieldInvalid, shows, vec![signed(&zero)]);
    let shows = "The next statement is malformed, and of a version too far: it must be well formed before it is compared.";
    let far = with(&with(&text, "\"version\":1", "\"version\":9"), "{", "{\"a\":1,");
    refuse("form_and_gap", Code::FieldUnknown, shows, vec![first(), signed(&far)]);
    let shows = "The next statement skips a version, and nobody signed it: the version is compared first.";
    let mut unsigned = signed(&with(&text, "\"version\":1", "\"version\":9"));
    unsigned.signatures[0].1[0] ^= 1;
    refuse("gap_and_signature", Code::VersionGap, shows, vec![first(), unsigned]);
    shelf.cases
}

/// Kinds that need a server or a device (`spec/keys.md` §5.7, `spec/online.md` §2).
fn of_others() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::ServerCertificate);
    let text = certificate_text();
    let mut refuse = |name: &str, code: Code, shows: &str, payload: &str| {
        let asked = super::certificate::question(&World::of_tenant(), &certificate(payload));
        shelf.refused(&format!("order_{name}"), code, shows, Question::Certificate(Box::new(asked)));
    };
    let late = with(&text, &format!("\"expires_at\":{}", NOW + 20 * DAY), "\"expires_at\":1");
    let shows = "A window that is empty, and a key that is cut: the window is judged when its end is read.";
    refuse(
        "window_and_key",
        Code::FieldInvalid,
        shows,
        &with(&late, "\"public_key\":\"", "\"public_key\":\"*"),
    );
    let shows = "A key that is cut, and no tenant: fields in the order of the table.";
    let cut = with(&text, "\"public_key\":\"", "\"public_key\":\"*");
    refuse("key_and_tenants", Code::KeyMalformed, shows, &with(&cut, &format!("[\"{TENANT}\"]"), "[]"));

    let mut cases = shelf.cases;
    let mut shelf = Shelf::of(Artifact::DeviceRequest);
    let mut refuse = |name: &str, code: Code, shows: &str, payload: &str| {
        let asked = super::request::question(&device_request(payload));
        shelf.refused(&format!("order_{name}"), code, shows, asked);
    };
    let none =
        with(&request_text(), &format!("\"license\":\"{}\"", crate::forge::LICENSE), "\"license\":null");
    let shows = "Neither identifier nor key, and a device's key that is cut: which license is judged once both were read.";
    refuse(
        "license_and_device",
        Code::FieldInvalid,
        shows,
        &with(&none, "\"device_key\":\"", "\"device_key\":\"*"),
    );
    let shows = "Neither identifier nor, for want of the field, a key.";
    refuse(
        "license_and_key_missing",
        Code::FieldMissing,
        shows,
        &with(&none, "\"license_key\":null", "\"x\":null"),
    );
    cases.extend(shelf.cases);
    cases
}
