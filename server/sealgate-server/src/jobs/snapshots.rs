//! The jobs that list what was revoked and sign revocation data (`spec/revocation.md` §1.7, §7.1).

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

/// Lists what is left of revoked licenses, some rows in each transaction.
pub(super) async fn list(turn: &mut Turn<'_>) -> Result<(), AuthorityError> {
    let snapshots = turn.snapshots().clone();
    while snapshots.list_left().await? {
        if !turn.keep("").await? {
            return Ok(());
        }
    }
    Ok(())
}
