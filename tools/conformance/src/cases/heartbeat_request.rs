//! Heartbeats of admitted devices (`spec/activation.md` §6.1 and §6.2).

use sealgate_artifact::{Code, KeyUse};

use super::activation_request::under_unsound_keys;
use super::case::{Case, Shelf};
use super::fields::{Spoilt, saying, spoilt, spoilt_optional, without};
use crate::admission::{
    ACTIVATION, INSTANCE, NONCES, UPDATE, heartbeat, heartbeat_text, proof, proof_text, second_heartbeat_text,
};
use crate::forge::{
    APP, APP_KEY, AUTHORITY, DEVICE, Draft, ISSUER, LICENSE, NOW, ROOT, SECOND_DEVICE, SERVER, STRANGER,
    Seed, public_text, reference, with,
};
use crate::{Artifact, Bytes, Question};

/// The head of a device's chain, as a value.
pub(super) fn head(seq: u64) -> String {
    format!("{{\"seq\":{seq},\"mac\":\"{}\"}}", "4d".repeat(32))
}

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::HeartbeatRequest);
    believed(&mut shelf);
    signatures(&mut shelf);
    keys(&mut shelf);
    fields(&mut shelf);
    heads(&mut shelf);
    entries(&mut shelf);
    shelf.cases
}

/// The plain question about this heartbeat.
pub(super) fn question(request: &Draft) -> Question {
    Question::HeartbeatRequest { request: Bytes::from(request.text().into_bytes()) }
}

fn refuse(shelf: &mut Shelf, name: &str, code: Code, shows: &str, request: &Draft) {
    shelf.refused(name, code, shows, question(request));
}

fn believe(shelf: &mut Shelf, name: &str, shows: &str, request: &Draft) {
    shelf.accepted(name, shows, question(request), &request.id());
}

