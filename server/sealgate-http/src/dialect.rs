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
    if uri.path().starts_with("/auth/") {
        return auth_wire::refuse(Code::NotFound);
    }
    // Said otherwise than of an id that nobody has: here the address is wrong, or the version of the server.
    let message = "This server has no such path: /api/v1/openapi.json lists those that there are.".to_owned();
    Problem::because(Code::NotFound, message, &id).into_response()
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
