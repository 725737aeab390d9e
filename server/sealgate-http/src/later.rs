//! When asking again may help (`spec/http.md` §1.7).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

/// Seconds after which a server that cannot answer now may be asked again.
const LATER: HeaderValue = HeaderValue::from_static("1");

/// Says of every 503, on each wire, when to ask again.
pub(crate) async fn say_when(mut response: Response) -> Response {
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(LATER);
    }
    response
}
