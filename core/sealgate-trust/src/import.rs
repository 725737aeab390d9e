//! Taking a snapshot over (`spec/revocation.md` §5.1): a program, a tool and a server go through the same steps. Nothing is read or kept
//! here: the parts come from the caller, and what counts goes back to it.

use std::collections::BTreeMap;

use sealgate_artifact::{
    AppId, Carrier, Envelope, Shard, ShardEntry, Snapshot, StatementId, TenantId, UnixSeconds, Unverified,
};

use crate::{
    Accepted, ChainBytes, Maximum, Roots, TenantTrust, TrustError, Verified, verify_shard, verify_snapshot,
};

/// What a reader of snapshots trusts and remembers.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotReader<'a> {
    /// The roots that it pins.
    pub roots: &'a Roots,
    /// Whose snapshots it takes over.
    pub tenant: TenantId,
    /// The one app whose shards it looks at, where it is a program; `None`: those of all apps.
    pub app: Option<AppId>,
    /// The keys that it knows, verified at `now`: with them it goes on where the file's are older. `None`: it knows none.
    pub known: Option<&'a TenantTrust>,
    /// What it accepted of the chain of keys.
    pub accepted: &'a Accepted,
    /// The newest snapshot that it took over.
    pub snapshot: Option<&'a Maximum>,
    /// The newest shard of each app and block that it took over.
    pub shards: &'a BTreeMap<(AppId, u64), Maximum>,
    /// The one time of all steps.
    pub now: UnixSeconds,
}

/// The parts of a snapshot's file but its shards, as they were read. Nothing in them is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotParts {
    /// Root statements, keyset and tenant keyset.
    pub chain: ChainBytes,
    /// The snapshot and its list.
    pub snapshot: Unverified<Snapshot>,
}

/// What counts from now on, and why the rest does not (`spec/revocation.md` §5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The file's keys, to be remembered in the place of those that the reader had. `None`: they were refused, or the reader knows
    /// newer ones.
    pub chain: Option<TenantTrust>,
    /// The snapshot, and what to remember of it.
    pub snapshot: Option<(Verified<Snapshot>, Maximum)>,
    /// The first fault. `None`: the snapshot was taken over whole.
    pub refusal: Option<TrustError>,
}

impl SnapshotParts {
    /// The parts as envelopes, however they travelled.
    pub fn of(
        snapshot: Carrier,
        roots: &[Envelope],
        (keyset, tenant_keyset): (&Envelope, &Envelope),
    ) -> Result<Self, TrustError> {
        let roots = roots.iter().map(Envelope::encode).collect();
        let chain = ChainBytes { roots, keyset: keyset.encode(), tenant_keyset: tenant_keyset.encode() };
        Ok(Self { chain, snapshot: Unverified::of_carrier(snapshot)? })
    }
}

