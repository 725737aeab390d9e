//! Any bytes in the place of one envelope of a sound chain (`spec/keys.md` §4) or of a question and its answer
//! (`spec/online.md`, `spec/activation.md`). The last byte picks the place.
#![no_main]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use conformance::{Question, answer};
use libfuzzer_sys::fuzz_target;

const PLAIN: [&str; 11] = [
    "license/valid/plain.json",
    "server-certificate/valid/plain.json",
    "device-request/valid/plain.json",
    "decision/valid/plain.json",
    "activation-request/valid/plain.json",
    "activation-proof/valid/plain.json",
    "heartbeat-request/valid/plain.json",
    "heartbeat-answer/valid/plain.json",
    "release/valid/plain.json",
    "shard/valid/plain.json",
    "snapshot/valid/plain.json",
];
/// Which of these, and which envelope in it: root statement, keyset, tenant keyset, license, server certificate, device
/// request, decision; the request that a decision answers; activation request, license and proof, heartbeat, its answer, the
/// heartbeat that is answered, release, shard, snapshot.
const PLACES: [(usize, usize); 17] = [
    (0, 0),
    (0, 1),
    (0, 2),
    (0, 3),
    (1, 3),
    (2, 0),
    (3, 5),
    (3, 4),
    (4, 0),
    (5, 3),
    (5, 4),
    (6, 0),
    (7, 5),
    (7, 4),
    (8, 3),
    (9, 3),
    (10, 3),
];

struct Known {
    plain: [Question; PLAIN.len()],
    /// What is found when envelopes of the vectors take their place in a plain chain. They are the seeds, so each of
    /// them turns up again; some were signed soundly and stand in a vector that must be refused for another reason.
    accepted: BTreeSet<String>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors");
    let vectors = conformance::read_all(&vectors).expect("the vectors are readable");
    let plain = PLAIN.map(|name| {
        let found = vectors.iter().find(|(path, _, _)| path == Path::new(name));
        found.expect("the plain questions are vectors").1.question.clone()
    });
    let envelopes = vectors.iter().flat_map(|(_, vector, _)| vector.question.envelopes().into_iter().take(8));
    let envelopes: BTreeSet<Vec<u8>> = envelopes.filter_map(|bytes| bytes.to_vec()).collect();
    let accepted = envelopes
        .into_iter()
        .flat_map(|envelope| (0..PLACES.len()).map(move |place| (place, envelope.clone())))
        .map(|(place, envelope)| found(&plain, place, envelope))
        .filter(|found| found.starts_with("ok"))
        .collect();
    Known { plain, accepted }
});

fuzz_target!(|bytes: &[u8]| {
    let Some((place, envelope)) = bytes.split_last() else { return };
    let found = found(&KNOWN.plain, usize::from(*place) % PLACES.len(), envelope.to_vec());
    assert!(!found.starts_with("ok") || KNOWN.accepted.contains(&found), "nobody signed this: {found}");
});

/// The answer to a plain question with this envelope in one of its places.
fn found(plain: &[Question], place: usize, envelope: Vec<u8>) -> String {
    let (question, at) = PLACES[place];
    answer(&plain[question].with_envelope(at, envelope))
}
