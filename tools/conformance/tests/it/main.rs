//! Replays every vector, and asks whether there are enough of them.
#![expect(clippy::disallowed_methods, reason = "a test may spoil files of its own")]

mod clauses;
mod mutations;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use conformance::{Bytes, Difference, Question, Vector, answer};
use sealgate_artifact::{Carrier, Code, Family, Kind, KindVisitor, Shard, ShardBody, Statement, Unverified};

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors")
}

/// Every vector, read once.
fn all() -> &'static [(PathBuf, Vector, String)] {
    static ALL: LazyLock<Vec<(PathBuf, Vector, String)>> =
        LazyLock::new(|| conformance::read_all(&vectors()).expect("the vectors are readable"));
    &ALL
}

#[test]
fn every_vector_gets_the_answer_beside_it() {
    let vectors = all();
    let wrong: Vec<String> = vectors
        .iter()
        .filter_map(|(path, vector, expected)| {
            let found = answer(&vector.question);
            (found != *expected).then(|| format!("{}: expected {expected}, found {found}", path.display()))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

#[test]
fn the_files_are_what_the_tool_writes() {
    assert_eq!(conformance::verify(&vectors()).expect("the vectors are readable"), []);
}

#[test]
fn a_stray_a_changed_and_a_missing_file_are_noticed() {
    let root = std::env::temp_dir().join(format!("sealgate-conformance-{}", std::process::id()));
    conformance::generate(&root).expect("writes");
    let (changed, missing, stray) =
        ("license/valid/plain.json", "license/valid/plain.expected", "license/valid/x.json");
    std::fs::write(root.join(changed), "{}").expect("writes");
    std::fs::remove_file(root.join(missing)).expect("removes");
    std::fs::write(root.join(stray), "{}").expect("writes");
    let mut found = conformance::verify(&root).expect("reads");
    found.sort_by_key(ToString::to_string);
    let expected = [
        Difference::Changed(changed.into()),
        Difference::Missing(missing.into()),
        Difference::Stray(stray.into()),
    ];
    assert_eq!(found, expected);
    conformance::generate(&root).expect("repairs");
    assert_eq!(conformance::verify(&root).expect("reads"), []);
    std::fs::remove_dir_all(root).expect("removes");
}

/// Each side of a folder holds what its name says.
#[test]
fn valid_is_accepted_and_invalid_is_refused() {
    for (path, _, expected) in all() {
        let valid = path.components().any(|part| part.as_os_str() == "valid");
        assert_eq!(valid, expected.starts_with("ok"), "{}", path.display());
        assert_eq!(valid, !path.to_string_lossy().contains("_fail."), "{}", path.display());
    }
}

/// Every kind of statement has vectors that are accepted and vectors that are refused.
#[test]
fn every_kind_of_statement_has_vectors() {
    for kind in Kind::ALL {
        for side in ["valid", "invalid"] {
            let folder = vectors().join(kind.as_str()).join(side);
            assert!(folder.is_dir(), "{} is missing", folder.display());
        }
    }
}

/// Codes of a snapshot's whole file (`spec/revocation.md` §5.1). No vector holds one: `core/sealgate-trust/tests/it/import.rs` shows them.
const OF_WHOLE_FILES: [Code; 2] = [Code::SnapshotMismatch, Code::ShardMissing];

/// Every code that reading or verifying an artifact can produce is shown by a vector that must be refused with it.
#[test]
fn every_code_of_artifact_and_trust_has_an_invalid_vector() {
    let shown: BTreeSet<String> = all().iter().map(|(_, _, expected)| expected.clone()).collect();
    let producible: Vec<Code> = [
        include_str!("../../../../core/sealgate-artifact/src/error.rs"),
        include_str!("../../../../core/sealgate-trust/src/error.rs"),
    ]
    .into_iter()
    .flat_map(code_names)
    .map(|name| *Code::ALL.iter().find(|code| format!("{code:?}") == name).expect("the name of a code"))
    .collect();
    assert!(producible.iter().any(|code| code.family() == Family::Security));
    for code in producible {
        let is_shown = shown.contains(code.as_str());
        assert_ne!(
            is_shown,
            OF_WHOLE_FILES.contains(&code),
            "{code}: no vector shows it, or it is listed for no reason"
        );
    }
}

/// A code that nothing says is a promise that nobody keeps.
#[test]
fn every_code_is_raised_by_something_that_ships() {
    let ships = |path: &Path| {
        let path = path.to_string_lossy();
        !path.contains("/tests/") && !path.contains("/testkit/") && !path.ends_with("/code.rs")
    };
    let (_, sources) = clauses::sources();
    let texts = sources.iter().filter(|path| path.extension().is_some_and(|e| e == "rs") && ships(path));
    let raised: BTreeSet<String> = texts
        .map(|path| std::fs::read_to_string(path).expect("a source is readable"))
        .flat_map(|text| code_names(&text))
        .collect();
    for code in Code::ALL {
        let is_raised = raised.contains(&format!("{code:?}"));
        assert!(is_raised, "nothing says {code}");
    }
}

/// What stands behind `Code::`.
fn code_names(text: &str) -> Vec<String> {
    let rest = text.split("Code::").skip(1);
    rest.filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next()).map(str::to_owned).collect()
}

/// Our writer produces the very bytes of the plain vectors, of every kind.
#[test]
fn the_writer_writes_what_the_vectors_hold() {
    let more = [
        (Kind::License, "full"),
        (Kind::DeviceRequest, "by_key"),
        (Kind::DeviceRequest, "described"),
        (Kind::Decision, "denied"),
        (Kind::Decision, "denied_with_seats"),
        (Kind::ActivationRequest, "described"),
        (Kind::ActivationRequest, "modules"),
        (Kind::ActivationRequest, "modules_1024"),
        (Kind::ActivationProof, "modules"),
        (Kind::ActivationProof, "slot"),
        (Kind::HeartbeatRequest, "second"),
        (Kind::HeartbeatRequest, "leaves"),
        (Kind::HeartbeatRequest, "head"),
        (Kind::HeartbeatRequest, "entries"),
        (Kind::HeartbeatAnswer, "ended"),
        (Kind::HeartbeatAnswer, "refused"),
        (Kind::HeartbeatAnswer, "lease"),
        (Kind::Release, "modules"),
        (Kind::Shard, "with_body"),
        (Kind::Shard, "all_slots"),
        (Kind::Shard, "block_largest"),
        (Kind::Snapshot, "two_apps"),
        (Kind::Snapshot, "shards_1500"),
        (Kind::OfflineRequest, "by_key"),
        (Kind::OfflineRequest, "refresh"),
        (Kind::Bundle, "pool"),
        (Kind::Bundle, "refresh"),
        (Kind::Bundle, "answer"),
        (Kind::Bundle, "both_attached"),
        (Kind::Bundle, "acknowledged"),
        (Kind::Journal, "part"),
        (Kind::Acknowledgement, "attached_9"),
        (Kind::ReturnReceipt, "head"),
    ];
    for (kind, name) in Kind::ALL.map(|kind| (kind, "plain")).into_iter().chain(more) {
        let question = question(&format!("{kind}/valid/{name}.json"));
        let envelope = question.envelopes()[place_of(&question, kind)].to_vec().expect("sound");
        let (held, written) = kind.visit(Rewritten(&envelope));
        assert_eq!(written.map(String::from_utf8), held.map(String::from_utf8), "{kind} {name}");
    }
}

/// Payload and attachments of an envelope as they were signed, and as our writer writes them.
struct Rewritten<'a>(&'a [u8]);

impl KindVisitor for Rewritten<'_> {
    type Output = ([Vec<u8>; 2], [Vec<u8>; 2]);

    fn visit<T: Statement>(self) -> Self::Output {
        let claim = Unverified::<T>::decode(self.0).expect("decodes");
        let attached = Carrier::decode(self.0).expect("decodes").attachments.concat();
        let read = claim.danger_peek().expect("parses");
        let written = [read.to_payload(), read.attachments().concat()];
        ([claim.envelope().payload().to_vec(), attached], written)
    }
}

