//! Who asks: the bearer token of a management request.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sealgate_artifact::Code;
use sealgate_authority::Source;
use sealgate_control::{Caller, Scope, Tokens};

use crate::address::ClientAddress;
use crate::problem::Problem;
use crate::request_id::RequestId;

/// What names a request that may come again (`spec/http.md` §3.7).
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// What an idempotency key does (`spec/http.md` §3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// The request is carried out once; a repetition gets the same answer.
    Once,
    /// The request is refused: a caller who sends a key relies on a promise that this operation does not make.
    Plainly,
}

/// What a route demands of every request. Each route of the management API carries one.
#[derive(Clone, Copy)]
pub(crate) struct Demands {
    /// The scope that it needs; none where every token will do.
    pub(crate) scope: Option<Scope>,
    /// Another one that it needs, too.
    pub(crate) also: Option<Scope>,
    /// What an idempotency key does.
    pub(crate) repeats: Repeats,
}

/// A management request that proved whom it speaks for.
pub(crate) struct Authenticated {
    pub(crate) caller: Caller,
    pub(crate) id: RequestId,
}

impl<S> FromRequestParts<S> for Authenticated
where
    S: Send + Sync,
    Tokens: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let id = RequestId::of(&parts.extensions);
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        // RFC 9110 §11.1: the scheme is read in any case.
        let credentials = header.and_then(|value| value.split_once(' '));
        let token =
            credentials.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token);
        let token = token.ok_or_else(|| Problem::plain(Code::TokenInvalid, &id))?;
        let ClientAddress(address) = ClientAddress::of(&parts.extensions);
        let source = Source { address: Some(address), request_id: &id.0 };
        let caller =
            Tokens::from_ref(state).authenticate(token, source).await.map_err(|e| Problem::of(&e, &id))?;
        // A route without demands is a mistake of ours, and open to nobody.
        let demands = parts.extensions.get::<Demands>();
        let demands = demands.ok_or_else(|| Problem::plain(Code::ScopeMissing, &id))?;
        let needed = [demands.scope, demands.also].into_iter().flatten();
        caller.scopes.need(needed).map_err(|e| Problem::of(&e, &id))?;
        // spec/http.md §3.7: after the scope, before anything that was kept under it.
        if demands.repeats == Repeats::Plainly && parts.headers.contains_key(IDEMPOTENCY_KEY) {
            return Err(Problem::invalid("idempotency-key: this operation takes none", &id));
        }
        Ok(Self { caller, id })
    }
}
