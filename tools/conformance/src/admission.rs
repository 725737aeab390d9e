//! Statements about devices that were admitted, and about what they run, beside the plain ones of `forge`.

use sealgate_artifact::{KeyUse, encode_base64};

use crate::forge::{
    APP, DAY, DEVICE, Draft, LICENSE, NOW, SERVER, Seed, TENANT, World, entry, license, license_text,
    public_text, request_text, tenant_keyset, tenant_keyset_text, unhex, with,
};

pub(crate) const ACTIVATION: Seed = 61;
pub(crate) const SECOND_ACTIVATION: Seed = 62;
pub(crate) const UPDATE: Seed = 71;
pub(crate) const SECOND_UPDATE: Seed = 72;
pub(crate) const SNAPSHOT: Seed = 81;
pub(crate) const LOG: Seed = 91;

pub(crate) const ACTIVATION_ID: &str = "01890a5d-ac96-774b-bcce-b302099ab001";
pub(crate) const INSTANCE: &str = "01890a5d-ac96-774b-bcce-b302099ac001";
pub(crate) const RELEASE: &str = "01890a5d-ac96-774b-bcce-b302099ad001";
/// The nonce of the first heartbeat, and those of the second and third.
pub(crate) const NONCES: [&str; 3] = [
    "b0b1b2b3b4b5b6b7b8b9babbbcbdbe0f",
    "c0c1c2c3c4c5c6c7c8c9cacbcccdce0f",
    "d0d1d2d3d4d5d6d7d8d9dadbdcdd0e0f",
];
/// The device's X25519 key: Alice's of RFC 7748 §6.1, whose private key everybody knows.
const SEALING_KEY: &str = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
/// 32 bytes of 0x5e, sealed to that key for the plain activation and the plain request with Bob's key of RFC 7748 §6.1
/// as the ephemeral one (`spec/activation.md` §3.2).
const SEALED_SECRET: &str = concat!(
    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
    "1b10264236b40230e433a3585473b6509ebd377c3869871566bd398d6c94aa7d99978424fda1e779b91a326f0304ad3e"
);

/// A chain in which one more key may sign proofs and one more releases.
pub(crate) fn publishing() -> World {
    listing(&[
        entry("activation", &public_text(ACTIVATION), "active"),
        entry("update", &public_text(UPDATE), "active"),
    ])
}

/// A chain whose tenant keyset lists these keys behind the issuer.
pub(crate) fn listing(entries: &[String]) -> World {
    let entries = entries.iter().fold(String::new(), |before, entry| before + "," + entry);
    let text = with(&tenant_keyset_text(), "]}", &(entries + "]}"));
    World { tenant_keyset: tenant_keyset(&text), ..World::of_tenant() }
}

/// The same chain with a tenant keyset of this moment.
pub(crate) fn signed_now(world: World) -> World {
    let text = String::from_utf8(world.tenant_keyset.payload).expect("our own text");
    let text = with(&text, &format!("\"issued_at\":{}", NOW - 30 * DAY), &format!("\"issued_at\":{NOW}"));
    World { tenant_keyset: tenant_keyset(&text), ..world }
}

pub(crate) fn sealing_key_text() -> String {
    encode_base64(&unhex(SEALING_KEY))
}

pub(crate) fn sealed_secret_text() -> String {
    encode_base64(&unhex(SEALED_SECRET))
}

/// The plain device asks to be admitted to the plain license.
pub(crate) fn activation_request_text() -> String {
    let text = with(&request_text(), "device-request", "activation-request");
    let text = with(&text, "\"validate\"", "\"activate\"");
    with(&text, "}", &format!(",\"sealing_key\":\"{}\"}}", sealing_key_text()))
}

/// A request of this payload, signed by the device.
pub(crate) fn activation_request(payload: &str) -> Draft {
    Draft::new("activation-request", payload).signed(DEVICE, KeyUse::Device)
}

/// That the plain device was admitted to the plain license, in answer to the plain request.
pub(crate) fn proof_text() -> String {
    format!(
        concat!(
            r#"{{"typ":"activation-proof","tenant":"{}","app":"{}","license":"{}","license_statement":"{}","#,
            r#""activation":"{}","generation":1,"device_key":"{}","fingerprint":"m:4f2a","request":"{}","#,
            r#""sealing_key":"{}","sealed_secret":"{}","nonce":"{}","issued_at":{}}}"#
        ),
        TENANT,
        APP,
        LICENSE,
        license(license_text()).id(),
        ACTIVATION_ID,
        public_text(DEVICE),
        activation_request(&activation_request_text()).id(),
        sealing_key_text(),
        sealed_secret_text(),
        NONCES[0],
        NOW
    )
}