/// `spec/revocation.md` §2.5: from the slots alone our writer makes the very bodies of the vectors.
#[test]
fn the_writer_takes_the_shortest_body() {
    let mut parameters = BTreeSet::new();
    for (path, vector, expected) in all() {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let is_shortest = !matches!(&*name, "k_15" | "k_not_shortest" | "listing_signed_by_stranger_too");
        let Question::Shard(shown) = &vector.question else { continue };
        if !(expected.starts_with("ok") && is_shortest) {
            continue;
        }
        let shard = Unverified::<Shard>::decode(&shown.shard.to_vec().expect("sound")).expect("decodes");
        let Some(held) = shard.danger_peek().expect("parses").body else { continue };
        let written = ShardBody::of(&held.slots().collect::<Vec<_>>());
        assert_eq!(written.as_ref(), Some(&held), "{name}");
        parameters.insert(held.k());
    }
    assert!(parameters.into_iter().eq(0..15), "the vectors lack a parameter");
}

/// The plain vector of every kind asks whether the statement is believed, not only whether it can be read: somebody
/// verifies it.
#[test]
fn every_kind_of_statement_is_verified() {
    for kind in Kind::ALL {
        let plain = question(&format!("{kind}/valid/plain.json"));
        assert!(!matches!(plain, Question::Envelope { .. }), "no vector asks whether a {kind} is believed");
        let unsigned = |bytes: Vec<u8>| {
            let mut envelope: serde_json::Value = serde_json::from_slice(&bytes).expect("an envelope");
            envelope["signatures"][0]["sig"] = sealgate_artifact::encode_base64(&[0; 64]).into();
            envelope.to_string().into_bytes()
        };
        let place = place_of(&plain, kind);
        let spoilt = unsigned(plain.envelopes()[place].to_vec().expect("sound"));
        assert_eq!(answer(&plain.with_envelope(place, spoilt)), "signature_invalid", "{kind}");
    }
}

