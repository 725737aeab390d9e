//! What every request goes through, whatever it asks.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use sealgate_authority::Ids;

use crate::address::Proxies;
use crate::body::LongBodies;
use crate::deadline;
use crate::request_id::Named;
use crate::retry;

/// What requests are received with.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) ids: Ids,
    pub(crate) proxies: Arc<Proxies>,
    pub(crate) long_bodies: LongBodies,
}

/// As one layer: around each of several, axum would put boxes that every request copies.
pub(crate) async fn receive(State(entry): State<Entry>, mut request: Request, next: Next) -> Response {
    let named = Named::name(&mut request, &entry.ids);
    entry.proxies.find(&mut request);
    request.extensions_mut().insert(entry.long_bodies);
    let mut response = deadline::give_up_in_time(request, next).await;
    retry::always_say(&mut response);
    named.answered(&mut response);
    response
}