/// A proof of this payload, signed by the activation key.
pub(crate) fn proof(payload: &str) -> Draft {
    Draft::new("activation-proof", payload).signed(ACTIVATION, KeyUse::Activation)
}

/// The first heartbeat after the plain proof.
pub(crate) fn heartbeat_text() -> String {
    heartbeat_of("null", 1, NONCES[0])
}

/// The second, of an instance that has its name.
pub(crate) fn second_heartbeat_text() -> String {
    heartbeat_of(&format!("\"{INSTANCE}\""), 2, NONCES[1])
}

fn heartbeat_of(instance: &str, seq: u64, nonce: &str) -> String {
    format!(
        concat!(
            r#"{{"typ":"heartbeat-request","tenant":"{}","app":"{}","license":"{}","device_key":"{}","proof":"{}","#,
            r#""generation":1,"fingerprint":"m:4f2a","instance":{},"seq":{},"nonce":"{}","client_time":{}}}"#
        ),
        TENANT,
        APP,
        LICENSE,
        public_text(DEVICE),
        proof(&proof_text()).id(),
        instance,
        seq,
        nonce,
        NOW
    )
}

/// A heartbeat of this payload, signed by the device.
pub(crate) fn heartbeat(payload: &str) -> Draft {
    Draft::new("heartbeat-request", payload).signed(DEVICE, KeyUse::Device)
}

/// With what a device goes on.
pub(crate) fn next_text() -> String {
    format!(r#""next":{{"instance":"{INSTANCE}","nonce":"{}","not_before":{}}}"#, NONCES[1], NOW + 3_600)
}

/// That the device is still admitted, in answer to this heartbeat.
pub(crate) fn admitted_text(request: &Draft) -> String {
    let statements = format!(
        r#""license_statement":"{}","current_proof":"{}""#,
        license(license_text()).id(),
        proof(&proof_text()).id()
    );
    answered(request, &format!(r#""code":null,{statements},{}"#, next_text()))
}

/// That it is not any more, a day from now on.
pub(crate) fn ended_text(request: &Draft) -> String {
    answered(request, &format!(r#""code":"revoked",{},"grace_until":{}"#, next_text(), NOW + DAY))
}

/// That the heartbeat did not count.
pub(crate) fn refused_text(request: &Draft) -> String {
    answered(request, r#""code":"instance_limit","retry_after":3600"#)
}

fn answered(request: &Draft, outcome: &str) -> String {
    let said = String::from_utf8_lossy(&request.payload).into_owned();
    let told = |field: &str| -> String {
        let rest = said.split(&format!("\"{field}\":")).nth(1).expect("the heartbeat says it");
        rest.split([',', '}']).next().expect("split gives at least one part").to_owned()
    };
    format!(
        concat!(
            r#"{{"typ":"heartbeat-answer","tenant":{},"app":{},"license":{},"device_key":{},"proof":{},"#,
            r#""request":"{}","seq":{},"nonce":{},"issued_at":{},{},"epoch":0}}"#
        ),
        told("tenant"),
        told("app"),
        told("license"),
        told("device_key"),
        told("proof"),
        request.id(),
        told("seq"),
        told("nonce"),
        NOW,
        outcome
    )
}

/// An answer of this payload, signed by the server.
pub(crate) fn answer(payload: &str) -> Draft {
    Draft::new("heartbeat-answer", payload).signed(SERVER, KeyUse::Server)
}

pub(crate) fn release_text() -> String {
    format!(
        concat!(
            r#"{{"typ":"release","tenant":"{}","app":"{}","release":"{}","version":"2.1.0","target":"linux/x86_64","#,
            r#""length":1048576,"sha256":"{}","issued_at":{}}}"#
        ),
        TENANT,
        APP,
        RELEASE,
        "5a".repeat(32),
        NOW
    )
}

/// A release of this payload, signed by the update key.
pub(crate) fn release(payload: &str) -> Draft {
    Draft::new("release", payload).signed(UPDATE, KeyUse::Update)
}
