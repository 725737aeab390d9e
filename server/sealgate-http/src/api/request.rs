//! What operations take from a request, and how their results become answers.

use std::borrow::Cow;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use sealgate_artifact::Code;
use sealgate_authority::AuthorityError;
use sealgate_control::{BundleFile, Caller, Once};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::body::{self, BODY_BYTES, LONG_BODY_BYTES, LongBodies, Unreadable};
use crate::caller::{Authenticated, IDEMPOTENCY_KEY};
use crate::problem::{Problem, status_of};
use crate::request_id::RequestId;

const IDEMPOTENCY_KEY_BYTES: usize = 128;

/// The identifier in a path. One that is not even text belongs to nothing, like any other that nobody has.
pub(crate) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let request = RequestId::of(&parts.extensions);
        let text = Path::from_request_parts(parts, state).await;
        text.map(|Path(text)| Self(text)).map_err(|_| Problem::plain(Code::NotFound, &request))
    }
}

/// A JSON body, or the problem that it has; and what the request was named, if it was.
pub(crate) struct Body<T, const MOST: usize = BODY_BYTES> {
    value: T,
    once: Option<Once>,
}

impl<S: Send + Sync, T: DeserializeOwned + Serialize, const MOST: usize> FromRequest<S> for Body<T, MOST> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let id = RequestId::of(request.extensions());
        let key = idempotency_key(request.headers(), &id)?;
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let unreadable = |why: Unreadable| Problem::unreadable(why, &id);
        let turns = LongBodies::of(request.extensions());
        let bytes = turns.collect(MOST, request.into_body()).await.map_err(unreadable)?;
        let read = if bytes.is_empty() { b"{}" } else { &bytes[..] };
        // What brings a file has no object inside, and is not held three times more.
        let value = if MOST > LONG_BODY_BYTES { body::parse(read) } else { body::parse_strictly(read) };
        let value = value.map_err(unreadable)?;
        let once = key.map(|key| {
            Once::new(key, &[method.as_str().as_bytes(), path.as_bytes(), &unconditional(&bytes)])
        });
        Ok(Self { value, once })
    }
}

impl<T, const MOST: usize> Body<T, MOST> {
    /// The body. The caller learns the request's idempotency key with it.
    pub(super) fn for_caller(self, caller: &mut Caller) -> T {
        caller.once = self.once;
        self.value
    }
}

/// The body without the condition under which it is carried out (spec/http.md §3.7): "the field `if_version` (§3.2) may differ,
/// or be absent".
fn unconditional(body: &[u8]) -> Cow<'_, [u8]> {
    let object = serde_json::from_slice::<serde_json::Map<String, Value>>(body).ok();
    let without = object.and_then(|mut object| object.remove("if_version").map(|_| object));
    match without {
        Some(object) => Cow::Owned(serde_json::to_vec(&object).expect("JSON can be written")),
        None => Cow::Borrowed(body),
    }
}

fn idempotency_key(headers: &HeaderMap, id: &RequestId) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    // Of two keys, none is meant more than the other.
    let only = Some(value).filter(|_| values.next().is_none());
    let key = only.and_then(|value| value.to_str().ok()).filter(|key| {
        (1..=IDEMPOTENCY_KEY_BYTES).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic())
    });
    let invalid = || Problem::invalid("idempotency-key: one, of 1 to 128 visible ASCII characters", id);
    key.map(|key| Some(key.to_owned())).ok_or_else(invalid)
}

impl Authenticated {
    /// What a use case came to, as an answer.
    pub(super) fn answer<T: Serialize>(
        &self,
        (status, media_type): (u16, &'static str),
        done: Result<T, AuthorityError>,
    ) -> Response {
        match done {
            Ok(value) => {
                let status = status_of(status);
                let body = serde_json::to_vec(&value).expect("answers can be written");
                // Some answers hold secrets.
                let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-store")];
                (status, headers, body).into_response()
            }
            Err(error) => Problem::of(&error, &self.id).into_response(),
        }
    }

    /// A file as an answer.
    pub(super) fn answer_file(
        &self,
        (status, media_type): (u16, &'static str),
        done: Result<BundleFile, AuthorityError>,
    ) -> Response {
        match done {
            Ok(BundleFile { name, bytes }) => {
                // Made of digits and fixed words.
                let disposition = format!("attachment; filename=\"{name}\"");
                let headers = [
                    (header::CONTENT_TYPE, media_type.to_owned()),
                    (header::CONTENT_DISPOSITION, disposition),
                    (header::CACHE_CONTROL, "no-store".to_owned()),
                ];
                (status_of(status), headers, bytes).into_response()
            }
            Err(error) => Problem::of(&error, &self.id).into_response(),
        }
    }
}
