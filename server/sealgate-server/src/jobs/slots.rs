//! The job that forgets slots whose statements have ended (`spec/revocation.md` §1.4).

use sealgate_authority::AuthorityError;

use super::turn::Turn;

/// Parts of blocks that one run looks through: others write in between, and other jobs run.
const ROUNDS: u32 = 100;

/// Looks through a part of a block after the other, and keeps where it is: the next run goes on there. While nobody can tell how old
/// anything is, as in the first hour after a pause, it waits: else a server that is started every day would never forget.
pub(super) async fn forget(turn: &mut Turn<'_>) -> Result<(), AuthorityError> {
    let upkeep = turn.upkeep().clone();
    for _ in 0..ROUNDS {
        if !upkeep.tells_ages() {
            break;
        }
        let Some(position) = upkeep.forget_slots(turn.position()).await? else { return Ok(()) };
        if !turn.keep(position).await? {
            return Ok(());
        }
    }
    turn.pause();
    Ok(())
}
