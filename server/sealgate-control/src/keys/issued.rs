//! When a tenant's keyset says that it was signed: not before anything that its retired keys signed.

use sealgate_artifact::{TenantKeyset, UnixSeconds};
use sealgate_authority::{AuthorityError, CLOCK_TOLERANCE_SECONDS};
use sealgate_store::Db;
use sealgate_store::table::{KeyStage, audit, events, shards, snapshots};

use super::ring::Ring;

/// `spec/revocation.md` §5.4: readers refuse what a retired key signed after the keyset that retired it. The clock of another server, or
/// this one's before it was set, may have been a little ahead: so it is not before the keyset that this one follows, nor before
/// the tenant's newest record and revocation data, as whatever else is signed for a tenant leaves a record. What is from further in the
/// future was signed by a clock that was ahead, and is made anew. A page of shards that another process stores between this reading and
/// the change may be newer: the same run signs it anew with the next key, before a snapshot names it.
pub(super) async fn issued_after(
    db: &Db,
    now: UnixSeconds,
    ring: &Ring,
    last: &TenantKeyset,
) -> Result<UnixSeconds, AuthorityError> {
    let mut before = vec![last.issued_at];
    if ring.keys.iter().any(|key| key.state == KeyStage::Retired) {
        let newest = events::list(db, last.tenant, &events::Filter::Any, None, 1).await?;
        before.extend(newest.iter().map(|event| event.at));
        before.push(shards::newest_at(db, last.tenant).await?);
        before.extend(snapshots::newest(db, last.tenant).await?.map(|newest| newest.issued_at));
        before.extend(audit::list(db, last.tenant, None, 1).await?.iter().map(|row| row.at));
    }
    let latest = now.plus(CLOCK_TOLERANCE_SECONDS);
    Ok(before.into_iter().filter(|at| *at <= latest).max().map_or(now, |before| before.max(now)))
}
