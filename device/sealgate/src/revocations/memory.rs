//! What a client remembers of revocation data, beside the file that it keeps, and the text it is kept as.

use std::collections::{BTreeMap, BTreeSet};

use sealgate_artifact::{StatementId, UnixSeconds};
use sealgate_trust::Maximum;
use serde::{Deserialize, Serialize};

use crate::kept::read;
use crate::maximum::MaximumText;

/// Deleting the file, or putting an older one back, undoes nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RevocationMemory {
    /// The newest snapshot.
    pub(crate) snapshot: Option<SnapshotTaken>,
    /// The newest shard of each block of the program's own app.
    pub(crate) shards: BTreeMap<u64, ShardTaken>,
    /// Which statements that this device holds, or was shown, were found listed, for good (`spec/revocation.md` §5.1 step 5).
    pub(crate) listed: BTreeSet<StatementId>,
}

/// A snapshot that was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SnapshotTaken {
    pub(crate) maximum: Maximum,
    pub(crate) issued_at: UnixSeconds,
    pub(crate) next_update: UnixSeconds,
}

/// A shard that was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShardTaken {
    pub(crate) maximum: Maximum,
    /// Whether a snapshot that names it was taken over whole: only then it vouches for anybody.
    pub(crate) is_whole: bool,
}

impl RevocationMemory {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevocationText {
    snapshot: Option<SnapshotText>,
    shards: BTreeMap<u64, ShardText>,
    listed: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotText {
    newest: MaximumText,
    issued_at: u64,
    next_update: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShardText {
    newest: MaximumText,
    whole: bool,
}

impl RevocationText {
    /// `None` where nothing is remembered.
    pub(crate) fn of(memory: &RevocationMemory) -> Option<Self> {
        let shard =
            |shard: &ShardTaken| ShardText { newest: MaximumText::of(&shard.maximum), whole: shard.is_whole };
        (!memory.is_empty()).then(|| Self {
            snapshot: memory.snapshot.as_ref().map(|snapshot| SnapshotText {
                newest: MaximumText::of(&snapshot.maximum),
                issued_at: snapshot.issued_at.get(),
                next_update: snapshot.next_update.get(),
            }),
            shards: memory.shards.iter().map(|(block, taken)| (*block, shard(taken))).collect(),
            listed: memory.listed.iter().map(StatementId::to_string).collect(),
        })
    }

    pub(crate) fn read(self) -> Option<RevocationMemory> {
        let snapshot = |text: SnapshotText| {
            Some(SnapshotTaken {
                maximum: text.newest.read()?,
                issued_at: UnixSeconds::new(text.issued_at)?,
                next_update: UnixSeconds::new(text.next_update)?,
            })
        };
        let shard = |(block, text): (u64, ShardText)| {
            Some((block, ShardTaken { maximum: text.newest.read()?, is_whole: text.whole }))
        };
        Some(RevocationMemory {
            snapshot: read(self.snapshot, snapshot).ok()?,
            shards: self.shards.into_iter().map(shard).collect::<Option<_>>()?,
            listed: self.listed.iter().map(|id| StatementId::parse(id)).collect::<Option<_>>()?,
        })
    }
}
