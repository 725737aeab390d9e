//! The list of every route.

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use sealgate_authority::Authority;

use crate::{Settings, address, api, auth_wire, deadline, health, online, openapi, problem, request_id};

/// Every path of the server, over one [`Authority`], as far as its role goes.
pub fn router(authority: Arc<Authority>, settings: &Settings) -> Router {
    let mut router =
        Router::new().route("/healthz", get(health::healthz)).route("/readyz", get(health::readyz));
    if authority.role().has_runtime() {
        router = router.merge(runtime());
    }
    if authority.role().has_control() {
        router = router.merge(control());
    }
    router
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(middleware::from_fn(deadline::give_up_in_time))
        .layer(middleware::from_fn_with_state(settings.trusted_proxies.clone(), address::find))
        .layer(middleware::from_fn_with_state(Arc::clone(&authority), request_id::assign))
        .with_state(authority)
}

/// What running software asks.
fn runtime() -> Router<Arc<Authority>> {
    Router::new()
        .route("/api/v1/validate", post(online::validate))
        .route("/api/v1/trust", get(online::trust))
        .route("/auth/validate", post(auth_wire::validate))
        .route("/auth/heartbeat", post(auth_wire::heartbeat))
        .route("/auth/selfban", post(auth_wire::self_ban))
        .route("/auth/offline/activate", post(auth_wire::activate_offline))
}

/// What the vendor does.
fn control() -> Router<Arc<Authority>> {
    let operations = api::operations();
    let document = openapi::document(&operations);
    let mut router = Router::new().route("/api/v1/openapi.json", get(async move || openapi::show(&document)));
    for operation in operations {
        router = router.route(operation.path, operation.handler);
    }
    router
}
