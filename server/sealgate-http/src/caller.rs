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

/// The scope that a route needs; each route of the management API carries one.
#[derive(Clone, Copy)]
pub(crate) struct Needs(pub(crate) Scope);

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
        // A route without a scope is a mistake of ours, and open to nobody.
        let needs = parts.extensions.get::<Needs>();
        if needs.is_some_and(|needs| caller.scopes.allow(needs.0)) {
            Ok(Self { caller, id })
        } else {
            Err(Problem::plain(Code::ScopeMissing, &id))
        }
    }
}
