//! `GET /api/v1/openapi.json`: the whole API for programs, with what needs no token.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::api;
use crate::schema::answer;
use crate::{auth_document, online};

/// Made when somebody asks for it: few do, and a server starts sooner and stays smaller without it.
static DOCUMENT: LazyLock<String> = LazyLock::new(openapi);

/// The OpenAPI document, as `GET /api/v1/openapi.json` answers it.
pub fn openapi() -> String {
    let mut document = api::document(&api::operations());
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
    online::describe(&mut document);
    for (path, operation) in auth_document::operations() {
        document["paths"][path]["post"] = operation;
    }
    serde_json::to_string_pretty(&document).expect("a document can be written")
}

/// Shows the document.
pub(crate) async fn show() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}
