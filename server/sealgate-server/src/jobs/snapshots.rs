//! The job that signs revocation data (`spec/revocation.md` §7.1).

use sealgate_authority::AuthorityError;

use super::turn::Turn;

/// Signs page by page, and keeps where it is after each. What goes wrong with one tenant stops no other.
pub(super) async fn sign(turn: &mut Turn<'_>) -> Result<(), AuthorityError> {
    let snapshots = turn.snapshots().clone();
    let mut outcome = Ok(());
    while let Some(step) = snapshots.step(turn.position()).await? {
        if let Some(failure) = step.failure {
            outcome = outcome.and(Err(failure));
        }
        if !turn.keep(step.position).await? {
            return Ok(());
        }
    }
    if outcome.is_err() {
        // The next run begins with the first tenant again.
        turn.keep("").await?;
    }
    outcome
}
