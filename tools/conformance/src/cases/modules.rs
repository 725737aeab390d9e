//! Lists of modules (`spec/activation.md` §2): all of it for an activation request, and for the other kinds that list modules
//! what differs by kind.

use sealgate_artifact::Code;

use super::case::{Case, Shelf};
use super::fields::saying;
use super::{activation_proof, activation_request, release};
use crate::Artifact;
use crate::Question;
use crate::admission::{
    activation_request, activation_request_text, proof, proof_text, publishing, release_text,
};
use crate::forge::{Draft, reference, with};

pub(super) fn cases() -> Vec<Case> {
    let kinds = [ActivationRequest::listing(), ActivationProof::listing(), Release::listing()];
    let mut cases = [lists(), refused_lists(), texts()].concat();
    cases.extend(kinds.into_iter().flatten());
    cases
}

/// A kind that may list modules.
trait Lists {
    const ARTIFACT: Artifact;
    fn text() -> String;
    fn sign(payload: &str) -> Draft;
    fn question(draft: &Draft) -> Question;
    /// What is found where the draft is believed.
    fn found(draft: &Draft) -> String {
        draft.id()
    }
    /// Whether the payload is read before the signature, because it names the key.
    const IS_READ_FIRST: bool;

    /// A sound pair of statement and list.
    fn of(list: &str) -> Draft {
        let text = saying(&Self::text(), "modules", &reference(list.as_bytes()));
        Self::sign(&text).carrying(list.as_bytes())
    }

    /// How lists and statements go together, in each kind.
    fn listing() -> Vec<Case> {
        let mut shelf = Shelf::of(Self::ARTIFACT);
        let list = listed(3);
        let sound = Self::of(&list);
        let shows = "Three modules: one that says its version and signer, one that says one of them, one that says neither.";
        shelf.accepted("modules", shows, Self::question(&sound), &Self::found(&sound));
        let mut refuse = |name: &str, code: Code, shows: &str, draft: &Draft| {
            shelf.refused(&format!("modules_{name}"), code, shows, Self::question(draft));
        };
        let bare = Draft { attachments: vec![], ..sound.clone() };
        refuse("missing", Code::AttachmentMissing, "A list is named that is not there.", &bare);
        let other = Draft { attachments: vec![listed(4).into_bytes()], ..sound.clone() };
        refuse("exchanged", Code::AttachmentMissing, "Another list than the one that was signed.", &other);
        let beside = sound.clone().carrying(listed(4).as_bytes());
        refuse("beside", Code::AttachmentUnexpected, "A second list that nobody signed.", &beside);
        let unnamed = Self::sign(&Self::text()).carrying(list.as_bytes());
        refuse("unnamed", Code::AttachmentUnexpected, "A list where the statement names none.", &unnamed);
        let inside = Self::sign(&saying(&Self::text(), "modules", &list));
        refuse("in_the_payload", Code::FieldInvalid, "A list of modules is always attached.", &inside);
        let null = Self::sign(&saying(&Self::text(), "modules", "null"));
        refuse("null", Code::FieldInvalid, "Who names no modules leaves the field out.", &null);
        refuse("empty", Code::FieldInvalid, "The same: a list has at least one entry.", &Self::of("[]"));
        refuse("falling", Code::FieldInvalid, "Entries do not rise.", &Self::of(&two(("b", 1), ("a", 1))));
        let unsigned = Draft { signatures: vec![(String::new(), vec![0; 64])], ..unnamed };
        let (code, shows) = if Self::IS_READ_FIRST {
            (
                Code::AttachmentUnexpected,
                "The payload names the key, so it is read before the signature, with what it attaches.",
            )
        } else {
            (Code::SignatureInvalid, "The signature is judged before attachments.")
        };
        refuse("unnamed_and_unsigned", code, shows, &unsigned);
        shelf.cases
    }
}

struct ActivationRequest;
struct ActivationProof;
struct Release;

impl Lists for ActivationRequest {
    const ARTIFACT: Artifact = Artifact::ActivationRequest;
    const IS_READ_FIRST: bool = true;

    fn text() -> String {
        activation_request_text()
    }

    fn sign(payload: &str) -> Draft {
        activation_request(payload)
    }

    fn question(draft: &Draft) -> Question {
        activation_request::question(draft)
    }
}

impl Lists for ActivationProof {
    const ARTIFACT: Artifact = Artifact::ActivationProof;
    const IS_READ_FIRST: bool = false;

    fn text() -> String {
        proof_text()
    }

    fn sign(payload: &str) -> Draft {
        proof(payload)
    }

    fn question(draft: &Draft) -> Question {
        activation_proof::Admission::proved_by(draft.clone()).question()
    }

    fn found(draft: &Draft) -> String {
        activation_proof::Admission::proved_by(draft.clone()).ids()
    }
}

