//! The operations of AuthForge's wire in the OpenAPI document (`spec/http.md` §2).

use serde_json::{Value, json};

use crate::schema::{answer, object, reference};

/// An operation: its path, name and summary, its body's shape, its answers, and refusals beside the usual ones.
struct Described {
    path: &'static str,
    name: &'static str,
    summary: &'static str,
    body: &'static str,
    answers: &'static [(&'static str, &'static str, &'static str)],
    refusals: &'static [&'static str],
}

const OPERATIONS: [Described; 4] = [
    Described {
        path: "/auth/validate",
        name: "validate",
        summary: "May this device use this license now?",
        body: "AuthforgeValidate",
        answers: &[("200", "a signed yes", "AuthforgeAllowed")],
        refusals: &["410"],
    },
    Described {
        path: "/auth/heartbeat",
        name: "heartbeat",
        summary: "May this session go on?",
        body: "AuthforgeHeartbeat",
        answers: &[("200", "a signed yes", "AuthforgeAllowed")],
        refusals: &["410"],
    },
    Described {
        path: "/auth/selfban",
        name: "self_ban",
        summary: "A client says of itself that it was tampered with",
        body: "AuthforgeSelfBan",
        answers: &[("200", "what became of it", "AuthforgeSelfBanned")],
        refusals: &["410"],
    },
    Described {
        path: "/auth/offline/activate",
        name: "activate_offline",
        summary: "A license file that lasts forever, for the device that asks",
        body: "AuthforgeActivate",
        answers: &[
            ("201", "a file for a new device", "AuthforgeActivated"),
            ("200", "the file that the device got before", "AuthforgeActivated"),
        ],
        refusals: &["409", "410"],
    },
];

/// All of them in the OpenAPI document.
pub(crate) fn describe(document: &mut Value) {
    questions(&mut document["components"]["schemas"]);
    answers(&mut document["components"]["schemas"]);
    for operation in &OPERATIONS {
        document["paths"][operation.path]["post"] = described(operation);
    }
}

fn described(operation: &Described) -> Value {
    let mut responses = json!({});
    for (status, about, shape) in operation.answers {
        responses[status] = answer(about, &reference(shape));
    }
    for status in ["400", "401", "403", "413", "429", "500", "503"].iter().chain(operation.refusals) {
        responses[status] = answer("an unsigned no", &reference("AuthforgeRefused"));
    }
    json!({
        "operationId": operation.name,
        "tags": ["authforge"],
        "summary": operation.summary,
        "security": [],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": reference(operation.body) } },
        },
        "responses": responses,
    })
}

fn questions(schemas: &mut Value) {
    let session = json!({ "type": "integer", "format": "int64", "minimum": 0, "description": "Length of the session in seconds." });
    schemas["AuthforgeValidate"] = question(
        "A question about a license key.",
        &["licenseKey", "hwid", "nonce"],
        &["appId", "appSecret"],
        &json!({ "ttlSeconds": session }),
    );
    schemas["AuthforgeHeartbeat"] =
        question("A question about a session.", &["appId", "sessionToken", "hwid", "nonce"], &[], &json!({}));
    schemas["AuthforgeSelfBan"] = question(
        "What a client reports of itself: proved by a session's token, or by secret, license key and nonce.",
        &["appId", "hwid"],
        &["appSecret", "licenseKey", "sessionToken", "nonce"],
        &json!({ "revokeLicense": flag(), "blacklistHwid": flag(), "blacklistIp": flag() }),
    );
    schemas["AuthforgeActivate"] = question(
        "A device asks for a license file that lasts forever.",
        &["appId", "licenseKey", "hwid", "nonce"],
        &["appSecret"],
        &json!({}),
    );
}

fn answers(schemas: &mut Value) {
    let text = json!({ "type": "string" });
    schemas["AuthforgeAllowed"] = whole(
        "A yes; what it says is signed.",
        &json!({
            "status": word("success"), "valid": { "type": "boolean", "enum": [true] },
            "payload": text, "signature": text, "keyId": text, "nonce": text,
        }),
    );
    schemas["AuthforgeSelfBanned"] = whole(
        "What became of a report.",
        &json!({
            "status": word("success"), "licenseRevoked": flag(), "hwidBlacklisted": flag(), "ipBlacklisted": flag(),
        }),
    );
    schemas["AuthforgeActivated"] = whole(
        "A license file for the device that asked.",
        &json!({ "status": word("success"), "file": text, "fileName": text, "jti": text, "replay": flag() }),
    );
    schemas["AuthforgeRefused"] =
        whole("An unsigned no.", &json!({ "status": word("failed"), "error": text }));
}

/// A body with these fields and these that may be absent, and others.
fn question(about: &str, required: &[&str], optional: &[&str], others: &Value) -> Value {
    let mut properties = others.clone();
    for name in required.iter().chain(optional) {
        properties[name] = match *name {
            "nonce" => json!({ "type": "string", "pattern": "^[0-9a-fA-F]{32}$" }),
            "licenseKey" => json!({ "type": "string", "minLength": 1, "maxLength": 512 }),
            "hwid" => json!({ "type": "string", "minLength": 1, "maxLength": 128 }),
            "sessionToken" => json!({ "type": "string", "maxLength": 512 }),
            _ => json!({ "type": "string", "maxLength": 128 }),
        };
    }
    object(about, required, &properties)
}

/// An object that has all of these fields.
fn whole(about: &str, properties: &Value) -> Value {
    let names: Vec<&str> =
        properties.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    object(about, &names, properties)
}

/// One word. Generators do not take a `const` without its type.
fn word(only: &str) -> Value {
    json!({ "type": "string", "enum": [only] })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}
