//! Who a token speaks for.

use sealgate_artifact::Code;
use sealgate_store::read;

use crate::{Authority, AuthorityError, Caller};

/// The caller behind a token. One answer for unknown, expired and revoked.
pub async fn authenticate(a: &Authority, token: &str, request_id: &str) -> Result<Caller, AuthorityError> {
    let found = read::tokens::by_hash(&a.db, &a.secrets.token(token)).await?;
    let now = a.now();
    let token = found
        .filter(|t| t.revoked_at.is_none() && t.expires_at.is_none_or(|end| now < end))
        .ok_or(AuthorityError::Refused(Code::TokenInvalid))?;
    Ok(Caller { tenant: token.tenant, token: token.id, request_id: request_id.to_owned() })
}
