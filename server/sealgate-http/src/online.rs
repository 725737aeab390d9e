//! Our own clients: `POST /api/v1/validate`, `release`, `activate`, `deactivate` and `heartbeat`, and `GET /api/v1/trust`
//! (`spec/online.md` §7 to §9, `spec/activation.md`).

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use sealgate_authority::{AuthorityError, Source};
use sealgate_runtime::{Online, TrustUpdates};
use sealgate_wire::{HeartbeatQuestion, OnlineQuestion, TrustQuery};
use serde::Serialize;
use serde::de::DeserializeOwned;
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

/// One that may bring an attachment: modules, or entries of a chain.
pub(crate) struct LongQuestion<T = OnlineQuestion>(T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for LongQuestion<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let id = RequestId::of(request.extensions());
        body::read_long(request).await.map(Self).map_err(|why| Problem::unreadable(why, &id))
    }
}

/// Whoever asks.
pub(crate) struct Asker {
    pub(crate) id: RequestId,
    pub(crate) address: IpAddr,
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let ClientAddress(address) = ClientAddress::of(&parts.extensions);
        Ok(Self { id: RequestId::of(&parts.extensions), address })
    }
}

impl Asker {
    fn source(&self) -> Source<'_> {
        Source { address: Some(self.address), request_id: &self.id.0 }
    }

    /// Whatever is decided is 200 and signed, a no as well as a yes.
    fn told(&self, decided: Result<impl Serialize, AuthorityError>) -> Response {
        decided.map_or_else(|error| refuse(&error, &self.id), |decided| Json(decided).into_response())
    }
}

/// May a device use a license now?
pub(crate) async fn validate(
    State(online): State<Arc<Online>>,
    asker: Asker,
    Question(ask): Question,
) -> Response {
    asker.told(online.validate(&ask, asker.source()).await)
}

/// A seat is given back.
pub(crate) async fn release(
    State(online): State<Arc<Online>>,
    asker: Asker,
    Question(ask): Question,
) -> Response {
    asker.told(online.release(&ask, asker.source()).await)
}

/// A device is admitted.
pub(crate) async fn activate(
    State(online): State<Arc<Online>>,
    asker: Asker,
    LongQuestion(ask): LongQuestion,
) -> Response {
    asker.told(online.admit(&ask, asker.source()).await)
}

/// A device's activation ends.
pub(crate) async fn deactivate(
    State(online): State<Arc<Online>>,
    asker: Asker,
    Question(ask): Question,
) -> Response {
    asker.told(online.deactivate(&ask, asker.source()).await)
}

/// An admitted device is still there.
pub(crate) async fn heartbeat(
    State(online): State<Arc<Online>>,
    asker: Asker,
    LongQuestion(ask): LongQuestion<HeartbeatQuestion>,
) -> Response {
    asker.told(online.heartbeat(&ask, asker.source()).await)
}

/// Newer statements about keys, for anybody.
pub(crate) async fn trust(
    State(trust): State<Arc<TrustUpdates>>,
    asker: Asker,
    QueryOf(query): QueryOf<TrustQuery>,
) -> Response {
    let newer = trust.newer(&query, Some(asker.address)).await;
    if newer.is_ok() {
        return ([(header::CACHE_CONTROL, TRUST_KEPT)], asker.told(newer)).into_response();
    }
    asker.told(newer)
}

pub(crate) fn refuse(error: &AuthorityError, id: &RequestId) -> Response {
    tracing::debug!(request_id = id.0, code = %error.code(), "refused unsigned");
    Problem::of(error, id).into_response()
}

/// Question, answer, and what the answer is.
const VALIDATED: (&str, &str, &str) =
    ("OnlineQuestion", "OnlineAnswer", "a signed decision, be it yes or no");
const HEARD: (&str, &str, &str) = ("HeartbeatQuestion", "HeartbeatReply", "a signed answer, be it yes or no");

/// All of them in the OpenAPI document.
pub(crate) fn describe(document: &mut Value) {
    shapes(&mut document["components"]["schemas"]);
    let asked = [
        ("/api/v1/validate", "validate_online", "May this device use this license now?", VALIDATED),
        ("/api/v1/release", "release_online", "Give a seat back", VALIDATED),
        ("/api/v1/activate", "activate_online", "Admit a device to a license, and prove it", VALIDATED),
        (
            "/api/v1/deactivate",
            "deactivate_online",
            "End a device's activation, and give its seat back",
            VALIDATED,
        ),
        ("/api/v1/heartbeat", "heartbeat_online", "Is an admitted device still admitted?", HEARD),
    ];
    for (path, name, summary, (question, answered, about)) in asked {
        let mut responses = json!({ "200": answer(about, &reference(answered)) });
        for status in ["400", "404", "413", "429", "500", "503"] {
            responses[status] = answer(meaning(status), &problem());
        }
        document["paths"][path]["post"] = json!({
            "operationId": name,
            "tags": ["runtime"],
            "summary": summary,
            "security": [],
            "requestBody": {
                "required": true,
                "content": { "application/json": { "schema": reference(question) } },
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
            "request": {
                "type": "object", "additionalProperties": true,
                "description": "A signed statement in its envelope, with its attachments, byte for byte as it was signed.",
            },
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
            "proof": {
                "type": "object", "additionalProperties": true,
                "description": "The proof of an activation, with its attachments.",
            },
            "unapproved": { "type": "array", "maxItems": 1024, "items": reference("ModuleView") },
            "seats": { "type": "array", "maxItems": 10, "items": reference("SeatView") },
        }),
    );
    admitted(schemas);
}

/// What belongs to admitted devices alone.
fn admitted(schemas: &mut Value) {
    let text = |about: &str| json!({ "type": "string", "description": about });
    let statement = reference("SignedStatement");
    schemas["ModuleView"] = object(
        "A file of a program. What a file does not say of itself is absent. Not signed.",
        &["name", "sha256"],
        &json!({
            "name": text("Its name, without folders."),
            "sha256": text("SHA-256 of the whole file, 64 hexadecimal digits."),
            "version": text("The version that stands in it."),
            "signer": text("Who signed it, as it says itself."),
        }),
    );
    let carrier =
        |about: &str| json!({ "type": "object", "additionalProperties": true, "description": about });
    schemas["HeartbeatQuestion"] = object(
        "A heartbeat of an activated device.",
        &["request"],
        &json!({
            "request": carrier("The signed heartbeat, with its attachments."),
            "holds": schemas["OnlineQuestion"]["properties"]["holds"],
            "last": statement,
            "proof": carrier("The device's proof, with its attachments, where the server wanted it."),
        }),
    );
    schemas["HeartbeatQuestion"]["additionalProperties"] = false.into();
    schemas["HeartbeatReply"] = object(
        "A signed answer to a heartbeat, and what the client does not hold to believe it. Nothing here is believed by itself.",
        &["answer"],
        &json!({
            "answer": statement, "certificate": statement, "keyset": statement, "tenant_keyset": statement,
            "license": carrier("The license that the answer names, with its attachments."),
            "proof": carrier("The proof that the answer names, with its attachments."),
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
