//! The job that forgets slots whose statements have ended (`spec/revocation.md` §1.4).

use sealgate_authority::AuthorityError;

use super::turn::Turn;

/// Looks through a part of a block after the other, and keeps where it is.
pub(super) async fn forget(turn: &mut Turn<'_>) -> Result<(), AuthorityError> {
    let upkeep = turn.upkeep().clone();
    while let Some(position) = upkeep.forget_slots(turn.position()).await? {
        if !turn.keep(position).await? {
            return Ok(());
        }
    }
    Ok(())
}
