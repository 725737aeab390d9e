//! Queries of our own API.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

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
        // What the reader says may hold what was sent; the document names what may be.
        let why =
            "the query is not of the documented form: an unknown parameter, or a value of the wrong type";
        query.map(|Query(query)| Self(query)).map_err(|_| Problem::invalid(why, &request))
    }
}
