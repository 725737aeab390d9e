//! The cases that AuthForge publishes with its Rust client, as that package delivers them.
#![expect(clippy::disallowed_methods, reason = "the cases are files of a package")]

use std::path::Path;

use cargo_metadata::MetadataCommand;
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use sealgate_artifact::{PublicKey, UnixSeconds};
use sealgate_authforge::{ActivationRequest, FileRefusal, Here, LicenseFile, Machines, Variable};
use serde_json::Value;

/// The secret keys of RFC 8032's first two tests: AuthForge signs its cases with them.
const TEST_1: [u8; 32] = *b"\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60";
const TEST_2: [u8; 32] = *b"\x4c\xcd\x08\x9b\x28\xff\x96\xda\x9d\xb6\xc3\x46\xec\x11\x4e\x0f\x5b\x8a\x31\x9f\x35\xab\xa6\x24\xda\x8c\xf6\xed\x4f\xb8\xa6\xfb";

/// The cases of one file of the package.
pub(crate) fn cases(file: &str) -> Vec<Value> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).exec().expect("cargo knows its packages");
    let package = metadata.packages.iter().find(|package| package.name.as_str() == "authforge");
    let folder = package.expect("a dependency").manifest_path.parent().expect("a folder").as_std_path();
    let text = std::fs::read_to_string(folder.join(file)).expect("the package has its cases");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    value["cases"].as_array().expect("a list").clone()
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_else(|| panic!("{name} in {case}"))
}

fn named<'a>(cases: &'a [Value], name: &str) -> &'a Value {
    cases.iter().find(|case| case["name"] == name).unwrap_or_else(|| panic!("no case {name}"))
}

fn time(text: &str) -> UnixSeconds {
    UnixSeconds::parse_rfc3339(text).expect("a time")
}

fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::from_bytes(key.as_bytes()).expect("a public key");
    key.verify(message, &Signature::from_slice(signature).expect("64 bytes")).is_ok()
}

#[test]
fn every_license_file_has_the_published_outcome() {
    let cases = cases("offline_license_vectors.json");
    assert_eq!(cases.len(), 22);
    for case in &cases {
        let now = time(text(case, "now"));
        let here = Here { app_id: text(case, "appId"), hwid: text(case, "hwid"), now };
        let keys = text(case, "publicKey").split(',').map(|key| PublicKey::parse(key).expect("a public key"));
        let keys: Vec<_> = keys.collect();
        let outcome =
            LicenseFile::unopened(text(case, "file")).and_then(|file| file.open(&keys, verify, &here));
        let outcome = outcome.map_or_else(FileRefusal::as_str, |_| "ok");
        assert_eq!(outcome, text(case, "expect"), "{}", text(case, "name"));
    }
}

/// The file that most cases are a variation of.
fn usual(jti: &str) -> LicenseFile {
    let pair = |name: &str, value| (name.to_owned(), value);
    LicenseFile {
        app_id: "test-app".to_owned(),
        license_key: "TEST-KEY0-0000-0000".to_owned(),
        jti: format!("00000000-0000-4000-8000-0000000000{jti}"),
        kid: "kid-test-0001".to_owned(),
        issued_at: time("2026-09-11T11:00:00Z"),
        expires_at: Some(time("2027-01-01T00:00:00Z")),
        hwid: bound(&["testhwid", "second-machine"]),
        label: Some("Vector license".to_owned()),
        license_expires_at: Some(None),
        license_variables: Some(vec![
            pair("tier", Variable::Text("pro".to_owned())),
            pair("seats", Variable::Number(3)),
            pair("beta", Variable::Flag(true)),
        ]),
        app_variables: Some(vec![pair("theme", Variable::Text("dark".to_owned()))]),
    }
}

fn bound(hwids: &[&str]) -> Machines {
    Machines::Bound { hwids: hwids.iter().map(|hwid| (*hwid).to_owned()).collect() }
}

/// What a machine that asked for itself got.
fn asked_for() -> LicenseFile {
    LicenseFile {
        issued_at: time("2026-10-09T12:00:00Z"),
        expires_at: None,
        hwid: bound(&["testhwid"]),
        label: None,
        license_variables: Some(vec![("tier".to_owned(), Variable::Text("lifetime".to_owned()))]),
        ..usual("a1")
    }
}

