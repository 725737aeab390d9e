//! Whether a caller may still act. Its request may have waited, for its body or for a turn, since its token was looked at.

use sealgate_artifact::{Code, UnixSeconds};
use sealgate_authority::{Actor, AuthorityError, Ids};
use sealgate_store::table::tokens;
use sealgate_store::{Read, Tx, Work};

use crate::Caller;

/// Refuses a caller whose token was revoked or has ended, or whose tenant is suspended.
pub(crate) async fn may_act(on: impl Read, caller: &Caller, now: UnixSeconds) -> Result<(), AuthorityError> {
    let Actor::Token(token) = caller.actor else { return Ok(()) };
    let found = tokens::standing(on, caller.tenant, token).await?;
    let standing = found.filter(|standing| is_in_force((standing.revoked_at, standing.expires_at), now));
    let standing = standing.ok_or(AuthorityError::Refused(Code::TokenInvalid))?;
    if standing.suspended_at.is_some() {
        return Err(AuthorityError::Refused(Code::TenantSuspended));
    }
    Ok(())
}

/// Whether a token is in force: it was not revoked, and has not ended.
pub(crate) fn is_in_force(
    (revoked_at, expires_at): (Option<UnixSeconds>, Option<UnixSeconds>),
    now: UnixSeconds,
) -> bool {
    revoked_at.is_none() && expires_at.is_none_or(|end| now < end)
}

/// Work that is done if the caller may still act then.
pub(crate) struct Asked<W> {
    caller: Caller,
    ids: Ids,
    work: W,
}

impl<W> Asked<W> {
    pub(crate) fn by(caller: &Caller, ids: &Ids, work: W) -> Self {
        Self { caller: caller.clone(), ids: ids.clone(), work }
    }
}

impl<W> Work for Asked<W>
where
    W: Work<Error = AuthorityError> + Sync,
{
    type Output = W::Output;
    type Error = AuthorityError;

    // spec/http.md §3.3: "A change is made only if that is so in its transaction".
    async fn run(&self, tx: &mut Tx<'_>) -> Result<W::Output, AuthorityError> {
        may_act(&mut *tx, &self.caller, self.ids.now()).await?;
        self.work.run(tx).await
    }
}
