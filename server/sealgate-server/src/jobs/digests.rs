//! The job that notes digests of license keys, by which machines without a network name their license (`spec/offline.md` §2.2).

use sealgate_authority::AuthorityError;

use super::turn::Turn;

/// Pages of licenses that one run looks through: other jobs run, too.
const PAGES: u32 = 50;

/// Looks through a page after the other, and keeps where it is: the next run goes on there.
pub(super) async fn note(turn: &mut Turn<'_>) -> Result<(), AuthorityError> {
    let offline = turn.offline().clone();
    for _ in 0..PAGES {
        let Some(position) = offline.note_digests(turn.position()).await? else { return Ok(()) };
        if !turn.keep(position).await? {
            return Ok(());
        }
    }
    turn.pause();
    Ok(())
}
