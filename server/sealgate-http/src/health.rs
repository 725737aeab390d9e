//! `GET /healthz` and `GET /readyz` (`spec/http.md` §4).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use sealgate_artifact::Code;
use sealgate_authority::Authority;
use sealgate_store::read;

use crate::problem::Problem;
use crate::request_id::RequestId;

/// Whether the server takes requests: `/healthz`, and the migrations and keys of the first start are there.
pub(crate) async fn readyz(
    State(authority): State<Arc<Authority>>,
    Extension(id): Extension<RequestId>,
) -> Response {
    match read::installation::id(authority.db()).await {
        Ok(Some(_)) => Json(serde_json::json!({ "status": "ready" })).into_response(),
        Ok(None) => Problem::plain(Code::Unavailable, &id).into_response(),
        Err(error) => {
            tracing::error!(request_id = id.0, %error, "the database does not answer");
            Problem::plain(Code::Unavailable, &id).into_response()
        }
    }
}

/// Whether the server and its database answer.
pub(crate) async fn healthz(
    State(authority): State<Arc<Authority>>,
    Extension(id): Extension<RequestId>,
) -> Response {
    match read::installation::is_alive(authority.db()).await {
        Ok(()) => Json(serde_json::json!({ "status": "ok" })).into_response(),
        Err(error) => {
            tracing::error!(request_id = id.0, %error, "the database does not answer");
            Problem::plain(Code::Unavailable, &id).into_response()
        }
    }
}
