//! A DSSE verifier that we did not write, beside ours: both accept the chain, and no single spoiled byte of it.

use sealgate_testkit::{Chain, Engine, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::program::python;

/// Every single bit of a byte.
const MASKS: [u8; 8] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80];

/// One of the three envelopes in a chain.
struct Place {
    name: &'static str,
    of: fn(&mut Chain) -> &mut Vec<u8>,
}

impl Place {
    fn envelope(&self, chain: &Chain) -> Vec<u8> {
        (self.of)(&mut chain.clone()).clone()
    }

    fn flipped(&self, chain: &Chain, position: usize, mask: u8) -> Chain {
        let mut flipped = chain.clone();
        (self.of)(&mut flipped)[position] ^= mask;
        flipped
    }
}

const PLACES: [Place; 4] = [
    Place { name: "root", of: |chain| &mut chain.root_statements[0] },
    Place { name: "keyset", of: |chain| &mut chain.keyset },
    Place { name: "tenant_keyset", of: |chain| &mut chain.tenant_keyset },
    Place { name: "license", of: |chain| &mut chain.license },
];

on_both_engines! {
    fn another_verifier_accepts_the_chain_and_refuses_every_flipped_bit_of_it(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({ "expires_at": "2037-01-31T00:00:00Z", "max_devices": 5 }));
        let chain = app.chain(&product, &license);

        let report = python("dsse.py", &order(&chain));

        let says = &report["license"]["payload"];
        assert_eq!((&says["license"], &says["app"]), (&license["license_id"], &product["app_id"]));
        assert_eq!((&says["max_devices"], &says["typ"]), (&json!(5), &json!("license")));
        for place in PLACES {
            check_theirs(&place, &chain, &report[place.name], app.clock.seconds());
        }
    }
}

#[test]
fn our_verifier_refuses_every_flipped_bit_but_those_of_a_key_id() {
    let app = TestApp::start(Engine::Sqlite);
    let product = app.create_app("Editor");
    let chain = app.chain(&product, &app.issue(&product, &json!({})));
    let genuine = chain.judge(app.clock.seconds()).expect("a genuine chain");
    for place in PLACES {
        check_ours(&place, &chain, &genuine, app.clock.seconds());
    }
}

fn order(chain: &Chain) -> Value {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("ASCII");
    json!({
        "roots": chain.roots,
        "root": text(&chain.root_statements[0]),
        "keyset": text(&chain.keyset),
        "tenant_keyset": text(&chain.tenant_keyset),
        "license": text(&chain.license),
        "masks": MASKS,
    })
}

/// Every flip was refused by raising, but those of base64's spare bits, which decode to the same bytes. Ours refuses
/// these too.
fn check_theirs(place: &Place, chain: &Chain, report: &Value, now: u64) {
    let (name, envelope) = (place.name, place.envelope(chain));
    let refused = report["refused"].as_object().expect("counts by exception");
    let refusals: usize = refused.values().map(number).sum();
    let accepted = report["accepted"].as_array().expect("a list");
    let spare = accepted.len();
    println!("{name}: {} bytes, {refusals} flips refused {refused:?}, {spare} of spare bits", envelope.len());
    assert_eq!(refusals + spare, envelope.len() * MASKS.len(), "{name}: every flip was judged");
    assert!(spare > 0, "{name}: the exception is real");
    for flip in accepted {
        let (position, mask) = (number(&flip[0]), number(&flip[1]));
        assert_eq!(flip[2], true, "{name}: {flip} means something else, and was accepted");
        assert_eq!(envelope[position + 1], b'=', "{name}: {flip} is not in a last symbol");
        let flipped = place.flipped(chain, position, u8::try_from(mask).expect("a byte"));
        assert_eq!(flipped.judge(now), Err("base64_invalid".to_owned()), "{name}: {flip}");
    }
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("a count")).expect("a small one")
}

/// Ours refuses spare bits too. Only a key id may change, which is a hint that decides nothing
/// (`spec/envelope.md` §1.4): the statement and its signers stay what they were.
fn check_ours(place: &Place, chain: &Chain, genuine: &[String; 3], now: u64) {
    let envelope = place.envelope(chain);
    let hint = key_id(&envelope);
    let (mut refused, mut of_hint) = (0, 0);
    for position in 0..envelope.len() {
        for mask in MASKS {
            match place.flipped(chain, position, mask).judge(now) {
                Err(_) => refused += 1,
                Ok(ids) => {
                    assert!(
                        hint.contains(&position),
                        "{}: byte {position} ^ {mask:#04x} was accepted",
                        place.name
                    );
                    assert_eq!(&ids, genuine, "{}", place.name);
                    of_hint += 1;
                }
            }
        }
    }
    println!(
        "{}: {} bytes, {refused} flips refused, {of_hint} changed the key id only",
        place.name,
        envelope.len()
    );
    assert!(of_hint > 0, "{}: the exception is real", place.name);
}

/// Where the one key id stands.
fn key_id(envelope: &[u8]) -> std::ops::Range<usize> {
    let text = std::str::from_utf8(envelope).expect("ASCII");
    let begin = text.find(r#""keyid":""#).expect("a key id") + r#""keyid":""#.len();
    begin..begin + text[begin..].find('"').expect("its end")
}
