//! Refusals outside any handler, in the dialect of the path: our own API's, or AuthForge's.

use axum::extract::Extension;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use sealgate_artifact::Code;

use crate::auth_wire;
use crate::problem::Problem;
use crate::request_id::RequestId;

/// The fallback for paths that do not exist, in the dialect of the path.
pub(crate) async fn no_such_path(uri: Uri, Extension(id): Extension<RequestId>) -> Response {
    in_dialect(&uri, Code::NotFound, &id)
}

/// The fallback for methods that a path does not answer.
pub(crate) async fn wrong_method(uri: Uri, Extension(id): Extension<RequestId>) -> Response {
    in_dialect(&uri, Code::MethodNotAllowed, &id)
}

/// A failure outside any handler, in the dialect of its path.
pub(crate) fn in_dialect(uri: &Uri, code: Code, id: &RequestId) -> Response {
    if uri.path().starts_with("/auth/") {
        auth_wire::refuse(code)
    } else {
        Problem::plain(code, id).into_response()
    }
}