impl Lists for Release {
    const ARTIFACT: Artifact = Artifact::Release;
    const IS_READ_FIRST: bool = false;

    fn text() -> String {
        release_text()
    }

    fn sign(payload: &str) -> Draft {
        crate::admission::release(payload)
    }

    fn question(draft: &Draft) -> Question {
        release::question(&publishing(), draft)
    }
}

/// An entry; version and signer as JSON.
fn module(name: &str, digest: u8, version: &str, signer: &str) -> String {
    format!("[\"{name}\",\"{}\",{version},{signer}]", format!("{digest:02x}").repeat(32))
}

/// So many modules that rise by name; they differ in what they say of themselves.
fn listed(count: usize) -> String {
    let says = |n: usize| match n % 3 {
        0 => ("\"2.1.0\"", "\"CN=Example\""),
        1 => ("\"2.1.0\"", "null"),
        _ => ("null", "null"),
    };
    let entries = (0..count).map(|n| module(&format!("module-{n:04}.dll"), 7, says(n).0, says(n).1));
    format!("[{}]", entries.collect::<Vec<_>>().join(","))
}

/// Two modules by name and digest.
fn two((first, one): (&str, u8), (second, other): (&str, u8)) -> String {
    format!("[{},{}]", module(first, one, "null", "null"), module(second, other, "null", "null"))
}

/// `spec/activation.md` §2.1 and the order of §2.2.
fn lists() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::ActivationRequest);
    let mut accept = |name: &str, shows: &str, list: &str| {
        let draft = ActivationRequest::of(list);
        shelf.accepted(&format!("modules_{name}"), shows, ActivationRequest::question(&draft), &draft.id());
    };
    accept("1", "As few as may be listed.", &listed(1));
    accept("1024", "As many as may be listed.", &listed(1_024));
    accept("spaced", "White space is hashed like everything else.", &listed(3).replace(',', " ,\n"));
    accept("same_name", "Two files of one name, which rise by digest.", &two(("a", 1), ("a", 2)));
    accept("same_file", "One file under two names.", &two(("a", 1), ("b", 1)));
    accept("upper_case_first", "Names rise by their bytes: upper case first.", &two(("B", 1), ("a", 1)));
    accept("longer_later", "A name before every longer one that begins so.", &two(("a", 2), ("a.dll", 1)));
    let shows = "Names rise by their bytes in UTF-8, not by the units of UTF-16.";
    accept("by_bytes", shows, &two(("\u{ff5e}", 1), ("\u{1f600}", 1)));
    shelf.cases
}

fn refused_lists() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::ActivationRequest);
    let mut refuse = |name: &str, code: Code, shows: &str, list: &str| {
        let question = ActivationRequest::question(&ActivationRequest::of(list));
        shelf.refused(&format!("modules_{name}"), code, shows, question);
    };
    refuse("1025", Code::FieldInvalid, "One module too many.", &listed(1_025));
    refuse("object", Code::FieldInvalid, "The attachment is not a list.", "{}");
    refuse("not_json", Code::JsonInvalid, "The attachment is not JSON.", "module-0000.dll");
    let floating = with(&listed(3), "\"2.1.0\"", "2.1");
    refuse("floating", Code::JsonInvalid, "The same profile reads attachments.", &floating);
    let shows = "Two files of one name whose digests fall.";
    refuse("falling_digests", Code::FieldInvalid, shows, &two(("a", 2), ("a", 1)));
    refuse("twice", Code::FieldInvalid, "One module twice.", &two(("a", 1), ("a", 1)));
    let other = format!("[{},{}]", module("a", 1, "\"1\"", "null"), module("a", 1, "\"2\"", "null"));
    refuse("twice_with_other_version", Code::FieldInvalid, "One file twice, as two versions.", &other);
    let shows = "Names that rise by the units of UTF-16, but not by their bytes.";
    refuse("by_units", Code::FieldInvalid, shows, &two(("\u{1f600}", 1), ("\u{ff5e}", 1)));
    refuse("lower_case_first", Code::FieldInvalid, "Lower case before upper case.", &two(("a", 1), ("B", 1)));
    let bad = |entry: &str| format!("[{entry}]");
    let plain = module("a", 1, "null", "null");
    refuse("entry_text", Code::FieldInvalid, "An entry that is a name alone.", &bad("\"a\""));
    refuse("entry_object", Code::FieldInvalid, "An entry with names.", &bad("{\"name\":\"a\"}"));
    refuse("entry_of_3", Code::FieldInvalid, "An entry without signer.", &bad(&with(&plain, ",null]", "]")));
    let five = with(&plain, ",null]", ",null,null]");
    refuse("entry_of_5", Code::FieldInvalid, "An entry with something else.", &bad(&five));
    let tail = format!("{plain},{plain}");
    let shows = "The number of entries is judged before the entries are.";
    let many = format!("[1,{}]", vec![&plain[..]; 1_024].join(","));
    refuse("1025_and_a_number", Code::FieldInvalid, shows, &many);
    refuse(
        "last_entry_text",
        Code::FieldInvalid,
        "A sound entry before one that is none.",
        &bad(&format!("{tail},1")),
    );
    let next = saying(&activation_request_text(), "modules", &reference(b"[1.5]"));
    let next = activation_request(&saying(&next, "tier", "\"enterprise\"")).carrying(b"[1.5]");
    let shows = "The list is read before the fields behind it are.";
    shelf.refused("modules_floating_and_tier", Code::JsonInvalid, shows, ActivationRequest::question(&next));
    shelf.cases
}

