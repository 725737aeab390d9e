//! Decoding an envelope (`spec/envelope.md` §1, §3.1, §3.2, §4).

use sealgate_artifact::{Code, encode_base64};

use super::case::{Case, Shelf};
use crate::forge::{Draft, license, license_text, with};
use crate::{Artifact, Bytes, Question};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Envelope);
    valid(&mut shelf);
    limits(&mut shelf);
    fields(&mut shelf);
    base64(&mut shelf);
    json(&mut shelf);
    shelf.cases
}

fn valid(shelf: &mut Shelf) {
    let draft = license(license_text());
    let (text, id) = (draft.text(), draft.id());
    accept(shelf, "plain", "An envelope with one signature.", text.clone(), &id);
    let spaced = text.replace(",\"", " ,\r\n\t\"").replace("\":", "\" : ");
    accept(
        shelf,
        "white_space",
        "White space between tokens is not signed and does not change the id.",
        spaced,
        &id,
    );
    let escaped = with(&text, "payloadType", "payload\\u0054ype");
    accept(shelf, "escaped_name", "A field name may be written with escapes.", escaped, &id);
    let slashes = with(&text, "application/vnd", "application\\/vnd");
    accept(
        shelf,
        "escaped_slash",
        "An escaped slash is a slash: the type is compared after unescaping.",
        slashes,
        &id,
    );
    let signatures = &text[text.find("\"signatures\"").expect("a field")..text.len() - 1];
    let rest = &text[1..text.len() - 2 - signatures.len()];
    accept(shelf, "other_order", "Fields stand in any order.", format!("{{{signatures},{rest}}}"), &id);
    let stranger = Draft::new("heartbeat", "{}");
    let stranger = Draft { signatures: vec![(String::new(), vec![1, 2, 3])], ..stranger };
    let shows =
        "Decoding does not judge: an unknown type, an empty hint and a three-byte signature are well formed.";
    accept(shelf, "unknown_type", shows, stranger.text(), &stranger.id());
    let empty = Draft { payload: vec![], ..draft.clone() };
    accept(
        shelf,
        "empty_payload",
        "An empty payload is well formed as an envelope.",
        empty.text(),
        &empty.id(),
    );
    let binary = Draft { payload: (0..=255).collect(), ..draft };
    accept(
        shelf,
        "binary_payload",
        "A payload is bytes; its text is not looked at here.",
        binary.text(),
        &binary.id(),
    );
}

fn limits(shelf: &mut Shelf) {
    let draft = license(license_text());
    let (text, id) = (draft.text(), draft.id());
    let filled = |bytes: usize| text.clone() + &" ".repeat(bytes - text.len());
    accept(shelf, "envelope_16384_bytes", "An envelope of exactly 16,384 bytes.", filled(16_384), &id);
    refuse(
        shelf,
        "envelope_16385_bytes",
        Code::ArtifactTooLarge,
        "One byte more than an envelope may have.",
        filled(16_385),
    );
    let payload = |bytes: usize| Draft { payload: vec![b' '; bytes], ..draft.clone() };
    let full = payload(3_800);
    accept(shelf, "payload_3800_bytes", "A payload of exactly 3,800 bytes.", full.text(), &full.id());
    let shows = "One byte more than a payload may have.";
    refuse(shelf, "payload_3801_bytes", Code::ArtifactTooLarge, shows, payload(3_801).text());
    let signed = |n: usize| Draft { signatures: vec![draft.signatures[0].clone(); n], ..draft.clone() };
    accept(shelf, "signatures_24", "24 signatures, the most there may be.", signed(24).text(), &id);
    refuse(shelf, "signatures_25", Code::EnvelopeInvalid, "One signature too many.", signed(25).text());
    refuse(shelf, "signatures_none", Code::EnvelopeInvalid, "No signature at all.", signed(0).text());
    let hinted = |n: usize| Draft { signatures: vec![("a".repeat(n), vec![0; 64])], ..draft.clone() };
    accept(shelf, "keyid_64_bytes", "A key hint of exactly 64 bytes.", hinted(64).text(), &id);
    let shows = "One byte more than a key hint may have.";
    refuse(shelf, "keyid_65_bytes", Code::ArtifactTooLarge, shows, hinted(65).text());
}

