//! Every request has a name that finds it in the log.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Extensions, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use sealgate_authority::Ids;

use crate::retry;

pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The name of the request at hand. Always the server's own: a client's would let it forge its traces.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    /// The name that [`assign`] gave.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().expect("every request is named first")
    }
}

/// Names the request and writes the name on its answer, unless the handler gave a better one.
pub(crate) async fn assign(State(ids): State<Ids>, mut request: Request, next: Next) -> Response {
    let id = ids.request_id();
    request.extensions_mut().insert(RequestId(id.clone()));
    // The route, not the path: a client may have put a key where none belongs.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let mut response = next.run(request).await;
    retry::always_say(&mut response);
    let value = || HeaderValue::from_str(&id).expect("hexadecimal digits are a header value");
    let id = response.headers_mut().entry(HEADER).or_insert_with(value).clone();
    let route = route.as_ref().map(MatchedPath::as_str);
    tracing::debug!(request_id = ?id, %method, route, status = response.status().as_u16(), "answered");
    response
}
