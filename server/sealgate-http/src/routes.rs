//! The list of every route.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post};
use sealgate_authority::Authority;
use tower_http::timeout::TimeoutLayer;

use crate::{api, auth_wire, health, problem, request_id};

/// A request that takes longer is given up. Blocks connections that trickle their body.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Every path of the server, over one [`Authority`].
pub fn router(authority: Arc<Authority>) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/auth/validate", post(auth_wire::validate))
        .route("/api/v1/apps", post(api::apps::create).get(api::apps::list))
        .route("/api/v1/apps/{app_id}", get(api::apps::show))
        .route("/api/v1/apps/{app_id}/trust", get(api::apps::trust))
        .route("/api/v1/licenses", post(api::licenses::issue).get(api::licenses::list))
        .route("/api/v1/licenses/lookup", post(api::licenses::look_up))
        .route("/api/v1/licenses/{license_id}", get(api::licenses::show))
        .route("/api/v1/licenses/{license_id}/file", get(api::licenses::file))
        .route("/api/v1/licenses/{license_id}/revoke", post(api::licenses::revoke))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT))
        .layer(middleware::from_fn_with_state(Arc::clone(&authority), request_id::assign))
        .with_state(authority)
}
