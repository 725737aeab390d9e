//! A snapshot's container, taken over as a program does it.

use std::collections::BTreeMap;

use sealgate_artifact::{AppId, UnixSeconds};
use sealgate_container::{Container, ContainerError, EntryName, Parts};
use sealgate_trust::{Accepted, Maximum, SnapshotParts, SnapshotReader, TrustFile};
use sealgate_wire::Trust;

/// What a reader took over from one container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// The snapshot's version.
    pub version: u64,
    /// When it was signed.
    pub issued_at: u64,
    /// What each shard lists, counted from the block's beginning.
    pub listed: BTreeMap<(AppId, u64), Vec<u32>>,
    /// The version of each shard.
    pub versions: BTreeMap<(AppId, u64), u64>,
    snapshot: Option<Maximum>,
    shards: BTreeMap<(AppId, u64), Maximum>,
}

impl TakenOver {
    /// Takes a container over after this one, as a tool does that pins this trust.json: all of it, or the stable code.
    pub fn next(&self, trust: &Trust, file: &[u8], now: u64) -> Result<Self, String> {
        let pinned = serde_json::to_vec(trust).expect("trust can be written");
        let pinned = TrustFile::parse(&pinned).expect("a trust.json");
        let roots = pinned.pins();
        let roots = roots.map_err(|error| error.code().to_string())?;
        let container = Container::read(file).map_err(|error| error.code().to_string())?;
        let read = |entry: &sealgate_container::Entry| {
            Ok::<_, ContainerError>(entry.contents(file).expect("it was judged").to_vec())
        };
        let mut parts = Parts::new(&container, read);
        let main = parts.main().expect("it was judged");
        let mut of = |name| parts.envelopes(name).expect("it was judged");
        let (roots_there, keyset, tenant_keyset) =
            (of(EntryName::Root), of(EntryName::Keyset), of(EntryName::TenantKeyset));
        let those = SnapshotParts::of(main, &roots_there, (&keyset[0], &tenant_keyset[0]));
        let those = those.map_err(|error| error.code().to_string())?;
        let mut taken = Self { shards: self.shards.clone(), ..Self::default() };
        let reader = SnapshotReader {
            roots: &roots,
            tenant: pinned.tenant,
            app: None,
            known: None,
            accepted: &Accepted::default(),
            snapshot: self.snapshot.as_ref(),
            shards: &self.shards,
            now: UnixSeconds::new(now).expect("a time"),
        };
        let imported = reader.import::<ContainerError>(&those, parts.shards(), |shard, maximum| {
            let shard = shard.get();
            let place = (shard.app, shard.block);
            let slots = shard.body.as_ref().map(|body| body.slots().collect()).unwrap_or_default();
            taken.listed.insert(place, slots);
            taken.versions.insert(place, shard.version);
            taken.shards.insert(place, maximum);
            Ok(())
        });
        let imported = imported.map_err(|error| error.code().to_string())?;
        if let Some(refusal) = imported.refusal {
            return Err(refusal.code().to_string());
        }
        let (snapshot, maximum) = imported.snapshot.expect("it was not refused");
        taken.version = snapshot.get().version;
        taken.issued_at = snapshot.get().issued_at.get();
        taken.snapshot = Some(maximum);
        Ok(taken)
    }

    /// How many slots are listed in all shards.
    pub fn count(&self) -> usize {
        self.listed.values().map(Vec::len).sum()
    }
}
