//! What a client remembers of revocation data, beside the file that it keeps, and the text it is kept as.

use std::collections::BTreeMap;

use sealgate_artifact::{AppId, Bundle, KeyState, LicenseId, PublicKey, StatementId, UnixSeconds};
use sealgate_trust::{Maximum, TenantTrust, Verified};
use serde::{Deserialize, Serialize};

use super::by_bundle::{ByBundle, ByBundleText};
use crate::kept::read;
use crate::looked::{Listed, Looked, Seen};
use crate::maximum::MaximumText;

/// How many statements are remembered as looked up. A machine holds few; whoever shows it many files fills no disk.
const SEEN: usize = 64;
/// Of how many signers the newest whole shard of a block is remembered, the latest ones.
const WHOLE: usize = 8;

/// Deleting the file, or putting an older one back, undoes nothing of it (`spec/revocation.md` §5.5).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RevocationMemory {
    /// The newest snapshot.
    pub(crate) snapshot: Option<SnapshotTaken>,
    /// The newest shard of each app and block. It is the program's own app; whoever imported with the trust of another one took nothing away
    /// from this one's.
    pub(crate) shards: BTreeMap<(AppId, u64), ShardTaken>,
    /// Which statements that this device holds, or was shown, were found listed, and the keys of the shards that listed them
    /// (`spec/revocation.md` §5.1 step 5).
    listed: BTreeMap<StatementId, Vec<PublicKey>>,
    /// Which only keys had listed that were revoked, and when the keyset was signed that says so: perhaps they were rightly listed
    /// (`spec/revocation.md` §5.6).
    doubted: BTreeMap<StatementId, UnixSeconds>,
    /// Which were looked up and not listed, the latest last (`spec/revocation.md` §5.5).
    seen: Vec<Seen>,
    /// What bundles say was taken back.
    by_bundles: Vec<ByBundle>,
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
    pub(crate) issued_at: UnixSeconds,
    /// The newest shards of the block of which the snapshot was taken over whole, one of whoever signed: only they vouch for anybody.
    pub(crate) whole: Vec<Whole>,
}

/// A shard that vouches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whole {
    /// When it was signed. It only rises.
    pub(crate) at: UnixSeconds,
    /// The shard.
    pub(crate) shard: StatementId,
    /// Who signed it.
    pub(crate) by: Vec<PublicKey>,
}

impl RevocationMemory {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// `spec/revocation.md` §5.1 step 5: the keys by which a statement is remembered as listed. `None`: it is not, or by keys that were revoked
    /// since.
    pub(crate) fn lists(&self, id: StatementId, chain: &TenantTrust) -> Option<&[PublicKey]> {
        let keys = self.listed.get(&id)?;
        (!is_revoked_all(chain, keys)).then_some(keys.as_slice())
    }

    /// `spec/offline.md` §3.5: what this bundle says was taken back is listed from now on.
    pub(crate) fn list_by(&mut self, bundle: &Verified<Bundle>) {
        ByBundle::add(&mut self.by_bundles, bundle);
    }

    /// The keys of bundles that list this slot of this license, without revoked ones.
    pub(crate) fn bundles_list(
        &self,
        license: LicenseId,
        slot: u64,
        chain: &TenantTrust,
    ) -> impl Iterator<Item = PublicKey> {
        let lists = self.by_bundles.iter().filter(move |list| list.lists(license, slot));
        lists.flat_map(|list| &list.keys).copied().filter(|key| !is_revoked(chain, key))
    }

    /// Whether only the last version of a state has room for what is remembered.
    pub(crate) fn is_of_bundles(&self) -> bool {
        !self.by_bundles.is_empty()
    }

    /// `spec/revocation.md` §5.6: since when it is not known whether a statement is rightly listed.
    pub(crate) fn doubted_at(&self, id: StatementId, chain: &TenantTrust) -> Option<UnixSeconds> {
        let keys = self.listed.get(&id);
        let by_revoked = keys.is_some_and(|keys| is_revoked_all(chain, keys));
        self.doubted.get(&id).copied().or(by_revoked.then(|| signed_at(chain)))
    }

    pub(crate) fn has_seen(&self, statement: StatementId, shard: StatementId) -> bool {
        self.seen.contains(&Seen { statement, shard })
    }

