//! Replays every vector, and asks whether there are enough of them.
#![expect(clippy::disallowed_methods, reason = "a test may spoil files of its own")]

mod clauses;
mod mutations;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use conformance::{Bytes, Difference, Question, Vector, answer};
use sealgate_artifact::{Code, Family, Kind};

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors")
}

fn all() -> Vec<(PathBuf, Vector, String)> {
    conformance::read_all(&vectors()).expect("the vectors are readable")
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

/// Every code that reading or verifying an artifact can produce is shown by a vector that must be refused with it.
#[test]
fn every_code_of_artifact_and_trust_has_an_invalid_vector() {
    let shown: BTreeSet<String> = all().into_iter().map(|(_, _, expected)| expected).collect();
    let producible: Vec<Code> = [
        include_str!("../../../../core/sealgate-artifact/src/error.rs"),
        include_str!("../../../../core/sealgate-trust/src/error.rs"),
    ]
    .into_iter()
    .flat_map(|source| source.split("Code::").skip(1))
    .map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next().expect("a name"))
    .map(|name| *Code::ALL.iter().find(|code| format!("{code:?}") == name).expect("the name of a code"))
    .collect();
    assert!(producible.iter().any(|code| code.family() == Family::Security));
    for code in producible {
        assert!(shown.contains(code.as_str()), "no vector is refused with {code}");
    }
}

/// Our writer produces the very bytes of the plain vectors.
#[test]
fn the_writer_writes_what_the_vectors_hold() {
    use sealgate_artifact::{
        Decision, DeviceRequest, Keyset, License, Root, ServerCertificate, Statement, TenantKeyset,
        Unverified,
    };
    fn rewritten<T: Statement>(envelope: &Bytes) -> (Vec<u8>, Vec<u8>) {
        let claim = Unverified::<T>::decode(&envelope.to_vec().expect("sound")).expect("decodes");
        (claim.envelope().payload().to_vec(), claim.danger_peek().expect("parses").to_payload())
    }
    let chain = plain_license();
    let certificate = question("server-certificate/valid/plain.json");
    let [allowed, denied] = ["plain", "denied"].map(|name| question(&format!("decision/valid/{name}.json")));
    let by_key = question("device-request/valid/by_key.json");
    for (held, written) in [
        rewritten::<Root>(&chain.root_chain[0]),
        rewritten::<Keyset>(&chain.keyset),
        rewritten::<TenantKeyset>(&chain.tenant_keyset),
        rewritten::<License>(chain.license.as_ref().expect("a license")),
        rewritten::<ServerCertificate>(certificate.envelopes()[3]),
        rewritten::<DeviceRequest>(allowed.envelopes()[4]),
        rewritten::<DeviceRequest>(by_key.envelopes()[0]),
        rewritten::<Decision>(allowed.envelopes()[5]),
        rewritten::<Decision>(denied.envelopes()[5]),
    ] {
        assert_eq!(String::from_utf8(written), String::from_utf8(held));
    }
}

/// Any single bit of a license's, a request's or a decision's envelope: it is refused, or it was a bit of the hint and
/// nothing else changed.
#[test]
fn a_flipped_bit_is_refused_wherever_it_lies() {
    for (vector, place) in [("license", 3), ("device-request", 0), ("decision", 5)] {
        flip_each_bit(&question(&format!("{vector}/valid/plain.json")), place);
    }
}

fn flip_each_bit(plain: &Question, place: usize) {
    let sound = plain.envelopes()[place].to_vec().expect("sound");
    let accepted = answer(plain);
    let hint = {
        let text = String::from_utf8(sound.clone()).expect("text");
        let start = text.find("\"keyid\":\"").expect("a hint") + 9;
        start..start + 32
    };
    let mut hints_accepted = 0;
    for bit in 0..sound.len() * 8 {
        let mut flipped = sound.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let found = answer(&plain.with_envelope(place, flipped));
        if hint.contains(&(bit / 8)) {
            assert!(found == accepted || found == "json_invalid", "bit {bit}: {found}");
            hints_accepted += usize::from(found == accepted);
        } else {
            assert!(!found.starts_with("ok"), "bit {bit} is not protected");
        }
    }
    assert!(hints_accepted > 0);
}

fn plain_license() -> conformance::Chain {
    match question("license/valid/plain.json") {
        Question::Chain(chain) => *chain,
        other => panic!("{other:?}"),
    }
}

fn question(path: &str) -> Question {
    let vector = all().into_iter().find(|(found, _, _)| found == Path::new(path));
    vector.expect("it is there").1.question
}