fn made(file: &LicenseFile, secret: &[u8; 32]) -> String {
    let unsigned = file.unsigned().expect("well formed");
    let signature = SigningKey::from_bytes(secret).sign(unsigned.payload().as_bytes());
    unsigned.with_signature(&signature.to_bytes())
}

#[test]
fn every_published_license_file_is_made_byte_for_byte() {
    let other_app = || "other-app".to_owned();
    let least = LicenseFile {
        hwid: bound(&["testhwid"]),
        label: None,
        license_expires_at: None,
        license_variables: None,
        app_variables: None,
        ..usual("08")
    };
    let published = [
        ("good_bound", usual("01"), TEST_1),
        ("good_any_machine", LicenseFile { hwid: Machines::Any, ..usual("02") }, TEST_1),
        ("good_lifetime", LicenseFile { expires_at: None, ..usual("03") }, TEST_1),
        ("expired", LicenseFile { expires_at: Some(time("2026-09-11T11:59:59Z")), ..usual("04") }, TEST_1),
        ("wrong_app", LicenseFile { app_id: other_app(), ..usual("05") }, TEST_1),
        ("bad_signature_wrong_key", usual("06"), TEST_2),
        ("good_minimal_payload", least, TEST_1),
    ];
    let cases = cases("offline_license_vectors.json");
    let mut made_of_it: Vec<String> = vec![];
    for (name, file, secret) in published {
        made_of_it.push(made(&file, &secret));
        assert_eq!(made_of_it.last().map(String::as_str), named(&cases, name)["file"].as_str(), "{name}");
    }
    // No sound file is left out: what is not among these is damaged, or of another version.
    for case in &cases {
        let damaged = [
            "good_crlf_rewrapped_with_junk",
            "bad_signature_tampered_body",
            "malformed_payload_missing_expires_at",
        ];
        let name = text(case, "name");
        let damaged =
            damaged.contains(&name) || name.starts_with("bad_armor") || name.starts_with("unsupported");
        assert_ne!(damaged, made_of_it.iter().any(|file| file == text(case, "file")), "{name}");
    }
}

#[test]
fn every_file_that_a_server_answered_is_made_byte_for_byte() {
    let published = [
        ("activated_new_machine", asked_for(), TEST_1),
        ("activated_replay", asked_for(), TEST_1),
        ("reject_wrong_key", asked_for(), TEST_2),
        ("reject_other_hwid", LicenseFile { hwid: bound(&["otherhwid"]), ..asked_for() }, TEST_1),
        ("reject_wrong_app", LicenseFile { app_id: "other-app".to_owned(), ..asked_for() }, TEST_1),
    ];
    let cases = cases("self_serve_activation_vectors.json");
    for (name, file, secret) in published {
        assert_eq!(made(&file, &secret), text(&named(&cases, name)["response"]["body"], "file"), "{name}");
    }
}

#[test]
fn every_activation_request_has_the_published_outcome() {
    let cases = cases("activation_request_vectors.json");
    assert_eq!(cases.len(), 6);
    for case in &cases {
        let outcome = ActivationRequest::parse(text(case, "file"));
        let word = match &outcome {
            Ok(_) => "ok",
            Err(FileRefusal::BadArmor | FileRefusal::MalformedPayload) => "reject",
            Err(refusal) => refusal.as_str(),
        };
        assert_eq!(word, text(case, "expect"), "{}", text(case, "name"));
        let (Some(inputs), Ok(read)) = (case.get("inputs"), outcome) else { continue };
        let same = |name: &str, value: Option<&str>| assert_eq!(value, inputs[name].as_str(), "{name}");
        same("appId", Some(&read.app_id));
        same("hwid", Some(&read.hwid));
        assert_eq!(read.created_at, time(text(inputs, "createdAt")));
        same("machineName", read.machine_name.as_deref());
        same("os", read.os.as_deref());
        same("sdk", read.sdk.as_deref());
        same("licenseKey", read.license_key.as_deref());
    }
}
