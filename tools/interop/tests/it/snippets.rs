//! A few lines in a vendor's own language are enough to check an answer: the verification code that AuthForge publishes
//! for Python, Node and Rust, on answers of the real server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::program::{node, python};
use crate::rust_sdk::text;

/// A genuine answer, the same with one letter of its payload or signature changed, and with another app's key.
fn questions(app: &TestApp) -> Value {
    let (product, other) = (app.create_app("Editor"), app.create_app("Viewer"));
    let license = app.issue(&product, &json!({}));
    let body = TestApp::question(&product, &license, "device-1", &"0a".repeat(16));
    let answer = app.validate(&body).expect(200);
    let question = |product: &Value, payload: String, signature: String| {
        json!({
            "public_key": product["public_key"],
            "public_key_spki": product["public_key_spki"],
            "payload": payload,
            "signature": signature,
        })
    };
    let (payload, signature) = (text(&answer["payload"]), text(&answer["signature"]));
    json!([
        question(&product, payload.clone(), signature.clone()),
        question(&product, with_another_letter(&payload), signature.clone()),
        question(&product, payload.clone(), with_another_letter(&signature)),
        question(&other, payload, signature),
    ])
}

fn with_another_letter(text: &str) -> String {
    let other = if text[20..].starts_with('A') { "B" } else { "A" };
    format!("{}{other}{}", &text[..20], &text[21..])
}

fn verify(public_key: &[u8; 32], payload: &[u8], signature: &[u8; 64]) -> bool {
    let key = VerifyingKey::from_bytes(public_key).expect("a public key");
    let sig = Signature::from_bytes(signature);
    key.verify(payload, &sig).is_ok()
}

fn rust(question: &Value) -> bool {
    let bytes = |name: &str| STANDARD.decode(text(&question[name])).expect("base64");
    let public_key = bytes("public_key").try_into().expect("32 bytes");
    let signature = bytes("signature").try_into().expect("64 bytes");
    verify(&public_key, text(&question["payload"]).as_bytes(), &signature)
}

on_both_engines! {
    fn python_node_and_rust_accept_the_genuine_answer_and_no_other(app: &TestApp) {
        let questions = questions(app);
        let expected = json!([true, false, false, false]);
        assert_eq!(python("ed25519.py", &questions), expected, "Python");
        assert_eq!(node("ed25519.mjs", &questions), expected, "Node");
        let rust: Vec<bool> = questions.as_array().expect("a list").iter().map(rust).collect();
        assert_eq!(json!(rust), expected, "Rust");
    }
}