/// The four places of an entry, `spec/activation.md` §2.2.
fn texts() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::ActivationRequest);
    let of = |name: &str, digest: &str, version: &str, signer: &str| {
        ActivationRequest::of(&format!("[[{name},{digest},{version},{signer}]]"))
    };
    let digest = format!("\"{}\"", "5a".repeat(32));
    let text = |bytes: usize| format!("\"{}{}\"", "é".repeat(bytes / 2), "x".repeat(bytes % 2));
    let mut accept = |name: &str, shows: &str, draft: &Draft| {
        shelf.accepted(&format!("module_{name}"), shows, activation_request::question(draft), &draft.id());
    };
    accept(
        "name_of_128_bytes",
        "The longest name; bytes are counted.",
        &of(&text(128), &digest, "null", "null"),
    );
    accept("name_with_dots", "Three dots are a name.", &of("\"...\"", &digest, "null", "null"));
    accept("name_with_colon", "A colon is no separator.", &of("\"c:a b.dll\"", &digest, "null", "null"));
    accept("version_of_64_bytes", "The longest version.", &of("\"a\"", &digest, &text(64), "null"));
    accept("signer_of_64_bytes", "The longest signer.", &of("\"a\"", &digest, "null", &text(64)));
    accept(
        "signer_without_version",
        "A file that is signed and says no version.",
        &of("\"a\"", &digest, "null", "\"s\""),
    );
    let mut refuse = |name: &str, shows: &str, draft: &Draft| {
        let question = activation_request::question(draft);
        shelf.refused(&format!("module_{name}"), Code::FieldInvalid, shows, question);
    };
    for (name, shows, value) in [
        ("empty", "A name has at least one byte.", "\"\"".to_owned()),
        ("of_129_bytes", "One byte too many.", text(129)),
        ("null", "A module has a name.", "null".to_owned()),
        ("number", "A name is a string.", "1".to_owned()),
        ("with_slash", "A name without folders.", "\"lib/a.so\"".to_owned()),
        ("with_backslash", "A name without folders.", "\"lib\\\\a.dll\"".to_owned()),
        ("dot", "The folder itself.", "\".\"".to_owned()),
        ("dots", "The folder above.", "\"..\"".to_owned()),
        ("with_escape", "It is shown in terminals.", "\"a\\u001b[2J\"".to_owned()),
        ("with_delete", "A control character.", "\"a\\u007f\"".to_owned()),
        ("with_u0085", "A control character beyond ASCII.", "\"a\u{85}\"".to_owned()),
    ] {
        refuse(&format!("name_{name}"), shows, &of(&value, &digest, "null", "null"));
    }
    let hex = "5a".repeat(32);
    for (name, shows, value) in [
        ("short", "A digest that is cut.", format!("\"{}\"", &hex[2..])),
        ("long", "A digest of 33 bytes.", format!("\"{hex}5a\"")),
        ("upper_case", "A second spelling.", format!("\"{}\"", hex.to_uppercase())),
        ("no_digits", "Not hexadecimal.", format!("\"{}\"", "g".repeat(64))),
        ("null", "Every module has a digest.", "null".to_owned()),
        ("number", "A digest is a string.", "1".to_owned()),
    ] {
        refuse(&format!("digest_{name}"), shows, &of("\"a\"", &value, "null", "null"));
    }
    for (name, shows, value) in [
        ("empty", "What a file does not say is `null`.", "\"\"".to_owned()),
        ("of_65_bytes", "One byte too many.", text(65)),
        ("number", "It is text.", "2".to_owned()),
        ("false", "It is text.", "false".to_owned()),
        ("list", "It is text.", "[]".to_owned()),
        ("with_escape", "It is shown in terminals.", "\"\\u001b[2J\"".to_owned()),
        ("with_u0085", "A control character beyond ASCII.", "\"a\u{85}\"".to_owned()),
    ] {
        refuse(&format!("version_{name}"), shows, &of("\"a\"", &digest, &value, "null"));
        refuse(&format!("signer_{name}"), shows, &of("\"a\"", &digest, "null", &value));
    }
    shelf.cases
}