fn believed(shelf: &mut Shelf) {
    let (first, second) = (heartbeat_text(), second_heartbeat_text());
    let mut accept = |name: &str, shows: &str, text: &str| believe(shelf, name, shows, &heartbeat(text));
    accept("plain", "The first heartbeat after a proof.", &first);
    accept("second", "The second, of an instance that has its name.", &second);
    accept("leaves", "The program ends.", &saying(&second, "leaves", "true"));
    accept("head", "A device with a chain.", &saying(&second, "head", &head(17)));
    let start = format!("{{\"seq\":0,\"mac\":\"{}\"}}", "00".repeat(32));
    accept("head_before_the_first", "A chain without entries.", &saying(&second, "head", &start));
    let bare = saying(&second, "fingerprint", "null");
    accept("no_fingerprint", "An app that says nothing about the machine.", &bare);
    let late = saying(&second, "instance", "null");
    accept("second_without_instance", "Whether this one may be without is judged by the server.", &late);
    let largest = saying(&saying(&second, "seq", "9007199254740991"), "generation", "9007199254740991");
    accept("largest_numbers", "The largest number and generation.", &largest);
    accept("time_zero", "A device whose clock was never set.", &saying(&first, "client_time", "0"));
    accept("extended", "An extension that nobody needs to know.", &saying(&first, "ext", r#"{"os":"x"}"#));
    let beside = heartbeat(&first).signed(STRANGER, KeyUse::Device);
    believe(shelf, "signed_by_stranger_too", "A signature beside the device's is ignored.", &beside);
}

fn signatures(shelf: &mut Shelf) {
    let by = |seed: Seed, key_use| Draft::new("heartbeat-request", heartbeat_text()).signed(seed, key_use);
    for (name, seed, key_use, shows) in [
        ("signed_by_other_device", SECOND_DEVICE, KeyUse::Device, "Another device signed than it names."),
        ("signed_by_activation_key", ACTIVATION, KeyUse::Activation, "Whoever admits a device is none."),
        ("signed_by_update_key", UPDATE, KeyUse::Update, "A key for releases signs no heartbeats."),
        ("signed_by_server", SERVER, KeyUse::Server, "A server answers heartbeats and sends none."),
        ("signed_by_issuer", ISSUER, KeyUse::Issuer, "An issuer signs no heartbeats."),
        ("signed_by_authority", AUTHORITY, KeyUse::Authority, "An authority signs no heartbeats."),
        ("signed_by_root", ROOT, KeyUse::Root, "A root signs no heartbeats."),
        ("signed_by_app_key", APP_KEY, KeyUse::App, "An app's key signs no heartbeats."),
    ] {
        refuse(shelf, name, Code::SignatureInvalid, shows, &by(seed, key_use));
    }
    let mut changed = |name: &str, shows: &str, old: &str, new: &str| {
        let payload = with(&heartbeat_text(), old, new).into_bytes();
        let draft = Draft { payload, ..heartbeat(&heartbeat_text()) };
        refuse(shelf, name, Code::SignatureInvalid, shows, &draft);
    };
    let (own, other) = (public_text(DEVICE), public_text(SECOND_DEVICE));
    changed("device_exchanged", "Another device's key was put in after signing.", &own, &other);
    changed("nonce_exchanged", "The nonce was changed after signing.", NONCES[0], NONCES[1]);
    changed("seq_exchanged", "It was counted on after signing.", "\"seq\":1", "\"seq\":2");
    let instance = format!("\"instance\":\"{INSTANCE}\"");
    changed("instance_put_in", "An instance was put in after signing.", "\"instance\":null", &instance);
    changed("license_exchanged", "The license was changed after signing.", LICENSE, APP);
    let leaving = with(&heartbeat_text(), &format!(":{NOW}}}"), &format!(":{NOW},\"leaves\":true}}"));
    let leaving = Draft { payload: leaving.into_bytes(), ..heartbeat(&heartbeat_text()) };
    let shows = "Somebody else says that the program ends.";
    refuse(shelf, "leaves_put_in", Code::SignatureInvalid, shows, &leaving);
}

fn keys(shelf: &mut Shelf) {
    for (name, code, shows, draft) in under_unsound_keys("heartbeat-request", &heartbeat_text()) {
        refuse(shelf, name, code, shows, &draft);
    }
    let mut both = under_unsound_keys("heartbeat-request", &heartbeat_text()).swap_remove(0).3;
    both.payload = without(&String::from_utf8_lossy(&both.payload), "nonce").into_bytes();
    let shows = "The payload's form is judged before the key.";
    refuse(shelf, "weak_key_and_no_nonce", Code::FieldMissing, shows, &both);
}

fn fields(shelf: &mut Shelf) {
    let text = second_heartbeat_text();
    let mut put = |(name, code, shows, text): Spoilt| refuse(shelf, &name, code, shows, &heartbeat(&text));
    spoilt(&text, &["fingerprint", "instance"]).into_iter().for_each(&mut put);
    spoilt_optional(&text, &["leaves", "head", "entries"]).into_iter().for_each(&mut put);
    let id = proof(&proof_text()).id();
    let upper = |text: &str| format!("\"{}\"", text.to_uppercase());
    let long = |sign: &str, bytes: usize| format!("\"{}\"", sign.repeat(bytes));
    for (field, name, shows, value) in [
        ("tenant", "upper_case", "A second spelling.", upper(crate::forge::TENANT)),
        ("app", "upper_case", "A second spelling.", upper(APP)),
        ("license", "upper_case", "A second spelling.", upper(LICENSE)),
        ("license", "is_a_key", "A heartbeat names its license.", long("000G-40R4", 1)),
        ("instance", "upper_case", "A second spelling.", upper(INSTANCE)),
        ("instance", "empty", "Not an identifier.", long("", 0)),
        ("proof", "short", "Not 64 digits.", format!("\"{}\"", &id[2..])),
        ("proof", "upper_case", "A second spelling.", upper(&id)),
        ("generation", "zero", "Generations count from 1.", "0".to_owned()),
        ("generation", "negative", "Generations count from 1.", "-1".to_owned()),
        ("seq", "zero", "Heartbeats count from 1.", "0".to_owned()),
        ("seq", "negative", "Heartbeats count from 1.", "-1".to_owned()),
        ("seq", "text", "A number as text.", "\"2\"".to_owned()),
        ("fingerprint", "empty", "An empty fingerprint is not none.", long("", 0)),
        ("fingerprint", "of_129_bytes", "One byte too many.", long("x", 129)),
        ("fingerprint", "with_escape", "A control character.", "\"\\u001b[1m\"".to_owned()),
        ("nonce", "of_31_digits", "Not 32 digits.", long("a", 31)),
        ("nonce", "of_33_digits", "Not 32 digits.", long("a", 33)),
        ("nonce", "upper_case", "A second spelling.", upper(NONCES[1])),
        ("nonce", "no_digits", "Not hexadecimal.", long("g", 32)),
        ("client_time", "negative", "A time before 1970.", "-1".to_owned()),
        ("client_time", "beyond", "A time after the year 9999.", "253402300800".to_owned()),
        ("leaves", "false", "Who stays leaves the field out.", "false".to_owned()),
        ("leaves", "one", "Only `true` says so.", "1".to_owned()),
        ("leaves", "text", "Only `true` says so.", "\"true\"".to_owned()),
    ] {
        put((format!("{field}_{name}"), Code::FieldInvalid, shows, saying(&text, field, &value)));
    }
    let mut more = |name: &str, code: Code, shows: &'static str, field: &str, value: &str| {
        put((name.to_owned(), code, shows, saying(&text, field, value)));
    };
    more("wish_for_a_tier", Code::FieldUnknown, "A heartbeat asks for no rights.", "tier", "\"enterprise\"");
    more("operation", Code::FieldUnknown, "A heartbeat is no device request.", "operation", "\"heartbeat\"");
    more("crit_unknown", Code::CritUnknown, "An unknown meaning is critical.", "crit", "[\"log\"]");
    more(
        "crit_of_a_license",
        Code::CritUnknown,
        "A meaning that licenses alone have.",
        "crit",
        "[\"policy\"]",
    );
}

/// The head of a chain: refused wherever it is not sound, in requests as in answers.
pub(super) fn unsound_heads(text: &str) -> Vec<Spoilt> {
    let mac = format!("\"mac\":\"{}\"", "4d".repeat(32));
    let invalid = Code::FieldInvalid;
    let heads = [
        ("empty", Code::FieldMissing, "A head says both.", "{}".to_owned()),
        ("without_seq", Code::FieldMissing, "A head says both.", format!("{{{mac}}}")),
        ("without_mac", Code::FieldMissing, "A head says both.", "{\"seq\":17}".to_owned()),
        ("seq_negative", invalid, "Entries count from 1.", format!("{{\"seq\":-1,{mac}}}")),
        ("seq_null", invalid, "No head is an absent one.", format!("{{\"seq\":null,{mac}}}")),
        ("mac_null", invalid, "No head is an absent one.", "{\"seq\":17,\"mac\":null}".to_owned()),
        ("mac_short", invalid, "Not 64 digits.", with(&head(17), "4d", "")),
        ("mac_upper_case", invalid, "A second spelling.", with(&head(17), "4d", "4D")),
        (
            "with_more",
            Code::FieldUnknown,
            "A field that heads do not know.",
            with(&head(17), "}", ",\"at\":1}"),
        ),
        (
            "crit",
            Code::FieldUnknown,
            "An unknown meaning within.",
            with(&head(17), "}", ",\"crit\":[\"log\"]}"),
        ),
        (
            "extended",
            Code::FieldUnknown,
            "A head has exactly two fields, and no extension.",
            with(&head(17), "}", ",\"ext\":{\"os\":\"x\"}}"),
        ),
        ("text", invalid, "Not an object.", "\"17\"".to_owned()),
    ];
    let spoilt = |(name, code, shows, head): (&str, _, _, String)| {
        (format!("head_{name}"), code, shows, saying(text, "head", &head))
    };
    heads.into_iter().map(spoilt).collect()
}

fn heads(shelf: &mut Shelf) {
    for (name, code, shows, text) in unsound_heads(&second_heartbeat_text()) {
        refuse(shelf, &name, code, shows, &heartbeat(&text));
    }
}

fn entries(shelf: &mut Shelf) {
    let text = saying(&second_heartbeat_text(), "head", &head(17));
    let of = |content: &[u8]| heartbeat(&saying(&text, "entries", &reference(content))).carrying(content);
    let sound = of(b"entries of a chain");
    let shows = "Entries of the chain; what they say is not asked here.";
    believe(shelf, "entries", shows, &sound);
    believe(shelf, "entries_of_any_bytes", "They are bytes, not text.", &of(&[0, 255, 0xc3, 0x28, b'{']));
    let headless = heartbeat(&without(&saying(&text, "entries", &reference(b"entries")), "head"));
    let shows = "Whether entries need a head is judged by the server.";
    believe(shelf, "entries_without_head", shows, &headless.carrying(b"entries"));
    let mut refused = |name: &str, code: Code, shows: &str, draft: &Draft| {
        refuse(shelf, &format!("entries_{name}"), code, shows, draft);
    };
    let bare = Draft { attachments: vec![], ..sound.clone() };
    refused("missing", Code::AttachmentMissing, "Entries are named that are not there.", &bare);
    let other = Draft { attachments: vec![b"entries of a chaim".to_vec()], ..sound.clone() };
    refused("exchanged", Code::AttachmentMissing, "One byte of them was changed.", &other);
    let beside = sound.clone().carrying(b"more");
    refused("beside", Code::AttachmentUnexpected, "More entries that nobody signed.", &beside);
    let unnamed = heartbeat(&second_heartbeat_text()).carrying(b"entries");
    refused("unnamed", Code::AttachmentUnexpected, "Entries where the heartbeat names none.", &unnamed);
    let empty = heartbeat(&saying(&text, "entries", &with(&reference(b"x"), "\"length\":1", "\"length\":0")));
    refused("of_length_zero", Code::FieldInvalid, "Who sends none leaves the field out.", &empty);
    let unsigned = Draft { signatures: vec![(String::new(), vec![0; 64])], ..bare };
    let shows = "The payload names the key, so it is read before the signature, with what it attaches.";
    refused("missing_and_unsigned", Code::AttachmentMissing, shows, &unsigned);
}
