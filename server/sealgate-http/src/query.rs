//! Queries of our own API.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use sealgate_artifact::Code;
use serde::de::DeserializeOwned;

use crate::misfit::Misfit;
use crate::problem::Problem;
use crate::request_id::RequestId;

/// A query, or the problem that it has.
pub(crate) struct QueryOf<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let request = RequestId::of(&parts.extensions);
        // PostgreSQL has no text with it, and no query needs it.
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(Problem::invalid("the query contains the character U+0000", &request));
        }
        let query = Query::from_request_parts(parts, state).await;
        query.map(|Query(query)| Self(query)).map_err(|rejected| {
            Problem::misfit(Code::MalformedRequest, Misfit::of_query(&rejected.body_text()), &request)
        })
    }
}

/// The query of an operation that takes none: whoever sends one means something that would not happen, such as `?dry_run=true`.
pub(crate) type NoQuery = QueryOf<Nothing>;

/// No parameter.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}
