//! First inputs for `fuzz/`: what the vectors hold, sound and unsound.

use std::path::Path;
use std::{fs, io};

use sealgate_artifact::Carrier;

use crate::{Question, files};

/// Writes the envelopes of every vector below `vectors`, their payloads and the texts they are made of, into one folder of
/// `corpus` per target. Returns the number of files.
pub fn write_seeds(vectors: &Path, corpus: &Path) -> io::Result<usize> {
    for target in ["json", "envelope", "statement", "chain", "text"] {
        fs::create_dir_all(corpus.join(target))?;
    }
    let mut written = 0;
    for (path, vector, _) in files::read_all(vectors)? {
        let name = path.with_extension("").to_string_lossy().replace(['/', '\\'], "-");
        let mut put = |target: &str, place: u8, bytes: &[u8]| {
            written += 1;
            fs::write(corpus.join(target).join(format!("{name}-{place}")), bytes)
        };
        if let Question::LicenseKey { text, .. } | Question::Identifier { text } = &vector.question {
            put("text", 0, text.as_bytes())?;
        }
        // A chain of a thousand statements teaches a fuzzer nothing that one of four does not.
        for (place, envelope) in (0u8..8).zip(vector.question.envelopes()) {
            let Some(bytes) = envelope.to_vec() else { continue };
            put("envelope", place, &bytes)?;
            // The target's last byte picks the place.
            put("chain", place, &[&bytes[..], &[place]].concat())?;
            if let Ok(carrier) = Carrier::decode(&bytes) {
                put("json", place, carrier.envelope.payload())?;
                put("statement", place, &with_attachment(&carrier))?;
            }
        }
    }
    Ok(written)
}

/// How the target `statement` takes apart its input: the payload's length in two bytes, the payload, an attachment.
fn with_attachment(carrier: &Carrier) -> Vec<u8> {
    let payload = carrier.envelope.payload();
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes();
    let attachment = carrier.attachments.first().map(Vec::as_slice).unwrap_or_default();
    [&length, payload, attachment].concat()
}
