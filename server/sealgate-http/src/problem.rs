//! Errors of our own API as bodies (`spec/http.md` §1.4).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sealgate_artifact::Code;
use sealgate_authority::AuthorityError;

use crate::body::Unreadable;
use crate::misfit::Misfit;
use crate::request_id::RequestId;
use crate::retry;

/// A failed request to `/api/v1/*`.
pub(crate) struct Problem {
    code: Code,
    message: String,
    field: Option<Box<str>>,
    license_id: Option<Box<str>>,
    customer_id: Option<Box<str>>,
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
        let license_id = match error {
            AuthorityError::ExternalIdTaken(license) => Some(license.to_string().into()),
            _ => None,
        };
        let customer_id = match error {
            AuthorityError::CustomerTaken(customer) => Some(customer.to_string().into()),
            _ => None,
        };
        Self {
            field: error.field().map(Into::into),
            license_id,
            customer_id,
            retry_after: error.retry_after(),
            ..Self::because(code, error.public_message(), id)
        }
    }

    /// The body cannot be read.
    pub(crate) fn unreadable(why: Unreadable, id: &RequestId) -> Self {
        Self::misfit(why.code, why.misfit, id)
    }

    /// A field does not fit.
    pub(crate) fn misfit(code: Code, misfit: Misfit, id: &RequestId) -> Self {
        let message = misfit.message();
        Self { field: misfit.field.map(Into::into), ..Self::because(code, message, id) }
    }

    pub(crate) fn plain(code: Code, id: &RequestId) -> Self {
        Self::because(code, code.meaning().to_owned(), id)
    }

    pub(crate) fn because(code: Code, message: String, id: &RequestId) -> Self {
        let request_id = id.0.clone();
        Self {
            code,
            message,
            field: None,
            license_id: None,
            customer_id: None,
            request_id,
            retry_after: None,
        }
    }

    pub(crate) fn invalid(message: &str, id: &RequestId) -> Self {
        Self::because(Code::MalformedRequest, message.to_owned(), id)
    }
}

impl Problem {
    /// What the caller reads.
    pub(crate) fn body(self) -> sealgate_wire::Problem {
        let Self { code, message, field, license_id, customer_id, request_id, retry_after } = self;
        let code = code.to_string();
        let [field, license_id, customer_id] =
            [field, license_id, customer_id].map(|text| text.map(String::from));
        sealgate_wire::Problem { code, message, request_id, field, license_id, customer_id, retry_after }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (code, retry_after) = (self.code, self.retry_after);
        let body = self.body();
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
