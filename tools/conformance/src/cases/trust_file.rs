//! `trust.json`: size, text, form, what it pins, then its chain (`spec/keys.md` §6.4).

use sealgate_artifact::Code;

use super::case::{Case, Shelf};
use crate::forge::{APP, NOW, OTHER_TENANT, STRANGER, TENANT, World, public_text, with};
use crate::{Artifact, Bytes, Question};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::TrustFile);
    read(&mut shelf);
    text(&mut shelf);
    form(&mut shelf);
    pinned(&mut shelf);
    envelopes(&mut shelf);
    shelf.cases
}

/// A sound file.
fn sound() -> String {
    let world = World::of_tenant();
    let chain: Vec<String> =
        world.root_chain().iter().chain([&world.keyset]).map(crate::forge::Draft::text).collect();
    format!(
        r#"{{"roots":["{}"],"threshold":1,"root_version":1,"keyset_chain":[{}],"tenant_keyset":{},"tenant":"{TENANT}","app":"{APP}"}}"#,
        world.roots[0],
        chain.join(","),
        world.tenant_keyset.text(),
    )
}

fn question(text: impl Into<Vec<u8>>) -> Question {
    Question::TrustFile { now: NOW, file: Bytes::from(text.into()) }
}

fn read(shelf: &mut Shelf) {
    let ids = World::of_tenant().ids();
    let mut accept =
        |name: &str, shows: &str, text: String| shelf.accepted(name, shows, question(text), &ids);
    let file = sound();
    accept("plain", "One root statement, keyset and tenant keyset.", file.clone());
    let spaced = file.replace(",\"", " ,\r\n\t\"").replace("\":", "\" : ");
    accept("white_space", "White space between tokens.", spaced);
    let (last, turned) = (format!(",\"app\":\"{APP}\""), format!("{{\"app\":\"{APP}\","));
    accept("other_order", "Fields stand in any order.", with(&with(&file, &last, ""), "{", &turned));
    let room = 16_384 - World::of_tenant().tenant_keyset.text().len();
    let filled = with(&file, "\"tenant_keyset\":{", &format!("\"tenant_keyset\":{{{}", " ".repeat(room)));
    accept(
        "envelope_16384_bytes",
        "An envelope of exactly 16,384 bytes, white space within it counted.",
        filled,
    );
    let around = with(&file, "\"tenant_keyset\":{", &format!("\"tenant_keyset\":{}{{", " ".repeat(20_000)));
    accept("white_space_20000", "White space around an envelope is the file's, not the envelope's.", around);
}

fn text(shelf: &mut Shelf) {
    let file = sound();
    let mut refuse = |name: &str, shows: &str, text: Vec<u8>| {
        shelf.refused(name, Code::JsonInvalid, shows, question(text));
    };
    refuse("empty", "No bytes at all.", vec![]);
    let marked = [&b"\xef\xbb\xbf"[..], file.as_bytes()].concat();
    refuse("byte_order_mark", "A byte order mark before the file.", marked);
    let twice = with(&file, "{", &format!("{{\"tenant\":\"{OTHER_TENANT}\","));
    refuse("tenant_twice", "A field twice; readers disagree on which counts.", twice.into_bytes());
    let floating = with(&file, "\"threshold\":1", "\"threshold\":1.0");
    refuse("threshold_with_point", "A number that is not whole in the one spelling.", floating.into_bytes());
    let signed = with(&file, "\"root_version\":1", "\"root_version\":9007199254740992");
    refuse("version_2_to_the_53", "A number on which readers differ.", signed.into_bytes());
    let nested = with(&file, "{", "{\"a\":1.5,");
    refuse(
        "text_and_field",
        "An unknown field that is not strict: the text is judged first.",
        nested.into_bytes(),
    );
    let within = with(&file, "{\"payloadType\"", "{\"a\":1,\"a\":1,\"payloadType\"");
    refuse(
        "twice_in_an_envelope",
        "The text of the file is that of its envelopes, too.",
        within.into_bytes(),
    );
}

