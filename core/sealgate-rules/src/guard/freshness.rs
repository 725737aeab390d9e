//! How fresh the word is that a license was not taken back (`spec/revocation.md` §6).

use sealgate_artifact::{Freshness, UnixSeconds};

use super::{Enforced, Held};

const DAY: u64 = 24 * 60 * 60;

/// What the newest shard of a license's block says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShardSays {
    /// When the newest shard of the block was signed that was named by a snapshot which was taken over whole: it, or an earlier one, which listed
    /// no more.
    pub whole_at: Option<UnixSeconds>,
    /// Whether it lists the license's version or the proof.
    pub lists: bool,
}

/// How fresh a program's revocation data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Revocations {
    /// It holds no shard of the license's block.
    Unknown,
    /// Somebody vouched for the license lately.
    Fresh,
    /// Nobody did since then: something newer should be imported.
    Stale {
        /// Since when the data is stale.
        since: UnixSeconds,
    },
}

/// `spec/revocation.md` §6.1: when somebody vouched last that a license was not taken back. `admitted_at` is when the device was admitted
/// last: the proof's time, or an answer's.
pub fn vouched_at(
    issued_at: UnixSeconds,
    admitted_at: Option<UnixSeconds>,
    shard: Option<ShardSays>,
) -> UnixSeconds {
    let shard = shard.filter(|shard| !shard.lists).and_then(|shard| shard.whole_at);
    [admitted_at, shard].into_iter().flatten().fold(issued_at, UnixSeconds::max)
}

/// `spec/revocation.md` §6.2. It takes no right: what does is in [`effective`](super::effective()).
pub fn revocations(
    held: &Held<'_>,
    enforced: &Enforced,
    shard: Option<ShardSays>,
    now: UnixSeconds,
) -> Revocations {
    let since = warn_at(held, enforced);
    match shard {
        None => Revocations::Unknown,
        Some(_) if since <= now => Revocations::Stale { since },
        Some(_) => Revocations::Fresh,
    }
}

/// `spec/guard.md` §3.4: from when on the program is told.
pub(super) fn warn_at(held: &Held<'_>, enforced: &Enforced) -> UnixSeconds {
    let freshness = enforced.freshness;
    let least = [freshness.restrict, freshness.block].into_iter().flatten().min();
    let default = Freshness::WARN;
    let days = freshness.warn.unwrap_or(least.map_or(default, |least| least.min(default)));
    held.vouched_at.plus(days * DAY)
}

/// `spec/revocation.md` §6.2: from when on nobody has vouched for so long that the rights are gone, where the license says so.
pub fn stale_at(held: &Held<'_>, enforced: &Enforced) -> Option<UnixSeconds> {
    let days = [enforced.freshness.restrict, enforced.freshness.block].into_iter().flatten().min()?;
    Some(held.vouched_at.plus(days * DAY))
}
