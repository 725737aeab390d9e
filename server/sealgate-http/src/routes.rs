//! The list of every route.

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use sealgate_authority::{Health, Ids};
use sealgate_control::Control;
use sealgate_runtime::Runtime;

use crate::{Settings, address, api, auth_wire, deadline, health, online, openapi, problem, request_id};

/// What a server shows: each side that it has.
pub struct Sides {
    /// What the vendor does.
    pub control: Option<Arc<Control>>,
    /// What running software asks.
    pub runtime: Option<Arc<Runtime>>,
    /// Whether the server can work.
    pub health: Health,
    /// Names requests.
    pub ids: Ids,
}

/// Every path of a server.
pub fn router(sides: Sides, settings: &Settings) -> Router {
    let Sides { control, runtime, health, ids } = sides;
    let mut router = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .with_state(health);
    if let Some(runtime) = runtime {
        router = router.merge(of_runtime().with_state(runtime));
    }
    if let Some(control) = control {
        router = router.merge(of_control().with_state(control));
    }
    router
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(middleware::from_fn(deadline::give_up_in_time))
        .layer(middleware::from_fn_with_state(settings.trusted_proxies.clone(), address::find))
        .layer(middleware::from_fn_with_state(ids, request_id::assign))
}

/// What running software asks.
fn of_runtime() -> Router<Arc<Runtime>> {
    Router::new()
        .route("/api/v1/validate", post(online::validate))
        .route("/api/v1/trust", get(online::trust))
        .route("/auth/validate", post(auth_wire::validate))
        .route("/auth/heartbeat", post(auth_wire::heartbeat))
        .route("/auth/selfban", post(auth_wire::self_ban))
        .route("/auth/offline/activate", post(auth_wire::activate_offline))
}

/// What the vendor does.
fn of_control() -> Router<Arc<Control>> {
    let operations = api::operations();
    let document = openapi::document(&operations);
    let mut router = Router::new().route("/api/v1/openapi.json", get(async move || openapi::show(&document)));
    for operation in operations {
        router = router.route(operation.path, operation.handler);
    }
    router
}
