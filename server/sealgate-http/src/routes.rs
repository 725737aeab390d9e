//! The list of every route.

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use sealgate_authority::Authority;

use crate::{api, auth_wire, deadline, health, problem, request_id};

/// Every path of the server, over one [`Authority`].
pub fn router(authority: Arc<Authority>) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/auth/validate", post(auth_wire::validate))
        .route("/api/v1/apps", post(api::apps::create).get(api::apps::list))
        .route("/api/v1/apps/{app_id}", get(api::apps::show))
        .route("/api/v1/apps/{app_id}/trust", get(api::apps::trust))
        .route("/api/v1/keys", get(api::keys::list))
        .route("/api/v1/keys/rotate", post(api::keys::rotate))
        .route("/api/v1/keys/{keyid}/revoke", post(api::keys::revoke))
        .route("/api/v1/licenses", post(api::licenses::issue).get(api::licenses::list))
        .route("/api/v1/licenses/lookup", post(api::licenses::look_up))
        .route("/api/v1/licenses/{license_id}", get(api::licenses::show))
        .route("/api/v1/licenses/{license_id}/file", get(api::licenses::file))
        .route("/api/v1/licenses/{license_id}/revoke", post(api::licenses::revoke))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(middleware::from_fn(deadline::give_up_in_time))
        .layer(middleware::from_fn_with_state(Arc::clone(&authority), request_id::assign))
        .with_state(authority)
}