/// Where the question has its last statement of this kind.
fn place_of(question: &Question, kind: Kind) -> usize {
    let is_one = |envelope: &&Bytes| {
        let carrier = Carrier::decode(&envelope.to_vec().expect("sound")).expect("decodes");
        carrier.envelope.payload_type() == kind.payload_type()
    };
    question.envelopes().iter().rposition(is_one).unwrap_or_else(|| panic!("{kind}: not in its own vector"))
}

/// The README explains every sort of question to whoever writes another implementation.
#[test]
fn every_check_is_explained() {
    let readme = include_str!("../../../../vectors/README.md");
    for (path, vector, _) in all() {
        let vector = serde_json::to_value(vector).expect("a vector can be written");
        let check = vector["check"].as_str().expect("a check");
        let paragraph = format!("\n**`{check}`**: ");
        assert!(
            readme.contains(&paragraph),
            "{}: vectors/README.md does not explain {check}",
            path.display()
        );
    }
}

/// Any single bit of a license's, a request's or a decision's envelope: it is refused, or it was a bit of the hint and
/// nothing else changed.
#[test]
fn a_flipped_bit_is_refused_wherever_it_lies() {
    for kind in [Kind::License, Kind::DeviceRequest, Kind::Decision] {
        flip_bits(kind, "plain", 0..8);
    }
}

/// A bit of every byte of what a device and a server say of an activation, and of what they attach.
#[test]
fn a_flipped_bit_of_an_activation_is_refused_wherever_it_lies() {
    for (kind, name) in [
        (Kind::ActivationRequest, "modules"),
        (Kind::ActivationProof, "plain"),
        (Kind::HeartbeatRequest, "entries"),
        (Kind::HeartbeatAnswer, "plain"),
        (Kind::Release, "modules"),
        (Kind::Shard, "with_body"),
        (Kind::Snapshot, "two_apps"),
        (Kind::OfflineRequest, "refresh"),
        (Kind::Bundle, "both_attached"),
        (Kind::Journal, "plain"),
        (Kind::Acknowledgement, "attached_9"),
        (Kind::ReAnchor, "plain"),
        (Kind::ReturnReceipt, "head"),
    ] {
        // The lowest bit mostly makes another character of base64, so that what is signed changes.
        flip_bits(kind, name, 0..1);
    }
}

fn flip_bits(kind: Kind, name: &str, bits: Range<usize>) {
    let plain = question(&format!("{kind}/valid/{name}.json"));
    let place = place_of(&plain, kind);
    let sound = plain.envelopes()[place].to_vec().expect("sound");
    let accepted = answer(&plain);
    let hint = {
        let text = String::from_utf8(sound.clone()).expect("text");
        let start = text.find("\"keyid\":\"").expect("a hint") + 9;
        start..start + 32
    };
    let mut hints_accepted = 0;
    for (byte, bit) in (0..sound.len()).flat_map(|byte| bits.clone().map(move |bit| (byte, bit))) {
        let mut flipped = sound.clone();
        flipped[byte] ^= 1 << bit;
        let found = answer(&plain.with_envelope(place, flipped));
        if hint.contains(&byte) {
            assert!(
                found == accepted || found == "json_invalid",
                "{kind}: bit {bit} of byte {byte}: {found}"
            );
            hints_accepted += usize::from(found == accepted);
        } else {
            assert!(!found.starts_with("ok"), "{kind}: bit {bit} of byte {byte} is not protected");
        }
    }
    assert!(hints_accepted > 0);
}

fn question(path: &str) -> Question {
    let vector = all().iter().find(|(found, _, _)| found == Path::new(path));
    vector.expect("it is there").1.question.clone()
}
