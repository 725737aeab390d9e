//! Licenses whose features travel as an attachment (`spec/envelope.md` §6).

use sealgate_artifact::{Code, encode_base64};
use sha2::{Digest, Sha256};

use super::case::{Case, Shelf};
use crate::Artifact;
use crate::forge::{Draft, World, hex, license, license_text, reference, with};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::License);
    accepted(&mut shelf);
    carriers(&mut shelf);
    references(&mut shelf);
    contents(&mut shelf);
    shelf.cases
}

/// So many features, as the text of a list.
fn features(count: usize) -> String {
    let names: Vec<String> = (0..count).map(|n| format!("\"feature.{n}\"")).collect();
    format!("[{}]", names.join(","))
}

/// So many features with the longest value each, as the text of a list.
fn pairs(count: usize) -> String {
    let pairs: Vec<String> =
        (0..count).map(|n| format!("[\"feature.{n}\",\"{}\"]", "v".repeat(64))).collect();
    format!("[{}]", pairs.join(","))
}

/// A license whose features are this.
fn naming(features: &str) -> Draft {
    license(with(&license_text(), r#"["db.query","export"]"#, features))
}

fn carrying(draft: &Draft, attachments: &[&[u8]]) -> String {
    let attachments: Vec<String> =
        attachments.iter().map(|bytes| format!("\"{}\"", encode_base64(bytes))).collect();
    format!(r#"{{"statement":{},"attachments":[{}]}}"#, draft.text(), attachments.join(","))
}

fn world(draft: Draft, text: impl Into<Vec<u8>>) -> World {
    World { replaced: Some(text.into()), ..World::with_license(draft) }
}

/// A sound pair of license and attachment, except that the attachment says this.
fn saying(content: &[u8]) -> World {
    let draft = naming(&reference(content));
    let text = carrying(&draft, &[content]);
    world(draft, text)
}

fn accepted(shelf: &mut Shelf) {
    shelf.valid("attached_33", "As few features as may be attached.", &saying(features(33).as_bytes()));
    shelf.valid("attached_128", "As many features as there may be.", &saying(features(128).as_bytes()));
    let valued = features(40).replacen("\"feature.7\"", "[\"feature.7\",\"seven\"]", 1);
    shelf.valid("attached_with_value", "Names and a pair in an attachment.", &saying(valued.as_bytes()));
    shelf.valid("attached_128_with_values", "As many pairs as there may be.", &saying(pairs(128).as_bytes()));
    let spaced = features(40).replace(',', " ,\n");
    shelf.valid(
        "attached_with_space",
        "White space is hashed like everything else.",
        &saying(spaced.as_bytes()),
    );
    let draft = naming(&reference(features(33).as_bytes()));
    let text = carrying(&draft, &[features(33).as_bytes()]);
    let turned = text.replacen("{\"statement\":", "{ \"attachments\":[\"A\"],\"statement\":", 1);
    assert_ne!(turned, text);
    let (statement, attachments) = text.split_once(",\"attachments\":").expect("a carrier");
    let turned = format!("{{\"attachments\":{},{}}}", attachments.trim_end_matches('}'), &statement[1..]);
    shelf.valid("attached_before", "The fields of a carrier come in any order.", &world(draft, turned));
}

fn carriers(shelf: &mut Shelf) {
    let content = features(33);
    let draft = naming(&reference(content.as_bytes()));
    let sound = carrying(&draft, &[content.as_bytes()]);
    let mut refuse = |name: &str, code: Code, shows: &str, text: String| {
        shelf.invalid(&format!("carrier_{name}"), code, shows, &world(draft.clone(), text));
    };
    refuse(
        "without_attachment",
        Code::AttachmentMissing,
        "The bare envelope, without what it names.",
        draft.text(),
    );
    let empty = carrying(&draft, &[]);
    refuse(
        "empty",
        Code::EnvelopeInvalid,
        "A carrier that carries nothing: a bare envelope is the only form.",
        empty,
    );
    let five = carrying(&draft, &[content.as_bytes(), b"1", b"2", b"3", b"4"]);
    refuse("five", Code::EnvelopeInvalid, "One attachment too many.", five);
    refuse(
        "other_field",
        Code::EnvelopeInvalid,
        "A carrier with a third field.",
        with(&sound, "{", "{\"a\":1,"),
    );
    let number = with(&sound, "\"attachments\":[", "\"attachments\":[1,");
    refuse("number", Code::EnvelopeInvalid, "An attachment that is not a string.", number);
    let unpadded = with(&sound, "\"attachments\":[", "\"attachments\":[\"YQ\",");
    refuse("unpadded", Code::Base64Invalid, "An attachment in a second spelling.", unpadded);
    let text = with(&sound, "\"statement\":{", "\"statement\":[{").replacen(
        "},\"attachments",
        "}],\"attachments",
        1,
    );
    refuse("of_a_list", Code::EnvelopeInvalid, "The statement is not an envelope.", text);
    let nested = format!("{{\"statement\":{sound},\"attachments\":[\"YQ==\"]}}");
    refuse("in_a_carrier", Code::EnvelopeInvalid, "A carrier in a carrier.", nested);
    let beside = carrying(&draft, &[content.as_bytes(), b"beside"]);
    refuse("unnamed_beside", Code::AttachmentUnexpected, "An attachment that nobody named.", beside);
    let twice = carrying(&draft, &[content.as_bytes(), content.as_bytes()]);
    refuse("twice", Code::AttachmentUnexpected, "The named attachment twice.", twice);
    let other = carrying(&draft, &[features(34).as_bytes()]);
    refuse("exchanged", Code::AttachmentMissing, "Another attachment than the named one.", other);
    let changed = content.replacen("feature.7", "feature.X", 1);
    refuse(
        "changed",
        Code::AttachmentMissing,
        "One byte of the attachment was changed.",
        carrying(&draft, &[changed.as_bytes()]),
    );
    let large = carrying(&draft, &[&vec![b' '; 262_145]]);
    refuse("attachment_too_large", Code::ArtifactTooLarge, "An attachment one byte too large.", large);
    let mut spoilt = draft.clone();
    spoilt.signatures[0].1[0] ^= 1;
    let shows = "Signatures are judged before attachments.";
    refuse("unsigned", Code::SignatureInvalid, shows, carrying(&spoilt, &[b"beside"]));

    let plain = license(license_text());
    let beside = carrying(&plain, &[b"beside"]);
    let shows = "A license that names no attachment came with one.";
    shelf.invalid("carrier_of_plain", Code::AttachmentUnexpected, shows, &world(plain, beside));
    let keyset = World::of_license();
    let text = carrying(&keyset.tenant_keyset, &[b"beside"]);
    let shows = "A carrier where a kind is expected that knows no attachments, and of that kind.";
    shelf.invalid(
        "carrier_of_other_kind",
        Code::KindUnexpected,
        shows,
        &world(keyset.license.expect("one"), text),
    );
}

fn references(shelf: &mut Shelf) {
    let content = features(33);
    let own = reference(content.as_bytes());
    let mut refuse = |name: &str, code: Code, shows: &str, field: &str| {
        let draft = naming(field);
        let text = carrying(&draft, &[content.as_bytes()]);
        shelf.invalid(&format!("reference_{name}"), code, shows, &world(draft, text));
    };
    let length = format!("\"length\":{}", content.len());
    refuse(
        "length_other",
        Code::AttachmentMissing,
        "Another length.",
        &with(&own, &length, &format!("\"length\":{}", content.len() + 1)),
    );
    refuse("length_zero", Code::FieldInvalid, "A length of zero.", &with(&own, &length, "\"length\":0"));
    refuse(
        "length_beyond",
        Code::FieldInvalid,
        "A length beyond the limit.",
        &with(&own, &length, "\"length\":262145"),
    );
    refuse("length_missing", Code::FieldMissing, "No length.", &with(&own, &format!("{length},"), ""));
    let digest = hex(&Sha256::digest(content.as_bytes()));
    refuse(
        "sha256_upper_case",
        Code::FieldInvalid,
        "Digits in upper case.",
        &with(&own, &digest, &digest.to_uppercase()),
    );
    refuse("sha256_short", Code::FieldInvalid, "A digest that is cut.", &with(&own, &digest, &digest[..62]));
    refuse(
        "field_unknown",
        Code::FieldUnknown,
        "A field that references do not know.",
        &with(&own, "{", "{\"name\":\"a\","),
    );
    let shows = "Features are names, not structure: an object is taken for a reference.";
    refuse("of_other_fields", Code::FieldMissing, shows, "{\"export\":true}");
    refuse("text", Code::FieldInvalid, "Neither a list nor a reference.", "\"all\"");
}

fn contents(shelf: &mut Shelf) {
    let mut refuse = |name: &str, code: Code, shows: &str, content: &[u8]| {
        shelf.invalid(&format!("attached_{name}"), code, shows, &saying(content));
    };
    refuse("32", Code::FieldInvalid, "So few features stand in the payload.", features(32).as_bytes());
    refuse("129", Code::FieldInvalid, "One feature too many.", features(129).as_bytes());
    refuse("object", Code::FieldInvalid, "The attachment is not a list.", b"{}");
    refuse("not_json", Code::JsonInvalid, "The attachment is not JSON.", b"feature.1");
    let floating = features(33).replacen("\"feature.1\"", "1.5", 1);
    refuse("floating", Code::JsonInvalid, "The same profile reads attachments.", floating.as_bytes());
    let twice = features(33).replacen("\"feature.1\"", "\"feature.2\"", 1);
    refuse("twice", Code::FieldInvalid, "A feature stands twice.", twice.as_bytes());
    let number = features(33).replacen("\"feature.1\"", "1", 1);
    refuse("number", Code::FieldInvalid, "A feature that is not a string.", number.as_bytes());
    for (name, shows, written) in [
        ("value_empty", "An empty value.", r#"["feature.1",""]"#),
        ("value_number", "A value that is a number.", r#"["feature.1",1]"#),
        ("pair_of_3", "A third entry.", r#"["feature.1","a","b"]"#),
        ("twice_with_value", "A feature stands twice, with a value and without.", r#"["feature.2","a"]"#),
    ] {
        let content = features(33).replacen("\"feature.1\"", written, 1);
        refuse(name, Code::FieldInvalid, shows, content.as_bytes());
    }
    refuse("129_with_values", Code::FieldInvalid, "One pair too many.", pairs(129).as_bytes());
    let escape = features(33).replacen("feature.1", "\\u001b[2J", 1);
    refuse("steering", Code::FieldInvalid, "A feature that would steer a terminal.", escape.as_bytes());
}
