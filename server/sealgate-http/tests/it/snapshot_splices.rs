//! No part of a snapshot's file can be exchanged, changed or left out, also by somebody who computes the checksum anew (`spec/container.md`
//! §5.4, `spec/revocation.md` §5.1).

use std::collections::BTreeSet;

use sealgate_artifact::{Code, encode_base64};
use sealgate_testkit::container::{Container, EntryName, Purpose, write};
use sealgate_testkit::{Engine, TakenOver, TestApp, request};
use sealgate_wire::Trust;
use serde_json::{Value, json};

use crate::support::sell;

/// A file as its parts.
type Parts = Vec<(EntryName, Vec<u8>)>;

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// Revokes one more license, and gives the snapshot that lists it.
fn snapshot(app: &TestApp, product: &Value) -> Vec<u8> {
    let license = app.issue(product, &json!({}));
    app.api("POST", &format!("/api/v1/licenses/{}/revoke", text(&license["license_id"])), &json!({}))
        .expect(200);
    app.clock.advance(60);
    crate::snapshots::sign(app);
    let url = format!("{}/api/v1/snapshot?app_id={}", app.url, text(&product["app_id"]));
    request("GET", &url, None, &json!(null)).bytes
}

fn parts(file: &[u8]) -> Parts {
    let container = Container::read(file).expect("is whole");
    let part = |entry: &sealgate_testkit::container::Entry| {
        (entry.name, entry.contents(file).expect("is in it").to_vec())
    };
    container.entries().iter().map(part).collect()
}

/// The file of these parts, if they make one.
fn file(parts: &Parts) -> Option<Vec<u8>> {
    let entries: Vec<_> = parts.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
    write(Purpose::Snapshot, &entries).ok()
}

struct Reader {
    trust: Trust,
    now: u64,
}

impl Reader {
    /// Whether all of it is believed.
    fn believes(&self, file: &[u8]) -> bool {
        TakenOver::default().next(&self.trust, file, self.now).is_ok()
    }
}

#[test]
fn two_sound_files_cannot_be_spliced() {
    let app = TestApp::start(Engine::Sqlite);
    let (product, _) = sell(&app, &json!({}));
    let other = app.create_app("Other");
    app.issue(&other, &json!({}));
    let [first, second] = [(); 2].map(|()| snapshot(&app, &product));
    let reader = Reader { trust: app.build(&product).trust, now: app.clock.seconds() };
    let [first, second] = [first, second].map(|file| {
        assert!(reader.believes(&file));
        parts(&file)
    });
    assert!(first.len() >= 8, "two shards: {}", first.len());
    let mut spliced = 0;
    for (into, from) in [(&first, &second), (&second, &first)] {
        for (at, (name, own)) in into.iter().enumerate() {
            for (_, theirs) in from.iter().filter(|(other, theirs)| other == name && theirs != own) {
                let mut parts = into.clone();
                parts[at].1.clone_from(theirs);
                spliced += 1;
                assert!(!reader.believes(&file(&parts).expect("a container")), "{name} of the other");
            }
            // Without it, or with it twice.
            let mut without = into.clone();
            without.remove(at);
            let mut twice = into.clone();
            twice.insert(at, twice[at].clone());
            for parts in [without, twice] {
                assert!(file(&parts).is_none_or(|file| !reader.believes(&file)), "{name} left out, or twice");
            }
        }
        // The beginning of one and the rest of the other.
        for at in 1..into.len() {
            let parts: Parts = into[..at].iter().chain(&from[at..]).cloned().collect();
            if parts != *into && parts != *from {
                assert!(file(&parts).is_none_or(|file| !reader.believes(&file)), "cut at {at}");
            }
        }
    }
    assert!(spliced >= 8, "{spliced}");
}

#[test]
fn no_byte_can_be_changed_and_no_end_be_missing() {
    let app = TestApp::start(Engine::Sqlite);
    let (product, _) = sell(&app, &json!({}));
    let sound = snapshot(&app, &product);
    let reader = Reader { trust: app.build(&product).trust, now: app.clock.seconds() };
    for end in 0..sound.len() {
        assert!(!reader.believes(&sound[..end]), "{end} of {} bytes", sound.len());
    }
    // With a checksum that fits: what is signed, and each signature.
    let parts = parts(&sound);
    for (at, (name, bytes)) in parts.iter().enumerate() {
        for byte in 0..bytes.len() {
            let mut changed = parts.clone();
            changed[at].1[byte] ^= 1;
            assert!(file(&changed).is_none_or(|file| !reader.believes(&file)), "byte {byte} of a {name}");
        }
    }
}

/// Whoever sent such a file hears that it is no good. It is no fault of the server.
#[test]
fn a_file_that_lacks_a_part_is_a_bad_request() {
    let app = TestApp::start(Engine::Sqlite);
    let (product, _) = sell(&app, &json!({}));
    let parts = parts(&snapshot(&app, &product));
    let mut codes = BTreeSet::new();
    for (at, (name, bytes)) in parts.iter().enumerate() {
        let (mut without, mut changed) = (parts.clone(), parts.clone());
        without.remove(at);
        changed[at].1[bytes.len() / 2] ^= 1;
        for parts in [without, changed] {
            let Some(file) = file(&parts) else { continue };
            let body = json!({ "file": encode_base64(&file) });
            let answer = app.api("POST", "/api/v1/snapshots/import", &body);
            let said = answer.json();
            assert_eq!(answer.status, 400, "{name}: {said}");
            codes.insert(text(&said["code"]).to_owned());
        }
    }
    let code = Code::AttachmentMissing;
    assert!(codes.contains(code.as_str()), "{codes:?}");
    assert_eq!(code.exit_code(), 65, "the program sealgate says so, too");
}
