//! `/auth/*`: AuthForge's wire, for clients that exist (`spec/http.md` §2). A refusal's status and word on this wire are in
//! the table of codes, `sealgate-artifact/src/code.rs`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sealgate_artifact::Code;
use sealgate_authforge::{
    Failed, HeartbeatRequest, OfflineActivateRequest, SelfBanRequest, ValidateAnswer, ValidateRequest,
};
use sealgate_authority::{AuthorityError, Source};
use sealgate_runtime::{AuthForge, Validated};
use serde::de::DeserializeOwned;

use crate::address::ClientAddress;
use crate::body;
use crate::problem::status_of;
use crate::request_id::{self, RequestId};
use crate::retry;

/// Room for what an answer says beside its payload, which is of fixed length.
const BESIDE_PAYLOAD_BYTES: usize = 320;

/// A question on this wire: what it says, where it comes from.
pub(crate) struct Question<T> {
    ask: T,
    id: RequestId,
    address: std::net::IpAddr,
}

impl<T> Question<T> {
    fn source(&self) -> Source<'_> {
        Source { address: Some(self.address), request_id: &self.id.0 }
    }

    /// A refusal, and in the log what the caller is not told.
    fn refuse(&self, operation: &str, error: &AuthorityError) -> Response {
        let code = error.code();
        tracing::debug!(request_id = self.id.0, operation, %code, "refused");
        if error.is_failure() {
            tracing::error!(request_id = self.id.0, operation, %code, %error, "a question failed");
        }
        let mut response = refuse(code);
        retry::say(&mut response, error.retry_after());
        response
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Question<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        let id = RequestId::of(request.extensions());
        let ClientAddress(address) = ClientAddress::of(request.extensions());
        let ask = body::read(request).await.map_err(|unreadable| refuse(unreadable.code))?;
        Ok(Self { ask, id, address })
    }
}

type Shared = State<Arc<AuthForge>>;

/// `POST /auth/validate`.
pub(crate) async fn validate(State(authforge): Shared, question: Question<ValidateRequest>) -> Response {
    answer("validate", &question, authforge.validate(&question.ask, question.source()).await)
}

/// `POST /auth/heartbeat`.
pub(crate) async fn heartbeat(State(authforge): Shared, question: Question<HeartbeatRequest>) -> Response {
    answer("heartbeat", &question, authforge.heartbeat(&question.ask, question.source()).await)
}

fn answer<T>(
    operation: &str,
    question: &Question<T>,
    decided: Result<Validated, AuthorityError>,
) -> Response {
    match decided {
        // The signed answer carries a name of its own; the header repeats it, so that support has one to ask for.
        Ok(yes) => ([(request_id::HEADER, yes.request_id)], json(&yes.answer)).into_response(),
        Err(error) => question.refuse(operation, &error),
    }
}

/// The answer as a body, written without moving it.
fn json(answer: &ValidateAnswer) -> impl IntoResponse + use<> {
    let mut body = Vec::with_capacity(answer.payload.len() + BESIDE_PAYLOAD_BYTES);
    serde_json::to_writer(&mut body, answer).expect("text can be written");
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body)
}

/// `POST /auth/selfban`.
pub(crate) async fn self_ban(State(authforge): Shared, question: Question<SelfBanRequest>) -> Response {
    match authforge.self_ban(&question.ask, question.source()).await {
        Ok(done) => Json(done).into_response(),
        Err(error) => question.refuse("selfban", &error),
    }
}

/// `POST /auth/offline/activate`: 201 for a new device, 200 for one that comes again.
pub(crate) async fn activate_offline(
    State(authforge): Shared,
    question: Question<OfflineActivateRequest>,
) -> Response {
    match authforge.activate_offline(&question.ask, question.source()).await {
        Ok(file) if file.replay => Json(file).into_response(),
        Ok(file) => (StatusCode::CREATED, Json(file)).into_response(),
        Err(error) => question.refuse("offline activation", &error),
    }
}

/// A refusal: its body has exactly two fields, or old clients take it for a network failure.
pub(crate) fn refuse(code: Code) -> Response {
    // spec/errors.md §4; statuses that AuthForge does not have: spec/errors.md §5.2.
    let (status, word) = code.authforge();
    (status_of(status), Json(Failed::new(word))).into_response()
}
