//! First inputs for `fuzz/`: what the vectors hold, sound and unsound.

use std::path::Path;
use std::{fs, io};

use sealgate_artifact::Envelope;

use crate::{Bytes, Question, files};

/// Writes the envelopes of every vector below `vectors`, and their payloads, into one folder of `corpus` per target.
/// Returns the number of envelopes.
pub fn write_seeds(vectors: &Path, corpus: &Path) -> io::Result<usize> {
    for target in ["envelope", "statement", "chain"] {
        fs::create_dir_all(corpus.join(target))?;
    }
    let mut written = 0;
    for (path, vector, _) in files::read_all(vectors)? {
        let name = path.with_extension("").to_string_lossy().replace(['/', '\\'], "-");
        for (place, envelope) in (0u8..).zip(envelopes(vector.question)) {
            let Some(bytes) = envelope.and_then(|envelope| envelope.to_vec()) else { continue };
            let put = |target: &str, bytes: &[u8]| {
                fs::write(corpus.join(target).join(format!("{name}-{place}")), bytes)
            };
            put("envelope", &bytes)?;
            // The target's last byte picks the place.
            put("chain", &[&bytes[..], &[place]].concat())?;
            if let Ok(envelope) = Envelope::decode(&bytes) {
                put("statement", envelope.payload())?;
            }
            written += 1;
        }
    }
    Ok(written)
}

/// Keyset, tenant keyset and license.
fn envelopes(question: Question) -> [Option<Bytes>; 3] {
    match question {
        Question::Chain(chain) => [Some(chain.keyset), Some(chain.tenant_keyset), chain.license],
        Question::Envelope { envelope } => [None, None, Some(envelope)],
        _ => [None, None, None],
    }
}
