//! When a shard or a snapshot is to be signed anew (`spec/revocation.md` §3.2, §7.1).

use sealgate_artifact::{PublicKey, UnixSeconds};
use sealgate_authority::CLOCK_TOLERANCE_SECONDS;
use sealgate_store::table::{BlockListed, ShardRow, ShardSum, SnapshotRow};

/// When there is a newer one at the latest.
pub(super) const DAY: u64 = 24 * 60 * 60;
/// What was signed so long ago is signed anew: so the newer one is there before the day is over.
const RENEWED_AFTER: u64 = DAY - 10 * 60;

/// What is to be done about a block's shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing.
    No,
    /// It is signed if it lists anything else than before.
    IfChanged,
    /// It is signed.
    Yes,
}

/// What is to be done about the shard of this block, for a tenant whose snapshots that key signs.
pub(super) fn of_block(
    block: &BlockListed,
    shard: Option<&ShardRow>,
    (signer, now): (PublicKey, UnixSeconds),
) -> Due {
    let Some(shard) = shard else { return Due::Yes };
    if shard.signer != signer || is_old(shard.issued_at, now) {
        return Due::Yes;
    }
    let Some(listed_at) = block.listed_at else { return Due::No };
    let (soon, after) = (now.plus(CLOCK_TOLERANCE_SECONDS), listed_at.plus(CLOCK_TOLERANCE_SECONDS));
    match () {
        // The clock of whoever listed it is ahead: it would be newer than each shard that is signed meanwhile.
        () if listed_at > soon => Due::IfChanged,
        () if listed_at > shard.issued_at => Due::Yes,
        // In the very second, before or after the list was read.
        () if listed_at == shard.issued_at => Due::IfChanged,
        // Another server's clock may be behind, and what it lists may be stored a little after it looked at the clock.
        () if after >= shard.issued_at && after.plus(CLOCK_TOLERANCE_SECONDS) >= now => Due::IfChanged,
        () => Due::No,
    }
}

/// Whether the tenant's snapshot is to be signed: it lacks a shard, is old, or names other keysets than those of now.
pub(super) fn of_snapshot(
    newest: Option<&SnapshotRow>,
    sum: &ShardSum,
    chain: &str,
    (signer, now): (PublicKey, UnixSeconds),
) -> bool {
    newest.is_none_or(|newest| {
        newest.signer != signer
            || is_old(newest.issued_at, now)
            || (newest.shards, newest.versions) != (sum.shards, sum.versions)
            || newest.chain != chain
    })
}

/// Signed too long ago, or by a clock that was ahead.
fn is_old(issued_at: UnixSeconds, now: UnixSeconds) -> bool {
    issued_at.plus(RENEWED_AFTER) <= now || issued_at > now.plus(CLOCK_TOLERANCE_SECONDS)
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::{AppId, PublicKey, StatementId, UnixSeconds};
    use sealgate_store::table::{BlockListed, ShardRow};

    use super::{Due, of_block};

    /// Long after 1970, as clocks show.
    const NOW: u64 = 1_800_000_000;

    fn at(n: u64) -> UnixSeconds {
        UnixSeconds::new(n).expect("in range")
    }

    fn due(issued_at: u64, listed_at: Option<u64>) -> Due {
        let (app, key) = (AppId::from_bytes([0; 16]), PublicKey::from_bytes([1; 32]));
        let block = BlockListed { app, block: 0, listed_at: listed_at.map(at) };
        let id = StatementId::from_bytes([0; 32]);
        let shard =
            ShardRow { app, block: 0, version: 1, issued_at: at(issued_at), listed: 0, signer: key, id };
        of_block(&block, Some(&shard), (key, at(NOW)))
    }

    #[test]
    fn a_shard_is_due_when_something_may_have_been_listed_since() {
        for (issued_at, listed_at, expected) in [
            (NOW - 60, None, Due::No),
            (NOW - 60, Some(NOW - 30), Due::Yes),
            (NOW - 60, Some(NOW - 60), Due::IfChanged),
            (NOW - 7200, Some(NOW - 7200), Due::IfChanged),
            // Its server's clock is four minutes behind, or it was stored late.
            (NOW - 60, Some(NOW - 300), Due::IfChanged),
            (NOW - 60, Some(NOW - 361), Due::No),
            (NOW - 3600, Some(NOW - 3700), Due::No),
            (NOW - 60, Some(NOW + 301), Due::IfChanged),
            (NOW - 24 * 3600 + 601, None, Due::No),
            (NOW - 24 * 3600 + 600, None, Due::Yes),
            (NOW + 301, None, Due::Yes),
        ] {
            assert_eq!(due(issued_at, listed_at), expected, "{issued_at} {listed_at:?}");
        }
    }
}
