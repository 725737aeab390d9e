//! The list of every route.

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use sealgate_authority::{Health, Ids, SnapshotFiles};
use sealgate_control::Control;
use sealgate_runtime::{AuthForge, Online, Runtime, TrustUpdates};

use crate::address::Proxies;
use crate::api::Vendor;
use crate::body::LongBodies;
use crate::entry::{self, Entry};
use crate::{api, auth_wire, dialect, health, online, openapi, snapshot};

/// What a server shows: each side that it has.
pub struct Sides {
    /// What the vendor does.
    pub control: Option<Arc<Control>>,
    /// What running software asks.
    pub runtime: Option<Runtime>,
    /// Whether the server can work.
    pub health: Health,
    /// Revocation data, for anybody.
    pub snapshots: SnapshotFiles,
    /// Names requests.
    pub ids: Ids,
}

/// What an operator may set about this face.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Proxies whose word on a client's address is taken.
    pub trusted_proxies: Vec<ipnet::IpNet>,
}

/// Every path of a server.
pub fn router(sides: Sides, settings: &Settings) -> Router {
    let Sides { control, runtime, health, snapshots, ids } = sides;
    let proxies = Proxies::new(settings.trusted_proxies.clone());
    let mut router = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .with_state(health)
        .merge(
            Router::new()
                .route("/api/v1/snapshot", get(snapshot::newest))
                .with_state(snapshot::Downloads::new(snapshots)),
        );
    if let Some(runtime) = runtime {
        router = router
            .merge(of_authforge().with_state(runtime.authforge))
            .merge(of_online().with_state(runtime.online))
            .merge(of_trust().with_state(runtime.trust));
    }
    if let Some(control) = control {
        router = router.merge(of_vendor().with_state(Vendor(control)));
    }
    router.fallback(dialect::no_such_path).method_not_allowed_fallback(dialect::wrong_method).layer(
        middleware::from_fn_with_state(
            Entry { ids, proxies, long_bodies: LongBodies::new() },
            entry::receive,
        ),
    )
}

/// What clients ask that were written for AuthForge.
fn of_authforge() -> Router<Arc<AuthForge>> {
    Router::new()
        .route("/auth/validate", post(auth_wire::validate))
        .route("/auth/heartbeat", post(auth_wire::heartbeat))
        .route("/auth/selfban", post(auth_wire::self_ban))
        .route("/auth/offline/activate", post(auth_wire::activate_offline))
}

/// What our own clients ask.
fn of_online() -> Router<Arc<Online>> {
    Router::new()
        .route("/api/v1/validate", post(online::validate))
        .route("/api/v1/release", post(online::release))
        .route("/api/v1/activate", post(online::activate))
        .route("/api/v1/deactivate", post(online::deactivate))
        .route("/api/v1/heartbeat", post(online::heartbeat))
}

/// What anybody asks.
fn of_trust() -> Router<Arc<TrustUpdates>> {
    Router::new().route("/api/v1/trust", get(online::trust))
}

/// What the vendor does.
fn of_vendor() -> Router<Vendor> {
    let mut router = Router::new().route("/api/v1/openapi.json", get(openapi::show));
    for operation in api::operations() {
        router = router.route(operation.path, operation.handler);
    }
    router
}
