//! No request holds its resources forever.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use sealgate_artifact::Code;

use crate::dialect;
use crate::request_id::RequestId;

/// A request that takes longer is given up. Blocks connections that trickle their body.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Answers `unavailable` when the handler takes too long. What it had asked of the database may still happen.
pub(crate) async fn give_up_in_time(request: Request, next: Next) -> Response {
    let (uri, id) = (request.uri().clone(), RequestId::of(request.extensions()));
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => dialect::in_dialect(&uri, Code::Unavailable, &id),
    }
}