impl SnapshotReader<'_> {
    /// Goes through steps 2 to 4 of `spec/revocation.md` §5.1, and hands every shard that counts, and is not older than the reader's, to
    /// `keep`: it stays in force whatever comes of the rest.
    ///
    /// `shards` are those of the file in its order. `Err` says that the caller could not read or keep something: then nothing of what
    /// was handed out counts.
    pub fn import<E>(
        &self,
        parts: &SnapshotParts,
        shards: impl IntoIterator<Item = Result<Carrier, E>>,
        mut keep: impl FnMut(&Verified<Shard>, Maximum) -> Result<(), E>,
    ) -> Result<Imported, E> {
        let refused = |chain, snapshot, why| Imported { chain, snapshot, refusal: Some(why) };
        let (chain, trust) = match self.chain(&parts.chain) {
            Ok(taken) => taken,
            Err(why) => return Ok(refused(None, None, why)),
        };
        let taken = self.snapshot(&trust, parts);
        let (snapshot, maximum) = match taken {
            Ok(taken) => taken,
            Err(why) => return Ok(refused(chain, None, why)),
        };
        let mut left = Named::of(snapshot.get());
        let mut refusal = None;
        for shard in shards {
            match self.shard(&trust, &mut left, shard?) {
                Ok(Some((shard, maximum))) => keep(&shard, maximum)?,
                Ok(None) => {}
                Err(why) => {
                    refusal = Some(why);
                    break;
                }
            }
        }
        let refusal = refusal.or_else(|| left.misses(self.app).then_some(TrustError::ShardMissing));
        Ok(Imported { chain, snapshot: Some((snapshot, maximum)), refusal })
    }

    /// `spec/revocation.md` §5.1, step 2: what is to be remembered of the keys, and the keys that count.
    fn chain(&self, chain: &ChainBytes) -> Result<(Option<TenantTrust>, TenantTrust), TrustError> {
        let reader = (self.accepted, self.known);
        let keys = TenantTrust::verify_file(self.roots, chain, Some(self.tenant), reader, self.now)?;
        Ok((keys.taken, keys.trust))
    }

    /// `spec/revocation.md` §5.1, step 3.
    fn snapshot(
        &self,
        trust: &TenantTrust,
        parts: &SnapshotParts,
    ) -> Result<(Verified<Snapshot>, Maximum), TrustError> {
        let is_known = self.snapshot.is_some_and(|before| before.statement == parts.snapshot.envelope().id());
        let trust = if is_known { &trust.for_accepted() } else { trust };
        let taken = verify_snapshot(trust, &parts.snapshot, self.snapshot)?;
        let said = taken.0.get();
        let came = [parts.chain.roots.last(), Some(&parts.chain.keyset), Some(&parts.chain.tenant_keyset)];
        let came = came.map(|bytes| Carrier::decode(bytes?).ok().map(|carrier| carrier.envelope.id()));
        if came == [said.root, said.keyset, said.tenant_keyset].map(Some) {
            Ok(taken)
        } else {
            Err(TrustError::SnapshotMismatch)
        }
    }

    /// `spec/revocation.md` §5.1, step 4: `None` where the reader does not look at it, or has a newer one.
    fn shard(
        &self,
        trust: &TenantTrust,
        left: &mut Named,
        carrier: Carrier,
    ) -> Result<Option<(Verified<Shard>, Maximum)>, TrustError> {
        let id = carrier.envelope.id();
        let named = left.take(id)?;
        if self.app.is_some_and(|app| app != named.app) {
            return Ok(None);
        }
        let place = (named.app, named.block);
        // spec/revocation.md §5.4: what was accepted before is not judged by keys that were retired since.
        let is_known = self.shards.get(&place).is_some_and(|before| before.statement == id);
        let trust = if is_known { &trust.for_accepted() } else { trust };
        let (shard, maximum) = verify_shard(trust, &Unverified::of_carrier(carrier)?, None)?;
        if (shard.get().app, shard.get().block) != place {
            return Err(TrustError::SnapshotMismatch);
        }
        let before = self.shards.get(&place).filter(|before| before.stands(trust.sharders.keys(), 1));
        match maximum.against(before) {
            Err(TrustError::VersionRollback) => Ok(None),
            judged => judged.map(|()| Some((shard, maximum))),
        }
    }
}

/// The shards that a snapshot names, as long as they did not come.
struct Named(Vec<ShardEntry>);

impl Named {
    fn of(snapshot: &Snapshot) -> Self {
        Self(snapshot.shards.clone())
    }

    fn take(&mut self, id: StatementId) -> Result<ShardEntry, TrustError> {
        // The writer keeps to the list's order, so it is usually the first.
        let at = self.0.iter().position(|entry| entry.statement == id);
        at.map(|at| self.0.remove(at)).ok_or(TrustError::SnapshotMismatch)
    }

    fn misses(&self, app: Option<AppId>) -> bool {
        self.0.iter().any(|entry| app.is_none_or(|app| app == entry.app))
    }
}
