//! `GET /healthz` and `GET /readyz` (`spec/http.md` §4).

use axum::Json;
use axum::extract::{Extension, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sealgate_artifact::Code;
use sealgate_authority::{Check, Health};
use sealgate_wire::CheckView;
use serde_json::json;

use crate::problem::Problem;
use crate::request_id::RequestId;

/// Whether the server takes requests; with `?checks`, every check by which that is known, too. A check that leaves the server
/// ready does not change the status.
pub(crate) async fn readyz(
    State(health): State<Health>,
    Extension(id): Extension<RequestId>,
    RawQuery(query): RawQuery,
) -> Response {
    let checks = health.checks().await;
    let stops = checks.iter().find(|check| check.stops()).and_then(|check| check.trouble.as_ref());
    let (status, mut body) = match stops {
        None => (StatusCode::OK, json!({ "status": "ready" })),
        Some(why) => {
            let problem = Problem::because(Code::Unavailable, format!("{why}. {}", why.fix()), &id);
            (
                StatusCode::SERVICE_UNAVAILABLE,
                serde_json::to_value(problem.body()).expect("text can be written"),
            )
        }
    };
    // What an operator must know, ready or not.
    if let Some(gap) = health.went_back() {
        body["database_went_back"] = json!({ "from": gap.from, "to": gap.to });
    }
    if query.as_deref() == Some("checks") {
        body["checks"] = checks.iter().map(|check| json!(view(check))).collect();
    }
    (status, Json(body)).into_response()
}

fn view(check: &Check) -> CheckView {
    let trouble = check.trouble.as_ref();
    CheckView {
        name: check.name.to_owned(),
        ok: trouble.is_none(),
        message: trouble.map(ToString::to_string),
        fix: trouble.map(|trouble| trouble.fix().to_owned()),
    }
}

/// Whether the server and its database answer.
pub(crate) async fn healthz(State(health): State<Health>, Extension(id): Extension<RequestId>) -> Response {
    match health.alive().await {
        Ok(()) => Json(json!({ "status": "ok" })).into_response(),
        Err(_) => Problem::plain(Code::Unavailable, &id).into_response(),
    }
}
