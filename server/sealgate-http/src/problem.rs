//! Errors of our own API as bodies (`spec/http.md` §1.4).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sealgate_artifact::Code;
use sealgate_authority::AuthorityError;

use crate::body::Unreadable;
use crate::request_id::RequestId;
use crate::retry;

/// A failed request to `/api/v1/*`.
pub(crate) struct Problem {
    code: Code,
    message: String,
    request_id: String,
    retry_after: Option<u32>,
}

impl Problem {
    /// A use case said no, or failed; failures are logged with what the caller is not told.
    pub(crate) fn of(error: &AuthorityError, id: &RequestId) -> Self {
        let code = error.code();
        if error.is_failure() {
            tracing::error!(request_id = id.0, %code, %error, "a request failed");
        }
        Self {
            code,
            message: error.public_message(),
            request_id: id.0.clone(),
            retry_after: error.retry_after(),
        }
    }

    /// The body cannot be read.
    pub(crate) fn unreadable(why: Unreadable, id: &RequestId) -> Self {
        Self { code: why.code, message: why.why, request_id: id.0.clone(), retry_after: None }
    }

    pub(crate) fn plain(code: Code, id: &RequestId) -> Self {
        Self::because(code, code.meaning().to_owned(), id)
    }

    pub(crate) fn because(code: Code, message: String, id: &RequestId) -> Self {
        Self { code, message, request_id: id.0.clone(), retry_after: None }
    }

    pub(crate) fn invalid(message: &str, id: &RequestId) -> Self {
        Self {
            code: Code::MalformedRequest,
            message: message.to_owned(),
            request_id: id.0.clone(),
            retry_after: None,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { code, message, request_id, retry_after } = self;
        let body = sealgate_wire::Problem { code: code.to_string(), message, request_id, retry_after };
        let mut response = (status_of(code.http_status()), Json(body)).into_response();
        retry::say(&mut response, retry_after);
        if code == Code::TokenInvalid {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// A status of the table of codes.
pub(crate) fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("the table of codes holds HTTP statuses")
}
