//! The form in which a chain of actions travels (`spec/chain.md` §3), and the seed chain (§7).

use sealgate_artifact::Code;

use super::case::{Case, Shelf};
use super::chain::{CHAIN, HOST, accept, asked, history, list, none, of_chain, shown};
use crate::forge::{NOW, hex};
use crate::{Artifact, Bytes, Question, SeedChained, ShownHead};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Chain);
    forms(&mut shelf);
    values(&mut shelf);
    heads(&mut shelf);
    seed(&mut shelf);
    shelf.cases
}

fn form(shelf: &mut Shelf, name: &str, code: Code, what: &str, text: String) {
    let claimed = history(&CHAIN, 2)[1].head();
    let shown = of_chain(&CHAIN, none(), claimed, Some(Bytes::from(text.into_bytes())));
    shelf.refused(&format!("form_{name}"), code, what, asked(shown));
}

/// A sound list of two entries, in which something is replaced once.
fn with(old: &str, new: &str) -> String {
    crate::forge::with(&list(&history(&CHAIN, 2)), old, new)
}

fn forms(shelf: &mut Shelf) {
    let all = history(&CHAIN, 2);
    let (plain, entry) = (list(&all), all[1].text());
    let (invalid, missing, unknown) = (Code::FieldInvalid, Code::FieldMissing, Code::FieldUnknown);
    let mut put = |name: &str, code, shows: &str, text| form(shelf, name, code, shows, text);
    put("empty_list", invalid, "No entry: then there is no list.", "[]".to_owned());
    put("no_list", invalid, "An entry that stands in no list.", entry.clone());
    put("no_object", invalid, "An entry that is no object.", "[1]".to_owned());
    put("no_json", Code::JsonInvalid, "The text ends too early.", plain[..plain.len() - 1].to_owned());
    put("duplicate_name", Code::JsonInvalid, "A name stands twice.", with(r#""at":"#, r#""seq":1,"at":"#));
    put("fraction", Code::JsonInvalid, "A number with a fraction.", with(r#""seq":1,"#, r#""seq":1.0,"#));
    put(
        "seq_too_large",
        Code::JsonInvalid,
        "A number that doubles cannot tell from its neighbour.",
        with(r#""seq":1,"#, r#""seq":9007199254740992,"#),
    );
    put("field_more", unknown, "A field that is not defined.", with("}", r#","more":1}"#));
    put("ext", unknown, "Entries have no extensions: the MAC covers none.", with("}", r#","ext":{}}"#));
    put("crit", unknown, "Nor critical ones.", with("}", r#","crit":["x"]}"#));
    put("name_upper_case", unknown, "A name that no object has.", with("}", r#","Seq":1}"#));
    put(
        "other_order",
        invalid,
        "The fields in another order.",
        with(&format!(r#""seq":1,"at":{}"#, NOW + 1), &format!(r#""at":{},"seq":1"#, NOW + 1)),
    );
    put("second_entry", invalid, "The second entry is wrong.", with(r#""seq":2,"#, r#""seq":0,"#));
    put(
        "first_code",
        missing,
        "The first entry lacks a field, the second is no object: the first gives the code.",
        format!(r#"[{{"seq":1}},{}]"#, 1),
    );
    let many: Vec<String> = vec!["1".to_owned(); 1_001];
    put(
        "entries_1001",
        invalid,
        "One entry too many, judged before any is read.",
        format!("[{}]", many.join(",")),
    );
    let spaced = format!("{plain}{}", " ".repeat(262_145 - plain.len()));
    put("too_large", Code::ArtifactTooLarge, "One byte too many.", spaced);
    let full = format!("{plain}{}", " ".repeat(262_144 - plain.len()));
    let claimed = all[1].head();
    let shown = of_chain(&CHAIN, none(), claimed.clone(), Some(Bytes::from(full.into_bytes())));
    accept(
        shelf,
        "form_largest",
        "As many bytes as there may be, and white space between tokens.",
        shown,
        &claimed,
    );
}

/// A field's type and value.
fn values(shelf: &mut Shelf) {
    let all = history(&CHAIN, 2);
    let invalid = Code::FieldInvalid;
    let mut put = |name: &str, code, shows: &str, text| form(shelf, name, code, shows, text);
    put("seq_0", invalid, "Numbers begin with 1.", with(r#""seq":1,"#, r#""seq":0,"#));
    put("seq_text", invalid, "A number as text.", with(r#""seq":1,"#, r#""seq":"1","#));
    put("seq_negative", invalid, "A negative number.", with(r#""seq":1,"#, r#""seq":-1,"#));
    put(
        "at_too_late",
        invalid,
        "A time after the last second.",
        with(&(NOW + 1).to_string(), "253402300800"),
    );
    put("tenant_empty", invalid, "An empty tenant.", with(HOST, ""));
    put("tenant_null", invalid, "No tenant is a word of its own.", with(r#""__host__""#, "null"));
    put("tenant_of_65_bytes", invalid, "A tenant of 65 bytes.", with(HOST, &"t".repeat(65)));
    put("action_empty", invalid, "An empty action.", with("rule.evaluate", ""));
    put(
        "action_of_66_bytes",
        invalid,
        "An action of 33 characters and 66 bytes.",
        with("rule.evaluate", &"é".repeat(33)),
    );
    put("action_line_feed", invalid, "A control character.", with("rule.", r"rule\n"));
    put("action_c1_control", invalid, "A control character of two bytes.", with("rule.", "rule\u{85}"));
    put(
        "hash_upper_case",
        invalid,
        "Upper-case digits.",
        with(&hex(&all[0].hash), &hex(&all[0].hash).to_uppercase()),
    );
    put("hash_short", invalid, "62 digits.", with(&hex(&all[0].hash), &hex(&all[0].hash[1..])));
    put(
        "mac_base64",
        invalid,
        "Another encoding.",
        with(&hex(&all[0].mac), &sealgate_artifact::encode_base64(&all[0].mac)),
    );
    put("mac_null", invalid, "No MAC.", with(&format!("\"{}\"", hex(&all[0].mac)), "null"));
    for field in ["seq", "at", "tenant", "action", "hash", "mac"] {
        put(
            &format!("{field}_missing"),
            Code::FieldMissing,
            "A field is missing.",
            with(&format!("\"{field}\""), "\"other\""),
        );
    }
}

fn heads(shelf: &mut Shelf) {
    let zeros = hex(&[0; 32]);
    let head = |seq: u64, mac: &str| ShownHead { seq, mac: mac.to_owned() };
    for (name, shows, claimed) in [
        ("zeros", "Zeros belong to the number 0.", head(1, &zeros)),
        ("zero_with_mac", "The number 0 has zeros.", head(0, &hex(&[1; 32]))),
        ("mac_short", "62 digits.", head(1, &hex(&[1; 31]))),
        ("mac_upper_case", "Upper-case digits.", head(1, &"AB".repeat(32))),
    ] {
        let question = asked(shown(none(), claimed, &[]));
        shelf.refused(&format!("head_{name}"), Code::FieldInvalid, shows, question);
    }
}

/// The known answer comes with the system's documents; the second was computed apart from this code.
fn seed(shelf: &mut Shelf) {
    let text = |text: &str| Some(text.to_owned());
    let known = SeedChained {
        license: text("SIG"),
        project: text("SEED"),
        salt: text("SALT"),
        nonce: text("NONCE"),
        previous: text("PREV"),
        seq: 1,
        tenant: text("TenantA"),
        action_type: "ACTION".to_owned(),
        action: "ActionA".to_owned(),
        hash: "HASH".to_owned(),
        at: "2026-03-08T00:00:00.0000000Z".to_owned(),
    };
    let first = SeedChained {
        license: None,
        project: None,
        salt: None,
        nonce: None,
        previous: None,
        tenant: None,
        ..known.clone()
    };
    let mut put = |name: &str, shows: &str, entry: SeedChained, key: &str, signature: &str| {
        let question = Question::SeedChain(Box::new(entry));
        shelf.accepted(name, shows, question, &format!("{key} {signature}"));
    };
    put(
        "seed_known",
        "The known answer of the seed chain.",
        known,
        "43eac9f0a710aa57f806d031a704c68a272c80b93b704bfbff7ccfedb6b66116",
        "21FF55FB5D6F091CB703A0EEF1AD7BF4A066B30F272E35D1AC8216F9F4C1E051",
    );
    put(
        "seed_first",
        "Its first entry, where everything that has a default is absent.",
        first,
        "6b8f7589ed727c288fc79f96778ae5528e2b453c0caa7757c48bf3655f1a58e7",
        "017A5AFFC0E259741E48CCD4CEC904E0C442DB06C166330BA8B549234323F992",
    );
}
