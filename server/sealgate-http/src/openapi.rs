//! `GET /api/v1/openapi.json`: the whole API for programs, with what needs no token.

use std::sync::Arc;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::api::{self, Operation};

/// The document, as text.
pub(crate) fn document(operations: &[Operation]) -> Arc<str> {
    let mut document = api::document(operations);
    for (path, summary) in [
        ("/healthz", "Whether the server and its database answer"),
        ("/readyz", "Whether the server takes requests"),
        ("/api/v1/openapi.json", "This document"),
    ] {
        document["paths"][path]["get"] = json!({
            "operationId": path.trim_start_matches("/api/v1").trim_matches('/').replace('.', "_"),
            "tags": ["server"],
            "summary": summary,
            "responses": {
                "200": answer("yes", &json!({ "type": "object" })),
                "503": answer("not now", &json!({ "$ref": "#/components/schemas/Problem" })),
            },
        });
    }
    document["paths"]["/auth/validate"]["post"] = validate();
    serde_json::to_string_pretty(&document).expect("a document can be written").into()
}

/// Shows the document.
pub(crate) fn show(document: &str) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document.to_owned()).into_response()
}

fn validate() -> Value {
    let text = json!({ "type": "string", "minLength": 1, "maxLength": 128 });
    let failed = json!({
        "type": "object",
        "required": ["status", "error"],
        "properties": { "status": { "const": "failed" }, "error": { "type": "string" } },
    });
    let names = ["payload", "signature", "keyId", "nonce"];
    let mut properties = json!({ "status": { "const": "success" }, "valid": { "const": true } });
    for name in names {
        properties[name] = json!({ "type": "string" });
    }
    let success = json!({
        "type": "object",
        "required": ["status", "valid", "payload", "signature", "keyId", "nonce"],
        "properties": properties,
    });
    let mut responses = json!({ "200": answer("a signed yes", &success) });
    for status in ["400", "401", "403", "410", "413", "429", "500", "503"] {
        responses[status] = answer("an unsigned no", &failed);
    }
    json!({
        "operationId": "validate",
        "tags": ["runtime"],
        "summary": "May this device use this license now?",
        "requestBody": { "required": true, "content": { "application/json": { "schema": {
            "type": "object",
            "required": ["licenseKey", "hwid", "nonce"],
            "properties": {
                "appId": { "type": "string", "maxLength": 128 },
                "appSecret": { "type": "string", "maxLength": 128 },
                "licenseKey": text,
                "hwid": text,
                "nonce": { "type": "string", "pattern": "^[0-9a-fA-F]{32}$" },
                "ttlSeconds": { "type": "integer", "minimum": 0 },
            },
        } } } },
        "responses": responses,
    })
}

fn answer(description: &str, schema: &Value) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}