fn fields(shelf: &mut Shelf) {
    let text = license(license_text()).text();
    let mut refuse =
        |name: &str, shows: &str, text: String| refuse(shelf, name, Code::EnvelopeInvalid, shows, text);
    let last = text.len() - 1;
    refuse(
        "extra_field_alg",
        "The envelope has no say in the algorithm: `alg` is a field too many.",
        text[..last].to_owned() + r#","alg":"none"}"#,
    );
    refuse(
        "extra_field_ext",
        "`ext` belongs into payloads, not into envelopes.",
        text[..last].to_owned() + r#","ext":{}}"#,
    );
    refuse("missing_payload", "A field is missing.", with(&text, "\"payload\":", "\"payloads\":"));
    refuse(
        "missing_type",
        "The type is missing and nothing stands in its place.",
        with(&text, r#""payloadType":"application/vnd.sealgate.license.v1+json","#, ""),
    );
    refuse(
        "name_in_other_case",
        "Field names are compared exactly.",
        with(&text, "payloadType", "payloadtype"),
    );
    refuse(
        "type_null",
        "The type is not a string.",
        with(&text, "\"application/vnd.sealgate.license.v1+json\"", "null"),
    );
    refuse("signatures_object", "`signatures` is not a list.", with(&with(&text, ":[{", ":{"), "}]}", "}}"));
    refuse("signature_string", "A signature is not an object.", cut_signatures(&text, "\"abc\""));
    refuse(
        "signature_without_keyid",
        "DSSE lets `keyid` be absent, this profile does not.",
        cut_signatures(&text, r#"{"sig":"AAAA"}"#),
    );
    refuse(
        "signature_with_alg",
        "A signature has no say in the algorithm.",
        cut_signatures(&text, r#"{"alg":"ed25519","keyid":"","sig":"AAAA"}"#),
    );
    refuse(
        "signature_sig_number",
        "`sig` is not a string.",
        cut_signatures(&text, r#"{"keyid":"","sig":1}"#),
    );
    refuse("top_level_list", "An envelope is an object.", format!("[{text}]"));
}

fn base64(shelf: &mut Shelf) {
    let text = license(license_text()).text();
    let mut refuse =
        |name: &str, shows: &str, text: String| refuse(shelf, name, Code::Base64Invalid, shows, text);
    let sig = |sig: &str| cut_signatures(&text, &format!(r#"{{"keyid":"","sig":"{sig}"}}"#));
    let payload = |payload: &str| {
        format!(r#"{{"payloadType":"t","payload":"{payload}","signatures":[{{"keyid":"","sig":""}}]}}"#)
    };
    assert_eq!(encode_base64(b"{}"), "e30=");
    refuse("payload_unpadded", "The padding is missing.", payload("e30"));
    refuse("payload_overpadded", "There is more padding than there may be.", payload("e30=="));
    refuse(
        "payload_spare_bits",
        "The spare bits of the last symbol are not zero: a second spelling of the same bytes.",
        payload("e31="),
    );
    refuse("payload_line_feed", "A line feed inside base64.", payload("e3\\n0="));
    refuse("payload_space", "A space behind base64.", payload("e30= "));
    refuse(
        "payload_url_alphabet",
        "DSSE also allows the URL alphabet, this profile does not.",
        payload("-_-_"),
    );
    refuse("sig_unpadded", "The padding of a signature is missing.", sig("AAAAAA"));
    refuse("sig_spare_bits", "The spare bits of a signature's last symbol are not zero.", sig("AB=="));
    refuse("sig_url_alphabet", "A signature in the URL alphabet.", sig("__8="));
    refuse("sig_hexadecimal_odd", "A signature that is no base64 at all.", sig("abcde"));
}

fn json(shelf: &mut Shelf) {
    let text = license(license_text()).text();
    let mut refuse = |name: &str, shows: &str, bytes: Vec<u8>| {
        shelf.refused(name, Code::JsonInvalid, shows, Question::Envelope { envelope: Bytes::from(bytes) });
    };
    let twice = with(&text, "{", r#"{"payload":"e30=","#);
    refuse("payload_twice", "A field stands twice; readers disagree on which counts.", twice.into_bytes());
    let twice = with(&text, "{", r#"{"p\u0061yload":"e30=","#);
    refuse(
        "payload_twice_escaped",
        "A field stands twice, once with an escape in its name.",
        twice.into_bytes(),
    );
    refuse(
        "byte_order_mark",
        "A byte order mark before the envelope.",
        [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat(),
    );
    refuse("not_utf8", "A byte that is not UTF-8 inside a hint.", [&b"{\"keyid\":\"\xff\"}"[..]].concat());
    refuse("two_envelopes", "Something follows the envelope.", text.repeat(2).into_bytes());
    refuse("nul_behind", "A NUL byte follows the envelope.", (text.clone() + "\0").into_bytes());
    refuse("cut_short", "The last byte is missing.", text.as_bytes()[..text.len() - 1].to_vec());
    refuse("empty", "No bytes at all.", vec![]);
    refuse("deep", "16,000 opening brackets: refused without deep recursion.", vec![b'['; 16_000]);
}

fn accept(shelf: &mut Shelf, name: &str, shows: &str, text: String, id: &str) {
    shelf.accepted(name, shows, Question::Envelope { envelope: Bytes::from(text.into_bytes()) }, id);
}

fn refuse(shelf: &mut Shelf, name: &str, code: Code, shows: &str, text: String) {
    shelf.refused(name, code, shows, Question::Envelope { envelope: Bytes::from(text.into_bytes()) });
}

/// The envelope with this list entry as its only signature.
fn cut_signatures(text: &str, entry: &str) -> String {
    let start = text.find(":[").expect("a list of signatures");
    format!("{}:[{entry}]}}", &text[..start])
}