fn form(shelf: &mut Shelf) {
    let file = sound();
    let mut refuse = |name: &str, shows: &str, text: String| {
        shelf.refused(name, Code::FieldInvalid, shows, question(text));
    };
    refuse("list", "The values of all fields, in a list.", {
        let values = World::of_tenant();
        let chain: Vec<String> =
            values.root_chain().iter().chain([&values.keyset]).map(crate::forge::Draft::text).collect();
        format!(
            r#"[["{}"],1,1,[{}],{},"{TENANT}","{APP}"]"#,
            values.roots[0],
            chain.join(","),
            values.tenant_keyset.text()
        )
    });
    refuse("field_unknown", "A field that the file does not know.", with(&file, "{", "{\"ext\":{},"));
    refuse("app_missing", "A field is missing.", with(&file, &format!(",\"app\":\"{APP}\""), ""));
    refuse("roots_text", "`roots` is a list.", with(&file, "\"roots\":[", "\"roots\":\"\",\"x\":["));
    refuse("root_number", "A root is a string.", with(&file, "\"roots\":[", "\"roots\":[1,"));
    refuse("threshold_negative", "Fewer than none.", with(&file, "\"threshold\":1", "\"threshold\":-1"));
    refuse("threshold_text", "A number as text.", with(&file, "\"threshold\":1", "\"threshold\":\"1\""));
    refuse(
        "version_null",
        "A file pins a version.",
        with(&file, "\"root_version\":1", "\"root_version\":null"),
    );
    refuse("tenant_null", "A file pins a tenant.", with(&file, &format!("\"{TENANT}\""), "null"));
    let begin = file.find("\"keyset_chain\":[").expect("a field") + 16;
    let end = file.find("],\"tenant_keyset\"").expect("a field");
    refuse("chain_empty", "No keyset.", format!("{}{}", &file[..begin], &file[end..]));
    let both = with(&with(&file, "\"roots\":[\"", "\"roots\":[\"*"), "\"threshold\":1", "\"threshold\":true");
    refuse("form_and_root", "A root that is no base64: the form of all fields is judged first.", both);
}

fn pinned(shelf: &mut Shelf) {
    let file = sound();
    let mut refuse =
        |name: &str, code: Code, shows: &str, text: String| shelf.refused(name, code, shows, question(text));
    let root = with(&file, "\"roots\":[\"", "\"roots\":[\"*");
    refuse("root_no_base64", Code::KeyMalformed, "A root that is no base64.", root.clone());
    let tenant = with(&file, TENANT, &TENANT.to_uppercase());
    refuse("tenant_upper_case", Code::IdMalformed, "An identifier in a second spelling.", tenant);
    let app = with(&file, APP, "app");
    refuse("app_no_identifier", Code::IdMalformed, "An app that is no identifier.", app.clone());
    let both = with(&app, "\"roots\":[\"", "\"roots\":[\"*");
    refuse("root_and_app", Code::KeyMalformed, "Roots are read before identifiers.", both);
    let both = with(&app, "\"threshold\":1", "\"threshold\":0");
    let shows = "A threshold of zero is judged with the chain: identifiers are read before.";
    refuse("app_and_threshold", Code::IdMalformed, shows, both);
    let zero = with(&file, "\"threshold\":1", "\"threshold\":0");
    refuse("threshold_zero", Code::ConfigInvalid, "A threshold of zero would believe anybody.", zero);
    let another = with(&file, &World::of_tenant().roots[0], &public_text(STRANGER));
    refuse("of_another_root", Code::RootUnknown, "Statements of others than the file pins.", another);
    let other = with(&file, TENANT, OTHER_TENANT);
    refuse("other_tenant", Code::WrongTenant, "The tenant keyset of another tenant than the file's.", other);
}

fn envelopes(shelf: &mut Shelf) {
    let file = sound();
    let mut refuse =
        |name: &str, code: Code, shows: &str, text: String| shelf.refused(name, code, shows, question(text));
    let last = World::of_tenant().tenant_keyset.text();
    let number = with(&file, &last, "1");
    let shows = "What an envelope is, is judged when the chain comes to it.";
    refuse("tenant_keyset_number", Code::EnvelopeInvalid, shows, number.clone());
    let shows = "A pinned root that nobody states, and a tenant keyset that is none: the chain is judged in its order.";
    let unknown = with(&number, "\"root_version\":1", "\"root_version\":2");
    refuse("chain_in_order", Code::RootUnknown, shows, unknown);
    let room = 16_385 - last.len();
    let filled = with(&file, "\"tenant_keyset\":{", &format!("\"tenant_keyset\":{{{}", " ".repeat(room)));
    let shows = "An envelope of 16,385 bytes: its text is the one that stands in the file.";
    refuse("envelope_16385_bytes", Code::ArtifactTooLarge, shows, filled);
}
