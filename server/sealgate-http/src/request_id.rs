//! Every request has a name that finds it in the log.

use axum::extract::{MatchedPath, Request};
use axum::http::{Extensions, HeaderName, HeaderValue, Method};
use axum::response::Response;
use sealgate_authority::Ids;

pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The name of the request at hand. Always the server's own: a client's would let it forge its traces.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    /// The name that [`Named::name`] gave.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().expect("every request is named first")
    }
}

/// What is told of a request once it is answered.
pub(crate) struct Named {
    id: String,
    /// The route, not the path: a client may have put a key where none belongs.
    route: Option<MatchedPath>,
    method: Method,
}

impl Named {
    /// Names a request.
    pub(crate) fn name(request: &mut Request, ids: &Ids) -> Self {
        let id = ids.request_id();
        request.extensions_mut().insert(RequestId(id.clone()));
        let route = request.extensions().get::<MatchedPath>().cloned();
        Self { id, route, method: request.method().clone() }
    }

    /// Writes the name on the answer, unless the handler gave a better one.
    pub(crate) fn answered(self, response: &mut Response) {
        let value = || HeaderValue::from_str(&self.id).expect("hexadecimal digits are a header value");
        let status = response.status().as_u16();
        let id = response.headers_mut().entry(HEADER).or_insert_with(value);
        let route = self.route.as_ref().map(MatchedPath::as_str);
        tracing::debug!(request_id = ?id, method = %self.method, route, status, "answered");
    }
}
