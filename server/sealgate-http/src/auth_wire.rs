//! `/auth/*`: AuthForge's wire, for clients that exist (`spec/http.md` §2). The only place that gives our codes their
//! names and statuses there.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sealgate_artifact::Code;
use sealgate_authority::{Authority, runtime};
use sealgate_wire::{Failed, ValidateRequest};

use crate::address::ClientAddress;
use crate::body;
use crate::request_id::{self, RequestId};

/// `POST /auth/validate`.
pub(crate) async fn validate(
    State(authority): State<Arc<Authority>>,
    Extension(id): Extension<RequestId>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    request: Request,
) -> Response {
    let ask: ValidateRequest = match body::read(request).await {
        Ok(ask) => ask,
        Err(unreadable) => return refuse(unreadable.code),
    };
    match runtime::validate(&authority, &ask, address).await {
        // The signed answer carries a name of its own; the header repeats it, so that support has one to ask for.
        Ok(yes) => ([(request_id::HEADER, yes.request_id)], Json(yes.answer)).into_response(),
        Err(error) => {
            let code = error.code();
            tracing::debug!(request_id = id.0, %code, "validation refused");
            if in_their_words(code).0.is_server_error() {
                tracing::error!(request_id = id.0, %code, %error, "a validation failed");
            }
            refuse(code)
        }
    }
}

/// The body of a refusal: exactly two fields, or old clients take it for a network failure.
pub(crate) fn failed(code: Code) -> Failed {
    Failed::new(in_their_words(code).1)
}

fn refuse(code: Code) -> Response {
    (in_their_words(code).0, Json(failed(code))).into_response()
}

/// `spec/errors.md` §4.
fn in_their_words(code: Code) -> (StatusCode, &'static str) {
    match code {
        Code::MalformedRequest => (StatusCode::BAD_REQUEST, "malformed_request"),
        Code::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "malformed_request"),
        Code::NotFound => (StatusCode::NOT_FOUND, "bad_request"),
        Code::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "bad_request"),
        Code::AppUnknown => (StatusCode::UNAUTHORIZED, "invalid_app"),
        Code::LicenseUnknown => (StatusCode::UNAUTHORIZED, "invalid_key"),
        Code::ReplayDetected => (StatusCode::UNAUTHORIZED, "replay_detected"),
        Code::AppDisabled | Code::TenantSuspended => (StatusCode::FORBIDDEN, "app_disabled"),
        Code::NotYetValid | Code::Blocked => (StatusCode::FORBIDDEN, "blocked"),
        Code::NoCredits => (StatusCode::TOO_MANY_REQUESTS, "no_credits"),
        Code::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        Code::DeviceLimit => (StatusCode::FORBIDDEN, "hwid_mismatch"),
        Code::Expired => (StatusCode::GONE, "expired"),
        Code::Revoked => (StatusCode::GONE, "revoked"),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "system_error"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "system_error"),
    }
}
