//! The jobs that list what was revoked and sign revocation data (`spec/revocation.md` §1.7, §7.1).

use sealgate_artifact::TenantId;
use sealgate_authority::AuthorityError;

use super::turn::Turn;

/// Transactions in which one run lists what is left of revoked licenses.
const ROUNDS: u32 = 20;

/// Signs page by page, and keeps where it is after each. What goes wrong with one tenant stops no other, and whoever signs for
/// itself just now is waited for once all others are done.
pub(super) async fn sign(turn: &mut Turn<'_>) -> Result<(), AuthorityError> {
    let snapshots = turn.snapshots().clone();
    let (mut outcome, mut busy) = (Ok(()), vec![]);
    while let Some(step) = snapshots.step(turn.position()).await? {
        if let Some(failure) = step.failure {
            outcome = outcome.and(Err(failure));
        }
        busy.extend(step.busy);
        if !turn.keep(step.position).await? {
            return Ok(());
        }
    }
    for tenant in busy {
        match sign_late(turn, tenant).await? {
            None => return Ok(()),
            Some(done) => outcome = outcome.and(done),
        }
    }
    if outcome.is_err() {
        // The next run begins with the first tenant again.
        turn.keep("").await?;
    }
    outcome
}

/// Signs what is due of one tenant. `None`: the job must return now.
async fn sign_late(
    turn: &mut Turn<'_>,
    tenant: TenantId,
) -> Result<Option<Result<(), AuthorityError>>, AuthorityError> {
    let (snapshots, mut at) = (turn.snapshots().clone(), String::new());
    loop {
        let step = snapshots.step_of(tenant, &at).await?;
        // Whoever takes the job over finds all others done.
        let kept = turn.position().to_owned();
        if !turn.keep(kept).await? {
            return Ok(None);
        }
        if let Some(failure) = step.failure {
            return Ok(Some(Err(failure)));
        }
        if !step.is_within {
            return Ok(Some(Ok(())));
        }
        at = step.position;
    }
}

/// Lists what is left of revoked licenses, some rows in each transaction. The next run goes on: other jobs of the lane have to be done in
/// between.
pub(super) async fn list(turn: &mut Turn<'_>) -> Result<(), AuthorityError> {
    let snapshots = turn.snapshots().clone();
    for _ in 0..ROUNDS {
        if !snapshots.list_left().await? || !turn.keep("").await? {
            return Ok(());
        }
    }
    turn.pause();
    Ok(())
}
