//! `GET /healthz` and `GET /readyz` (`spec/http.md` §4).

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use sealgate_artifact::Code;
use sealgate_authority::Health;

use crate::problem::Problem;
use crate::request_id::RequestId;

/// Whether the server takes requests: `/healthz`, the migrations and keys of the first start are there, it can write, all that
/// it does by itself runs, the clock was not set lately, and this server's certificates are in force.
pub(crate) async fn readyz(State(health): State<Health>, Extension(id): Extension<RequestId>) -> Response {
    match health.ready().await {
        Ok(()) => ready(&health).into_response(),
        Err(why) => {
            let cause = std::error::Error::source(&why).map(ToString::to_string);
            tracing::error!(request_id = id.0, cause, "not ready: {why}");
            Problem::because(Code::Unavailable, why.to_string(), &id).into_response()
        }
    }
}

/// Ready, and what an operator must know all the same.
fn ready(health: &Health) -> Json<serde_json::Value> {
    let mut ready = serde_json::json!({ "status": "ready" });
    if let Some(gap) = health.went_back() {
        ready["database_went_back"] = serde_json::json!({ "from": gap.from, "to": gap.to });
    }
    Json(ready)
}

/// Whether the server and its database answer.
pub(crate) async fn healthz(State(health): State<Health>, Extension(id): Extension<RequestId>) -> Response {
    match health.alive().await {
        Ok(()) => Json(serde_json::json!({ "status": "ok" })).into_response(),
        Err(error) => {
            tracing::error!(request_id = id.0, %error, "the database does not answer");
            Problem::plain(Code::Unavailable, &id).into_response()
        }
    }
}