    /// What was found listed stays so.
    pub(crate) fn list(&mut self, found: &[Listed]) {
        for Listed { id, keys, .. } in found {
            self.doubted.remove(id);
            let known = self.listed.entry(*id).or_default();
            known.extend(keys.iter().filter(|key| !known.contains(key)).copied().collect::<Vec<_>>());
        }
    }

    /// What was found.
    pub(crate) fn note(&mut self, looked: &Looked) {
        self.list(&looked.listed);
        self.see(&looked.seen);
        if let Some((keys, at)) = &looked.revoked_keys {
            self.drop_keys(*at, |key| keys.contains(key));
        }
    }

    /// A look at the newest shard ends every doubt. One at an older shard, of a program that has not looked since, replaces nothing.
    pub(crate) fn see(&mut self, found: &[Seen]) {
        for one in found {
            let is_newest = self.is_newest(one.shard);
            if is_newest {
                self.doubted.remove(&one.statement);
            }
            let before = self.seen.iter().position(|seen| seen.statement == one.statement);
            let is_newer = |at: usize| !is_newest && self.is_newest(self.seen[at].shard);
            // What is looked up again is not written down anew each time.
            let is_late = |at: usize| self.seen[at] == *one && self.seen.len() - at <= SEEN / 2;
            match before {
                Some(at) if is_newer(at) || is_late(at) => continue,
                Some(at) => drop(self.seen.remove(at)),
                None => {}
            }
            self.seen.push(*one);
        }
        let beyond = self.seen.len().saturating_sub(SEEN);
        self.seen.drain(..beyond);
    }

    fn is_newest(&self, shard: StatementId) -> bool {
        self.shards.values().any(|taken| taken.maximum.statement == shard)
    }

    /// A revoked key may leave the keyset one day, and what it listed must not count again then.
    pub(crate) fn forget_revoked(&mut self, chain: &TenantTrust) {
        self.drop_keys(signed_at(chain), |key| is_revoked(chain, key));
        for taken in self.shards.values_mut() {
            taken.whole.retain(|whole| !is_revoked_all(chain, &whole.by));
        }
    }

    /// Those by which something is listed, and that are revoked, and when the keyset was signed that says so.
    pub(super) fn revoked_keys(&self, chain: &TenantTrust) -> Option<(Vec<PublicKey>, UnixSeconds)> {
        let by_bundles = self.by_bundles.iter().flat_map(|list| &list.keys);
        let mut keys: Vec<PublicKey> = self.listed.values().flatten().chain(by_bundles).copied().collect();
        keys.retain(|key| is_revoked(chain, key));
        (!keys.is_empty()).then(|| (keys, signed_at(chain)))
    }

    fn drop_keys(&mut self, at: UnixSeconds, is_dropped: impl Fn(&PublicKey) -> bool) {
        for (id, keys) in &mut self.listed {
            keys.retain(|key| !is_dropped(key));
            if keys.is_empty() {
                self.doubted.insert(*id, at);
            }
        }
        self.listed.retain(|_, keys| !keys.is_empty());
        self.by_bundles.iter_mut().for_each(|list| list.keys.retain(|key| !is_dropped(key)));
        self.by_bundles.retain(|list| !list.keys.is_empty());
    }
}

impl ShardTaken {
    /// What vouches; nothing that only revoked keys have signed.
    pub(super) fn whole_at(&self, chain: &TenantTrust) -> Option<UnixSeconds> {
        let whole = self.whole.iter().filter(|whole| !is_revoked_all(chain, &whole.by));
        whole.map(|whole| whole.at).max()
    }

    /// Takes the word of one more whole snapshot. Later words of the same keys replace it, and nobody's word replaces another's: a thief takes no
    /// honest one away.
    pub(crate) fn vouch(&mut self, new: Whole) {
        let same = self.whole.iter_mut().find(|whole| whole.by == new.by);
        match same {
            // What a file vouched for once stays so.
            Some(whole) if whole.at >= new.at => {}
            Some(whole) => *whole = new,
            None => self.whole.push(new),
        }
        self.whole.sort_by_key(|whole| whole.at);
        let beyond = self.whole.len().saturating_sub(WHOLE);
        self.whole.drain(..beyond);
    }

    /// Whether any of the keys that raised it is not revoked.
    pub(crate) fn counts(&self, chain: &TenantTrust) -> bool {
        !is_revoked_all(chain, &self.maximum.raised_by)
    }
}

/// When the tenant keyset was signed.
fn signed_at(chain: &TenantTrust) -> UnixSeconds {
    chain.tenant_keyset().get().issued_at
}

