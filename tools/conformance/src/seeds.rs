//! First inputs for `fuzz/`: what the vectors hold, sound and unsound, and a file of each kind of AuthForge's.

use std::path::Path;
use std::{fs, io};

use sealgate_artifact::{Carrier, encode_base64, encode_hex};
use sha2::{Digest, Sha256};

use crate::{Question, files};

/// Writes the envelopes of every vector below `vectors`, their payloads and the texts they are made of, into one folder of
/// `corpus` per target. Returns the number of files.
pub fn write_seeds(vectors: &Path, corpus: &Path) -> io::Result<usize> {
    for target in ["json", "envelope", "statement", "chain", "text", "authforge"] {
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
    for (name, bytes) in authforge_files() {
        written += 1;
        fs::write(corpus.join("authforge").join(name), bytes)?;
    }
    Ok(written)
}

/// How the target `authforge` takes apart its input: 0 and a whole text, or 1 and the payload of one.
fn authforge_files() -> [(&'static str, Vec<u8>); 4] {
    const REQUEST: &str = r#"{"v":1,"typ":"authforge-activation-request","appId":"app-1","hwid":"device-1","createdAt":"2027-01-31T00:00:00.000Z","machineName":"desk","os":"Linux","sdk":"rust","licenseKey":"KEY"}"#;
    const FILE: &str = r#"{"v":1,"typ":"authforge-license","appId":"app-1","licenseKey":"KEY","jti":"file-1","kid":"key-1","issuedAt":"2027-01-31T00:00:00.000Z","expiresAt":null,"hwid":{"mode":"bound","hwids":["device-1"]},"label":"\n","licenseExpiresAt":null,"licenseVariables":{"a":1,"b":true},"appVariables":{"c":"","d":-0.5}}"#;
    let block = |name: &str, headers: &str, body: &str| {
        format!("-----BEGIN AUTHFORGE {name}-----\n{headers}{body}\n-----END AUTHFORGE {name}-----\n")
    };
    let (request, file) = (encode_base64(REQUEST.as_bytes()), encode_base64(FILE.as_bytes()));
    let checksum = encode_hex(&Sha256::digest(request.as_bytes()));
    let request = block("ACTIVATION REQUEST", &format!("Checksum: {}\n\n", &checksum[..16]), &request);
    let signature = block("SIGNATURE", "", &encode_base64(&[0; 64]));
    let file = block("LICENSE", "Version: 1\n\n", &file) + &signature;
    let input = |mode: u8, text: &str| [&[mode], text.as_bytes()].concat();
    [
        ("request", input(0, &request)),
        ("file", input(0, &file)),
        ("request-payload", input(1, REQUEST)),
        ("file-payload", input(1, FILE)),
    ]
}

/// How the target `statement` takes apart its input: the payload's length in two bytes, the payload, an attachment.
fn with_attachment(carrier: &Carrier) -> Vec<u8> {
    let payload = carrier.envelope.payload();
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes();
    let attachment = carrier.attachments.first().map(Vec::as_slice).unwrap_or_default();
    [&length, payload, attachment].concat()
}
