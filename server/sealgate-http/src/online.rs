//! Our own clients: `POST /api/v1/validate`, `POST /api/v1/release` and `GET /api/v1/trust` (`spec/online.md` §7 to §9).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, FromRequest, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sealgate_authority::{AuthorityError, Source};
use sealgate_runtime::{Online, TrustUpdates};
use sealgate_wire::{OnlineQuestion, TrustQuery};
use serde_json::{Value, json};

use crate::address::ClientAddress;
use crate::body;
use crate::problem::Problem;
use crate::query::QueryOf;
use crate::request_id::RequestId;
use crate::schema::answer;

/// How long anybody may keep what `/api/v1/trust` said, in seconds.
const TRUST_KEPT: &str = "public, max-age=60";

/// A question of one of our clients.
pub(crate) struct Question(OnlineQuestion);

impl<S: Send + Sync> FromRequest<S> for Question {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let id = RequestId::of(request.extensions());
        body::read(request).await.map(Self).map_err(|why| Problem::unreadable(why, &id))
    }
}

/// Whatever is decided is 200 and signed, a no as well as a yes.
pub(crate) async fn validate(
    State(online): State<Arc<Online>>,
    Extension(id): Extension<RequestId>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    Question(ask): Question,
) -> Response {
    let source = Source { address: Some(address), request_id: &id.0 };
    match online.validate(&ask, source).await {
        Ok(decided) => Json(decided).into_response(),
        Err(error) => refuse(&error, &id),
    }
}

/// A seat is given back.
pub(crate) async fn release(
    State(online): State<Arc<Online>>,
    Extension(id): Extension<RequestId>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    Question(ask): Question,
) -> Response {
    let source = Source { address: Some(address), request_id: &id.0 };
    match online.release(&ask, source).await {
        Ok(decided) => Json(decided).into_response(),
        Err(error) => refuse(&error, &id),
    }
}

/// Newer statements about keys, for anybody.
pub(crate) async fn trust(
    State(trust): State<Arc<TrustUpdates>>,
    Extension(id): Extension<RequestId>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    QueryOf(query): QueryOf<TrustQuery>,
) -> Response {
    match trust.newer(&query, Some(address)).await {
        Ok(update) => ([(header::CACHE_CONTROL, TRUST_KEPT)], Json(update)).into_response(),
        Err(error) => refuse(&error, &id),
    }
}

fn refuse(error: &AuthorityError, id: &RequestId) -> Response {
    tracing::debug!(request_id = id.0, code = %error.code(), "refused unsigned");
    Problem::of(error, id).into_response()
}

/// All of them in the OpenAPI document.
pub(crate) fn describe(document: &mut Value) {
    let envelope = json!({
        "type": "object",
        "description": "A DSSE envelope; spec/online.md says of what.",
        "required": ["payloadType", "payload", "signatures"],
        "properties": {
            "payloadType": { "type": "string" },
            "payload": { "type": "string" },
            "signatures": { "type": "array", "items": { "type": "object" } },
        },
    });
    let problem = json!({ "$ref": "#/components/schemas/Problem" });
    let seat = json!({
        "type": "object",
        "description": "A device that has a seat, where none is left. Not signed.",
        "required": ["device_id"],
        "properties": {
            "device_id": { "type": "string" },
            "name": { "type": "string" },
            "last_seen": { "type": "string", "format": "date-time" },
        },
    });
    let decided = json!({
        "type": "object",
        "required": ["decision"],
        "properties": {
            "decision": envelope, "certificate": envelope, "keyset": envelope, "tenant_keyset": envelope,
            "license": { "type": "object" },
            "seats": { "type": "array", "maxItems": 10, "items": seat },
        },
    });
    let mut responses = json!({ "200": answer("a signed decision, be it yes or no", &decided) });
    for status in ["400", "404", "413", "429", "500", "503"] {
        responses[status] = answer("nothing was decided", &problem);
    }
    let asked = [
        ("/api/v1/validate", "validate_online", "May this device use this license now?"),
        ("/api/v1/release", "release_online", "Give a seat back"),
    ];
    for (path, name, summary) in asked {
        document["paths"][path]["post"] = question((name, summary), &envelope, &responses);
    }
    let update = json!({
        "type": "object",
        "required": ["roots"],
        "properties": {
            "roots": { "type": "array", "items": envelope },
            "keyset": envelope, "tenant_keyset": envelope, "certificate": envelope,
        },
    });
    let parameter = |name: &str, required: bool, schema: Value| json!({ "name": name, "in": "query", "required": required, "schema": schema });
    let version = json!({ "type": "integer", "format": "int64", "minimum": 0 });
    document["paths"]["/api/v1/trust"]["get"] = json!({
        "operationId": "trust",
        "tags": ["runtime"],
        "summary": "Statements about keys that are newer than the client's",
        "parameters": [
            parameter("tenant", true, json!({ "type": "string" })),
            parameter("root", false, version.clone()),
            parameter("keyset", false, version),
        ],
        "responses": {
            "200": answer("newer statements", &update),
            "400": answer("not of the documented form", &problem),
            "404": answer("no such tenant", &problem),
            "429": answer("too many questions from this address", &problem),
            "500": answer("the server failed", &problem),
            "503": answer("the server cannot answer now", &problem),
        },
    });
}

/// What a client of ours posts.
fn question((name, summary): (&str, &str), envelope: &Value, responses: &Value) -> Value {
    json!({
        "operationId": name,
        "tags": ["runtime"],
        "summary": summary,
        "requestBody": { "required": true, "content": { "application/json": { "schema": {
            "type": "object",
            "required": ["request"],
            "properties": {
                "request": envelope,
                "holds": { "type": "array", "maxItems": 16, "items": { "type": "string" } },
            },
            "additionalProperties": false,
        } } } },
        "responses": responses,
    })
}
