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
use crate::api::parameters;
use crate::body;
use crate::problem::Problem;
use crate::query::QueryOf;
use crate::request_id::RequestId;
use crate::schema::{answer, object, problem, reference};

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
    shapes(&mut document["components"]["schemas"]);
    let mut responses =
        json!({ "200": answer("a signed decision, be it yes or no", &reference("OnlineAnswer")) });
    for status in ["400", "404", "413", "429", "500", "503"] {
        responses[status] = answer(meaning(status), &problem());
    }
    let asked = [
        ("/api/v1/validate", "validate_online", "May this device use this license now?"),
        ("/api/v1/release", "release_online", "Give a seat back"),
    ];
    for (path, name, summary) in asked {
        document["paths"][path]["post"] = json!({
            "operationId": name,
            "tags": ["runtime"],
            "summary": summary,
            "security": [],
            "requestBody": {
                "required": true,
                "content": { "application/json": { "schema": reference("OnlineQuestion") } },
            },
            "responses": responses,
        });
    }
    let mut responses = json!({ "200": answer("newer statements", &reference("TrustUpdate")) });
    for status in ["400", "404", "429", "500", "503"] {
        responses[status] = answer(meaning(status), &problem());
    }
    document["paths"]["/api/v1/trust"]["get"] = json!({
        "operationId": "trust",
        "tags": ["runtime"],
        "summary": "Statements about keys that are newer than the client's",
        "security": [],
        "parameters": parameters::<TrustQuery>(),
        "responses": responses,
    });
}

/// As the operations of the management API say it.
fn meaning(status: &str) -> &'static str {
    match status {
        "400" => "not of the documented form",
        "404" => "no such thing for this tenant",
        "413" => "the body is too large",
        "429" => "too many requests",
        "500" => "the server failed",
        _ => "the server cannot answer now",
    }
}

fn shapes(schemas: &mut Value) {
    let text = |about: &str| json!({ "type": "string", "description": about });
    let signature = object(
        "One signature.",
        &["keyid", "sig"],
        &json!({ "keyid": text("A hint at the key."), "sig": text("Base64.") }),
    );
    schemas["SignedStatement"] = object(
        "A signed statement in its envelope, which is of the format DSSE, byte for byte as it was signed.",
        &["payloadType", "payload", "signatures"],
        &json!({
            "payloadType": text("The kind of the statement."),
            "payload": text("The statement, base64."),
            "signatures": { "type": "array", "items": signature },
        }),
    );
    let statement = reference("SignedStatement");
    schemas["Trust"]["properties"]["keyset_chain"]["items"] = statement.clone();
    schemas["Trust"]["properties"]["tenant_keyset"] = statement.clone();
    schemas["OnlineQuestion"] = object(
        "A question of one of our clients.",
        &["request"],
        &json!({
            "request": statement,
            "holds": {
                "type": "array", "maxItems": 16, "items": { "type": "string" },
                "description": "Ids of statements that the client holds.",
            },
        }),
    );
    schemas["OnlineQuestion"]["additionalProperties"] = false.into();
    schemas["SeatView"] = object(
        "A device that has a seat, where none is left. Not signed.",
        &["device_id"],
        &json!({
            "device_id": text("Its id, by which its seat can be given back."),
            "name": text("What it calls itself."),
            "last_seen": { "type": "string", "format": "date-time", "description": "When it was let in last." },
        }),
    );
    schemas["OnlineAnswer"] = object(
        "A signed decision, and what the client does not hold to believe it. Nothing here is believed by itself.",
        &["decision"],
        &json!({
            "decision": statement, "certificate": statement, "keyset": statement, "tenant_keyset": statement,
            "license": {
                "type": "object", "additionalProperties": true,
                "description": "The license that the decision names, with its attachments.",
            },
            "seats": { "type": "array", "maxItems": 10, "items": reference("SeatView") },
        }),
    );
    schemas["TrustUpdate"] = object(
        "Statements about keys. Public, and never believed by themselves.",
        &["roots"],
        &json!({
            "roots": { "type": "array", "items": statement, "description": "Root statements that are newer, oldest first." },
            "keyset": statement, "tenant_keyset": statement, "certificate": statement,
        }),
    );
}
