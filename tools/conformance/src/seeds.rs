//! First inputs for `fuzz/`: what the vectors hold, sound and unsound, a file of each kind of AuthForge's, containers and bodies of shards.

use std::path::Path;
use std::{fs, io};

use sealgate_artifact::{Carrier, Kind, ShardBody, encode_base64, encode_hex};
use sealgate_container::{EntryName, Purpose, encode_statement};
use sha2::{Digest, Sha256};

use crate::{Question, files};

/// The targets, each with a folder of its own.
const TARGETS: [&str; 9] =
    ["json", "envelope", "statement", "chain", "text", "authforge", "container", "binary", "shard-body"];

/// Writes the envelopes of every vector below `vectors`, their payloads and the texts they are made of, into one folder of
/// `corpus` per target. Returns the number of files.
pub fn write_seeds(vectors: &Path, corpus: &Path) -> io::Result<usize> {
    for target in TARGETS {
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
                if let Some(bytes) = in_binary(&carrier) {
                    put("binary", place, &bytes)?;
                }
            }
        }
    }
    let made = [
        ("authforge", authforge_files().to_vec()),
        ("container", containers()),
        ("shard-body", shard_bodies()),
    ];
    for (target, files) in made {
        for (name, bytes) in files {
            written += 1;
            fs::write(corpus.join(target).join(name), bytes)?;
        }
    }
    Ok(written)
}

fn in_binary(carrier: &Carrier) -> Option<Vec<u8>> {
    let kind = Kind::of_payload_type(carrier.envelope.payload_type())?;
    encode_statement(kind, &carrier.envelope).ok()
}

/// How the target `container` takes apart its input: a byte, which wants a checksum that fits, and pieces of eight bytes; then the file.
fn containers() -> Vec<(&'static str, Vec<u8>)> {
    use EntryName::{
        Acknowledgement, Attachment, Bundle, Journal, JournalEntries, Keyset, OfflineRequest, Package,
        ReAnchor, Release, ReturnReceipt, Root, Shard, ShardBody, Snapshot, TenantKeyset,
    };
    const MODE: u8 = 15;
    let statement = [&[0, 2, 1][..], b"{}", &[0; 64]].concat();
    let seed = |purpose, names: &[EntryName]| {
        let contents = |name: &EntryName| if name.kind().is_some() { &statement[..] } else { b"contents" };
        let entries: Vec<_> = names.iter().map(|name| (*name, contents(name))).collect();
        let file = sealgate_container::write(purpose, &entries).expect("the purpose has these entries");
        [&[MODE], &file[..]].concat()
    };
    let snapshot = [Snapshot, Attachment, Root, Root, Keyset, TenantKeyset, Shard, Shard, ShardBody];
    let update = [Release, Attachment, Root, Keyset, TenantKeyset, Package];
    let license = [Bundle, Attachment, Attachment, Root, Keyset, TenantKeyset];
    vec![
        ("snapshot", seed(Purpose::Snapshot, &snapshot)),
        ("update", seed(Purpose::Update, &update)),
        ("license", seed(Purpose::License, &license)),
        ("request", seed(Purpose::Request, &[OfflineRequest])),
        ("journal", seed(Purpose::Journal, &[Journal, Journal, JournalEntries, JournalEntries])),
        ("acknowledgement", seed(Purpose::Acknowledgement, &[Acknowledgement, Attachment, TenantKeyset])),
        ("re-anchor", seed(Purpose::ReAnchor, &[ReAnchor, Root, Keyset, TenantKeyset])),
        ("return", seed(Purpose::Return, &[ReturnReceipt])),
    ]
}

/// How the target `shard-body` takes apart its input: the parameter, how many slots are listed in three bytes, the body.
fn shard_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let few: Vec<u32> = vec![0, 3, 70_000, (1 << 20) - 1];
    let many: Vec<u32> = (0..2_000).map(|n| n * 400 + n % 7).collect();
    let map: Vec<u32> = (0..3_000).filter(|n| n % 3 < 2).collect();
    let seed = |slots: &[u32]| {
        let body = ShardBody::of(slots).expect("they rise");
        [&[body.k()], &body.count().to_be_bytes()[1..], body.bytes()].concat()
    };
    vec![("few", seed(&few)), ("many", seed(&many)), ("map", seed(&map))]
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