fn is_revoked_all(chain: &TenantTrust, keys: &[PublicKey]) -> bool {
    keys.iter().all(|key| is_revoked(chain, key))
}

/// A key that is not listed any more was retired, and goes on counting.
fn is_revoked(chain: &TenantTrust, key: &PublicKey) -> bool {
    let keys = &chain.tenant_keyset().get().keys;
    keys.iter().any(|listed| listed.public_key == *key && listed.state == KeyState::Revoked)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevocationText {
    snapshot: Option<SnapshotText>,
    shards: BTreeMap<String, BTreeMap<u64, ShardText>>,
    listed: BTreeMap<String, Vec<String>>,
    doubted: BTreeMap<String, u64>,
    seen: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    by_bundles: Vec<ByBundleText>,
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
    issued_at: u64,
    whole: Vec<(u64, String, Vec<String>)>,
}

impl RevocationText {
    /// `None` where nothing is remembered.
    pub(crate) fn of(memory: &RevocationMemory) -> Option<Self> {
        let keys = |keys: &[PublicKey]| keys.iter().map(PublicKey::to_string).collect();
        let shard = |shard: &ShardTaken| ShardText {
            newest: MaximumText::of(&shard.maximum),
            issued_at: shard.issued_at.get(),
            whole: shard
                .whole
                .iter()
                .map(|whole| (whole.at.get(), whole.shard.to_string(), keys(&whole.by)))
                .collect(),
        };
        let mut shards: BTreeMap<String, BTreeMap<u64, ShardText>> = BTreeMap::new();
        for ((app, block), taken) in &memory.shards {
            shards.entry(app.to_string()).or_default().insert(*block, shard(taken));
        }
        (!memory.is_empty()).then(|| Self {
            snapshot: memory.snapshot.as_ref().map(|snapshot| SnapshotText {
                newest: MaximumText::of(&snapshot.maximum),
                issued_at: snapshot.issued_at.get(),
                next_update: snapshot.next_update.get(),
            }),
            shards,
            listed: memory.listed.iter().map(|(id, found)| (id.to_string(), keys(found))).collect(),
            doubted: memory.doubted.iter().map(|(id, at)| (id.to_string(), at.get())).collect(),
            seen: memory.seen.iter().map(|it| (it.statement.to_string(), it.shard.to_string())).collect(),
            by_bundles: memory.by_bundles.iter().map(ByBundleText::of).collect(),
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
        let keys = |texts: Vec<String>| -> Option<Vec<PublicKey>> {
            texts.iter().map(|text| PublicKey::parse(text).ok()).collect()
        };
        let whole = |(at, shard, by): (u64, String, Vec<String>)| {
            Some(Whole { at: UnixSeconds::new(at)?, shard: StatementId::parse(&shard)?, by: keys(by)? })
        };
        let shard = |(app, block, text): (AppId, u64, ShardText)| {
            let taken = ShardTaken {
                maximum: text.newest.read()?,
                issued_at: UnixSeconds::new(text.issued_at)?,
                whole: text.whole.into_iter().map(whole).collect::<Option<_>>()?,
            };
            Some(((app, block), taken))
        };
        let mut shards = BTreeMap::new();
        for (app, blocks) in self.shards {
            let app = AppId::parse(&app).ok()?;
            let blocks = blocks.into_iter().map(|(block, text)| shard((app, block, text)));
            shards.extend(blocks.collect::<Option<Vec<_>>>()?);
        }
        let listed = |(id, by): (String, Vec<String>)| Some((StatementId::parse(&id)?, keys(by)?));
        let doubted = |(id, at): (String, u64)| Some((StatementId::parse(&id)?, UnixSeconds::new(at)?));
        let seen = |(statement, shard): (String, String)| {
            Some(Seen { statement: StatementId::parse(&statement)?, shard: StatementId::parse(&shard)? })
        };
        Some(RevocationMemory {
            snapshot: read(self.snapshot, snapshot).ok()?,
            shards,
            listed: self.listed.into_iter().map(listed).collect::<Option<_>>()?,
            doubted: self.doubted.into_iter().map(doubted).collect::<Option<_>>()?,
            seen: self.seen.into_iter().map(seen).collect::<Option<_>>()?,
            by_bundles: self.by_bundles.into_iter().map(ByBundleText::read).collect::<Option<_>>()?,
        })
    }
}
