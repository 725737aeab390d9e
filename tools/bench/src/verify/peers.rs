//! Other libraries that verify something offline, each with a license of the same content in its own format.

use base64::{Engine, engine::general_purpose::STANDARD};
use biscuit_auth::{Biscuit, KeyPair as BiscuitPair};
use ed25519_dalek::{Signer, SigningKey};
use keygen_rs::license::LicenseFileAlgorithm;
use keygen_rs::license_file::LicenseFile;
use licenz_core::{CryptoGenerator, CryptoKeyPair, CryptoVerifier, LicenseData, algorithm_ids};
use offline_license_validator::LicenseValidator;
use pasetors::claims::{Claims, ClaimsValidationRules};
use pasetors::keys::{AsymmetricKeyPair, Generate};
use pasetors::token::UntrustedToken;
use pasetors::{Public, public, version4::V4};
use serde_json::{Value, json};

use super::{FEATURES, Peer, names};

const ISSUED: &str = "2026-01-01T00:00:00Z";
const EXPIRES: &str = "2099-01-01T00:00:00Z";
const LICENSE: &str = "00000000-0000-7000-8000-000000000000";

pub fn all() -> Vec<Peer> {
    vec![keygen(), biscuit(), paseto(), offline_license_validator(), licenz()]
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// keygen-rs: an unencrypted license file with its entitlements, as Keygen's API gives it.
fn keygen() -> Peer {
    let text = keygen_dataset().to_string();
    let enc = STANDARD.encode(text);
    let sig = STANDARD.encode(key().sign(format!("license/{enc}").as_bytes()).to_bytes());
    let cert = STANDARD.encode(json!({ "enc": enc, "sig": sig, "alg": "base64+ed25519" }).to_string());
    let lines: Vec<&str> =
        cert.as_bytes().chunks(60).map(|line| std::str::from_utf8(line).expect("base64")).collect();
    let certificate =
        format!("-----BEGIN LICENSE FILE-----\n{}\n-----END LICENSE FILE-----\n", lines.join("\n"));
    let time = |text: &str| serde_json::from_value(json!(text)).expect("a time");
    let bytes = certificate.len();
    let file = LicenseFile {
        id: LICENSE.to_owned(),
        certificate,
        issued: time(ISSUED),
        expiry: time(EXPIRES),
        ttl: 1,
    };
    let key = hex(key().verifying_key().as_bytes());
    let read = move || {
        let read = file.verify_and_decode(&key, LicenseFileAlgorithm::Base64Ed25519).expect("verifies");
        assert_eq!(read.offline_entitlements().map(Vec::len), Some(FEATURES));
    };
    Peer { name: "keygen-rs", bytes, read: Box::new(read) }
}

fn keygen_dataset() -> Value {
    let account = json!({
        "links": { "related": format!("/v1/accounts/{LICENSE}") },
        "data": { "type": "accounts", "id": LICENSE },
    });
    let entitlement = |name: String| {
        json!({
            "id": LICENSE, "type": "entitlements",
            "attributes": { "name": name, "code": name, "metadata": {}, "created": ISSUED, "updated": ISSUED },
            "relationships": { "account": account },
            "links": { "self": format!("/v1/accounts/{LICENSE}/entitlements/{LICENSE}") },
        })
    };
    json!({
        "data": {
            "id": LICENSE, "type": "licenses",
            "attributes": {
                "key": "B8A5-91D7-9B3A-4F6C-8E2D-1A2B", "name": "Pro", "expiry": EXPIRES, "status": "ACTIVE",
                "uses": 0, "suspended": false, "floating": false, "protected": false, "strict": false,
                "maxMachines": 5, "requireHeartbeat": false, "requireCheckIn": false, "created": ISSUED,
                "updated": ISSUED, "metadata": {},
            },
            "relationships": { "account": account },
        },
        "included": names().map(entitlement).collect::<Vec<_>>(),
        "meta": { "issued": ISSUED, "expiry": EXPIRES, "ttl": 1 },
    })
}

/// biscuit-auth: a token with a fact for each feature.
fn biscuit() -> Peer {
    let pair = BiscuitPair::new();
    let mut builder = Biscuit::builder().fact(format!("license(\"{LICENSE}\")").as_str()).expect("a fact");
    for name in names() {
        builder = builder.fact(format!("feature(\"{name}\")").as_str()).expect("a fact");
    }
    let token = builder.build(&pair).and_then(|token| token.to_vec()).expect("a token");
    let (bytes, key) = (token.len(), pair.public());
    let read = move || {
        let token = Biscuit::from(&token, key).expect("verifies");
        assert_eq!(token.block_count(), 1);
    };
    Peer { name: "biscuit-auth", bytes, read: Box::new(read) }
}

/// pasetors: a public token of version 4.
fn paseto() -> Peer {
    let pair = AsymmetricKeyPair::<V4>::generate().expect("a key pair");
    let mut claims = Claims::new().expect("claims");
    claims.expiration(EXPIRES).expect("a time");
    claims.subject(LICENSE).expect("a text");
    claims.add_additional("features", json!(names().collect::<Vec<_>>())).expect("a claim");
    let token = public::sign(&pair.secret, &claims, None, None).expect("a token");
    let (bytes, rules) = (token.len(), ClaimsValidationRules::new());
    let read = move || {
        let token = UntrustedToken::<Public, V4>::try_from(&token).expect("a token");
        let token = public::verify(&pair.public, &token, &rules, None, None).expect("verifies");
        let features = token.payload_claims().and_then(|claims| claims.get_claim("features"));
        assert_eq!(features.and_then(Value::as_array).map(Vec::len), Some(FEATURES));
    };
    Peer { name: "pasetors", bytes, read: Box::new(read) }
}

fn offline_license_validator() -> Peer {
    let payload = json!({
        "hwid": LICENSE, "issued_at": ISSUED, "expires_at": EXPIRES, "license_type": "licensed",
        "metadata": { "license": LICENSE, "features": names().collect::<Vec<_>>() },
    })
    .to_string();
    let sig = key().sign(payload.as_bytes()).to_bytes();
    let file = format!("{}.{}", STANDARD.encode(payload), STANDARD.encode(sig));
    let validator = LicenseValidator::new(&hex(key().verifying_key().as_bytes())).expect("a key");
    let bytes = file.len();
    let read = move || {
        let license = validator.validate(&file, LICENSE).expect("verifies");
        let features = license.metadata.as_ref().and_then(|metadata| metadata["features"].as_array());
        assert_eq!(features.map(Vec::len), Some(FEATURES));
    };
    Peer { name: "offline-license-validator", bytes, read: Box::new(read) }
}

/// licenz-core: its binary format, with Ed25519.
fn licenz() -> Peer {
    let pair = CryptoKeyPair::generate(algorithm_ids::ED25519).expect("a key pair");
    let data = LicenseData::builder().id(LICENSE).serial(LICENSE).customer_id(LICENSE).product_id(LICENSE);
    let data = data.valid_days(365).features(names()).build().expect("a license");
    let generator = CryptoGenerator::from_keypair(&pair);
    let file = generator.generate(data).and_then(|signed| generator.export_binary(&signed)).expect("a file");
    let keys = [(algorithm_ids::ED25519.to_owned(), pair.public_key_pem.clone())].into();
    let (bytes, verifier) = (file.len(), CryptoVerifier::new(keys));
    let read = move || {
        let license = verifier.parse_license(&file).expect("a license");
        verifier.verify_signature(&license).expect("verifies");
        verifier.verify_expiration(&license).expect("is in force");
        assert_eq!(license.data.features.len(), FEATURES);
    };
    Peer { name: "licenz-core", bytes, read: Box::new(read) }
}
