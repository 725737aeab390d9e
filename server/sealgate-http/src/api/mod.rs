//! The management API (`spec/http.md` §3).

pub(crate) mod apps;
pub(crate) mod keys;
pub(crate) mod licenses;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use sealgate_artifact::Code;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::body;
use crate::problem::Problem;
use crate::request_id::RequestId;

/// Which part of a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    pub(crate) app_id: Option<String>,
    pub(crate) cursor: Option<String>,
    pub(crate) limit: Option<u32>,
}

/// The query, or the problem that names its mistake.
fn query(
    query: Result<axum::extract::Query<ListQuery>, QueryRejection>,
    id: &RequestId,
) -> Result<ListQuery, Problem> {
    query
        .map(|q| q.0)
        .map_err(|_| Problem::invalid("the query takes cursor, limit and, for licenses, app_id", id))
}

/// The identifier in a path. One that is not even text belongs to nothing, like any other that nobody has.
pub(crate) struct Id(String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let request = RequestId::of(&parts.extensions);
        let text = Path::from_request_parts(parts, state).await;
        text.map(|Path(text)| Self(text)).map_err(|_| Problem::plain(Code::NotFound, &request))
    }
}

/// A JSON body, or the problem that names its mistake.
pub(crate) struct Body<T>(T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let id = RequestId::of(request.extensions());
        body::read(request).await.map(Self).map_err(|why| Problem::unreadable(why, &id))
    }
}
