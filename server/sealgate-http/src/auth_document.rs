//! The operations of AuthForge's wire in the OpenAPI document (`spec/http.md` §2).

use serde_json::{Value, json};

use crate::schema::answer;

/// Each path with its one operation.
pub(crate) fn operations() -> [(&'static str, Value); 4] {
    [
        (
            "/auth/validate",
            operation(
                "validate",
                "May this device use this license now?",
                &question(
                    &["licenseKey", "hwid", "nonce"],
                    &["appId", "appSecret"],
                    &json!({
                        "ttlSeconds": { "type": "integer", "minimum": 0 },
                    }),
                ),
                &[("200", "a signed yes", signed())],
                &["410"],
            ),
        ),
        (
            "/auth/heartbeat",
            operation(
                "heartbeat",
                "May this session go on?",
                &question(&["appId", "sessionToken", "hwid", "nonce"], &[], &json!({})),
                &[("200", "a signed yes", signed())],
                &["410"],
            ),
        ),
        (
            "/auth/selfban",
            operation(
                "self_ban",
                "A client says of itself that it was tampered with",
                &question(
                    &["appId", "hwid"],
                    &["appSecret", "licenseKey", "sessionToken", "nonce"],
                    &json!({ "revokeLicense": flag(), "blacklistHwid": flag(), "blacklistIp": flag() }),
                ),
                &[(
                    "200",
                    "what became of it",
                    object(&json!({
                        "status": { "const": "success" },
                        "licenseRevoked": flag(),
                        "hwidBlacklisted": flag(),
                        "ipBlacklisted": flag(),
                    })),
                )],
                &["410"],
            ),
        ),
        (
            "/auth/offline/activate",
            operation(
                "activate_offline",
                "A license file that lasts forever, for the device that asks",
                &question(&["appId", "licenseKey", "hwid", "nonce"], &["appSecret"], &json!({})),
                &[
                    ("201", "a file for a new device", file()),
                    ("200", "the file that the device got before", file()),
                ],
                &["409", "410"],
            ),
        ),
    ]
}

fn operation(
    id: &str,
    summary: &str,
    body: &Value,
    answers: &[(&str, &str, Value)],
    refusals: &[&str],
) -> Value {
    let failed = object(&json!({ "status": { "const": "failed" }, "error": { "type": "string" } }));
    let mut responses = json!({});
    for (status, description, schema) in answers {
        responses[status] = answer(description, schema);
    }
    for status in ["400", "401", "403", "413", "429", "500", "503"].iter().chain(refusals) {
        responses[status] = answer("an unsigned no", &failed);
    }
    json!({
        "operationId": id,
        "tags": ["runtime"],
        "summary": summary,
        "requestBody": { "required": true, "content": { "application/json": { "schema": body } } },
        "responses": responses,
    })
}

/// A body with these fields and these that may be absent, and others.
fn question(required: &[&str], optional: &[&str], others: &Value) -> Value {
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
    json!({ "type": "object", "required": required, "properties": properties })
}

/// An object that has all of these fields.
fn object(properties: &Value) -> Value {
    let names: Vec<&String> = properties.as_object().into_iter().flatten().map(|(name, _)| name).collect();
    json!({ "type": "object", "required": names, "properties": properties })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn signed() -> Value {
    let text = json!({ "type": "string" });
    object(&json!({
        "status": { "const": "success" }, "valid": { "const": true },
        "payload": text, "signature": text, "keyId": text, "nonce": text,
    }))
}

fn file() -> Value {
    let text = json!({ "type": "string" });
    object(&json!({
        "status": { "const": "success" }, "file": text, "fileName": text, "jti": text, "replay": flag(),
    }))
}
