//! `GET /api/v1/openapi.json`: the whole API for programs, with what needs no token.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::schema::{answer, problem};
use crate::{api, auth_document, document, health, online, snapshot};

/// Made when somebody asks for it: few do, and a server starts sooner and stays smaller without it.
static DOCUMENT: LazyLock<String> = LazyLock::new(openapi);

/// The OpenAPI document, as `GET /api/v1/openapi.json` answers it.
pub fn openapi() -> String {
    let mut document = api::document(&api::operations());
    document["paths"]["/api/v1/openapi.json"]["get"] = json!({
        "operationId": "openapi_json",
        "tags": ["server"],
        "summary": "This document",
        "security": [],
        "responses": {
            "200": answer("the document", &json!({ "type": "object", "additionalProperties": true })),
            "500": answer("the server failed", &problem()),
        },
    });
    health::describe(&mut document);
    online::describe(&mut document);
    snapshot::describe(&mut document);
    auth_document::describe(&mut document);
    document::finish(&mut document);
    serde_json::to_string_pretty(&document).expect("a document can be written")
}

/// Shows the document.
pub(crate) async fn show() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}
