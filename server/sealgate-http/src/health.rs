//! `GET /healthz` and `GET /readyz` (`spec/http.md` §4).

use axum::Json;
use axum::extract::{Extension, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sealgate_artifact::Code;
use sealgate_authority::{Check, Checked, Health, NotReady, job_view};
use sealgate_wire::CheckView;
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::schema::{answer, object, problem, reference};

/// Whether the server takes requests; with `?checks`, every check by which that is known, too. A check that leaves the server
/// ready does not change the status.
pub(crate) async fn readyz(
    State(health): State<Health>,
    Extension(id): Extension<RequestId>,
    RawQuery(query): RawQuery,
) -> Response {
    let Checked { checks, jobs } = health.checks().await;
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
        body["database_went_back"] =
            json!({ "from": gap.from, "to": gap.to, "fix": NotReady::from(gap).fix() });
    }
    if let Some(trouble) =
        checks.iter().find(|check| check.name == "jobs").and_then(|check| check.trouble.as_ref())
    {
        body["jobs_in_trouble"] = trouble.to_string().into();
    }
    if matches!(query.as_deref(), Some("checks" | "checks=")) {
        let now = health.now();
        body["checks"] = checks.iter().map(|check| json!(view(check))).collect();
        body["jobs"] = jobs.iter().map(|job| json!(job_view(job, now))).collect();
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

/// Both in the OpenAPI document.
pub(crate) fn describe(document: &mut Value) {
    let status = |word: &str| json!({ "type": "string", "enum": [word] });
    let went_back = object(
        "How far the database came back older: its change counter.",
        &["from", "to", "fix"],
        &json!({
            "from": { "type": "integer", "format": "int64" }, "to": { "type": "integer", "format": "int64" },
            "fix": { "type": "string", "description": "What to do, and what the server waits for." },
        }),
    );
    let check = object(
        "One check of a server.",
        &["name", "ok"],
        &json!({
            "name": { "type": "string" }, "ok": { "type": "boolean" },
            "message": { "type": "string", "description": "What is wrong." },
            "fix": { "type": "string", "description": "What to do about it." },
        }),
    );
    let beside = json!({
        "checks": { "type": "array", "items": reference("CheckView"), "description": "With `?checks`: every check." },
        "jobs": { "type": "array", "items": reference("JobView"), "description": "With `?checks`: the jobs, where the server runs them." },
        "jobs_in_trouble": { "type": "string", "description": "Which jobs did not run when they should have, or failed last." },
        "database_went_back": reference("DatabaseWentBack"),
    });
    let mut ready = beside.clone();
    ready["status"] = status("ready");
    let schemas = &mut document["components"]["schemas"];
    schemas["CheckView"] = check;
    schemas["DatabaseWentBack"] = went_back;
    schemas["Alive"] =
        object("The server and its database answer.", &["status"], &json!({ "status": status("ok") }));
    schemas["Ready"] = object("The server takes requests.", &["status"], &ready);
    schemas["NotReady"] = json!({
        "description": "The server takes no requests.",
        "allOf": [problem(), { "type": "object", "properties": beside }],
    });
    document["paths"]["/healthz"]["get"] = json!({
        "operationId": "healthz",
        "tags": ["server"],
        "summary": "Whether the server and its database answer",
        "security": [],
        "responses": { "200": answer("yes", &reference("Alive")), "503": answer("the server cannot answer now", &problem()) },
    });
    document["paths"]["/readyz"]["get"] = json!({
        "operationId": "readyz",
        "tags": ["server"],
        "summary": "Whether the server takes requests",
        "security": [],
        "parameters": [{
            "name": "checks", "in": "query", "allowEmptyValue": true, "schema": { "type": "string", "maxLength": 0 },
            "description": "Every check, too. It has no value.",
        }],
        "responses": { "200": answer("yes", &reference("Ready")), "503": answer("not yet, or not now", &reference("NotReady")) },
    });
}
