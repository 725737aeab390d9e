//! What is said of the machine (`spec/online.md` §10).

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use sealgate::{Builder, Client, MemoryStore};
use sealgate_rules::ComponentFingerprint;
use sealgate_trust::verify_device_request;

use crate::authority::{NOW, key};
use crate::site::{ORIGIN, Site, TestClock};

/// The fingerprint that the server is sent.
fn sent(configure: impl FnOnce(Builder) -> Builder) -> Option<String> {
    let site = Site::honest();
    let builder = Client::builder(site.trust()).server(ORIGIN).store(Arc::new(MemoryStore::new()));
    let builder = builder.clock(TestClock(Arc::new(AtomicU64::new(NOW))));
    let client = configure(builder).transport(Arc::clone(&site)).build().expect("configured");
    client.validate_license(&key()).expect("is let in");
    let record = site.record.lock().expect("nobody panicked");
    let question: serde_json::Value = serde_json::from_slice(&record[0].0).expect("JSON");
    let request = serde_json::to_vec(&question["request"]).expect("JSON");
    let request = verify_device_request(&request).expect("was signed");
    request.get().fingerprint.as_ref().map(ToString::to_string)
}

#[test]
fn a_machine_is_described_by_its_parts_or_in_the_program_s_words() {
    // Where the test runs, too little of the machine may be known.
    if let Some(text) = sent(Builder::machine_fingerprint) {
        assert!(ComponentFingerprint::parse(&text).is_some_and(|parts| parts.names_a_machine()), "{text}");
    }
    let words = |builder: Builder| builder.machine_fingerprint().fingerprint(Some("desk 12".to_owned()));
    assert_eq!(sent(words).as_deref(), Some("desk 12"), "what is said last counts");
    assert_eq!(sent(|builder| builder.machine_fingerprint().fingerprint(None)), None);
}
