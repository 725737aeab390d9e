//! Any bytes in the place of one envelope of a sound chain (`spec/keys.md` §4). The last byte picks the place.
#![no_main]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use conformance::{Bytes, Chain, Question, answer};
use libfuzzer_sys::fuzz_target;

struct Known {
    plain: Chain,
    /// What is found when envelopes of the vectors take their place in the plain chain. They are the seeds, so each of
    /// them turns up again; some were signed soundly and stand in a vector that must be refused for another reason.
    accepted: BTreeSet<String>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors");
    let vectors = conformance::read_all(&vectors).expect("the vectors are readable");
    let chains = vectors.into_iter().filter_map(|(path, vector, _)| match vector.question {
        Question::Chain(chain) => Some((path, *chain)),
        _ => None,
    });
    let chains: Vec<_> = chains.collect();
    let plain = chains.iter().find(|(path, _)| path == Path::new("license/valid/plain.json"));
    let plain = plain.expect("the plain license is a vector").1.clone();
    let parts = chains.into_iter().flat_map(|(_, chain)| {
        [Some(chain.keyset), Some(chain.tenant_keyset), chain.license].into_iter().enumerate()
    });
    let accepted = parts
        .filter_map(|(place, part)| Some(found(&plain, place, part?)))
        .filter(|found| found.starts_with("ok"))
        .collect();
    Known { plain, accepted }
});

fuzz_target!(|bytes: &[u8]| {
    let Some((place, envelope)) = bytes.split_last() else { return };
    let found = found(&KNOWN.plain, usize::from(*place), Bytes::from(envelope.to_vec()));
    assert!(!found.starts_with("ok") || KNOWN.accepted.contains(&found), "nobody signed this: {found}");
});

/// The answer to the plain chain with this envelope in one of its three places.
fn found(plain: &Chain, place: usize, envelope: Bytes) -> String {
    let mut chain = plain.clone();
    match place % 3 {
        0 => chain.keyset = envelope,
        1 => chain.tenant_keyset = envelope,
        _ => chain.license = Some(envelope),
    }
    answer(&Question::Chain(Box::new(chain)))
}
