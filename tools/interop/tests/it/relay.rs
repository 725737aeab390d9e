//! Whoever sits between asks the server a question of its own, with the client's nonce, and hands the answer on. The
//! published clients compare the nonce alone and believe it; our check does not (`spec/authforge.md` §4).

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use sealgate_artifact::PublicKey;
use sealgate_authforge::{Expected, Typ, ValidateAnswer};
use sealgate_testkit::{TestApp, on_both_engines_in_real_time, request};
use serde_json::{Value, json};

use crate::rust_sdk::{client, text};

/// Our check, by a client that knows its license.
fn check(product: &Value, answer: &Value, expected: &Expected<'_>) -> Result<String, String> {
    let key = PublicKey::parse(&text(&product["public_key"])).expect("a public key");
    let answer: ValidateAnswer = serde_json::from_value(answer.clone()).expect("an answer");
    let opened = answer.unopened().and_then(|answer| answer.open(&[key], verify, expected));
    opened.map(|payload| payload.get().license_id.clone()).map_err(|code| code.to_string())
}

fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::from_bytes(key.as_bytes()).expect("a public key");
    key.verify(message, &Signature::from_slice(signature).expect("64 bytes")).is_ok()
}

/// Answers one question with what the server says to the relay's own about the relay's license.
fn relay(server: String, product: Value, license: Value) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let relay = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().expect("the client connects");
        let question = read_body(&mut connection);
        let mine = TestApp::question(&product, &license, "relays-own", &text(&question["nonce"]));
        let answer = request("POST", &format!("{server}/auth/validate"), None, &mine).expect(200).to_string();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
        connection.write_all(head.as_bytes()).expect("the client listens");
        connection.write_all(answer.as_bytes()).expect("the client listens");
    });
    (url, relay)
}

fn read_body(connection: &mut impl Read) -> Value {
    let mut seen = Vec::new();
    let mut part = [0; 4096];
    loop {
        let n = connection.read(&mut part).expect("the client writes");
        seen.extend_from_slice(&part[..n]);
        if let Some(at) = seen.windows(4).position(|window| window == b"\r\n\r\n")
            && let Ok(body) = serde_json::from_slice(&seen[at + 4..])
        {
            return body;
        }
        assert_ne!(n, 0, "the client ends early");
    }
}

on_both_engines_in_real_time! {
    fn a_relay_answers_for_a_key_that_does_not_exist_and_only_our_check_notices(app: &TestApp) {
        let product = app.create_app("Editor");
        let relays = app.issue(&product, &json!({}));
        let (url, served) = relay(app.url.clone(), product.clone(), relays);
        let believed = client(&url, &product, "device-1").login("000G-40R4-0M30-E209-185G-R38E-1YRB");
        served.join().expect("the relay ends");
        assert!(believed.is_ok(), "a weakness of the wire, which its clients cannot see");
    }

    fn our_check_refuses_every_answer_to_another_question(app: &TestApp) {
        let product = app.create_app("Editor");
        let [mine, other] = [(); 2].map(|()| app.issue(&product, &json!({ "max_devices": 2 })));
        let nonce = "0b".repeat(16);
        let ask = |license: &Value, hwid: &str| app.validate(&TestApp::question(&product, license, hwid, &nonce)).expect(200);
        let (app_id, license_id) = (text(&product["app_id"]), text(&mine["license_id"]));
        let asked = Expected { typ: Typ::Validate, app_id: &app_id, hwid: "device-1", nonce: &nonce, license_id: Some(&license_id) };

        let answer = ask(&mine, "device-1");
        assert_eq!(check(&product, &answer, &asked), Ok(license_id.clone()));
        let mismatch = Err("nonce_mismatch".to_owned());
        assert_eq!(check(&product, &ask(&mine, "device-2"), &asked), mismatch, "another device");
        assert_eq!(check(&product, &ask(&other, "device-1"), &asked), mismatch, "another license");
        let payload = STANDARD.decode(text(&answer["payload"])).expect("base64");
        let payload: Value = serde_json::from_slice(&payload).expect("JSON");
        let beat = json!({ "appId": app_id, "sessionToken": payload["sessionToken"], "hwid": "device-1", "nonce": nonce });
        let beat = request("POST", &format!("{}/auth/heartbeat", app.url), None, &beat).expect(200);
        assert_eq!(check(&product, &beat, &asked), mismatch, "an answer to a heartbeat");
        let elsewhere = Expected { app_id: "another", ..asked };
        assert_eq!(check(&product, &answer, &elsewhere), mismatch, "another app under the same key");
        let viewer = app.create_app("Viewer");
        assert_eq!(check(&viewer, &answer, &asked), Err("signature_invalid".to_owned()), "another app's key");
    }
}
