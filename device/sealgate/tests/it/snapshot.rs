//! Snapshots of revocation data, as a vendor writes them, and a device with a folder that imports them.
#![expect(clippy::disallowed_methods, reason = "files of the state are what is tested")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealgate::{Client, FileStore, ImportError, SnapshotImport, Store};
use sealgate_artifact::{
    AppId, Carrier, KeyState, Policy, Shard, ShardBody, ShardEntry, Snapshot, Statement, TenantId,
};
use sealgate_container::{EntryName, Purpose, encode_statement, write};
use tempfile::TempDir;

use crate::authority::{Authority, NOW, Seed, app, at, id_of, key, signed, tenant};
use crate::guard::Machine;
use crate::site::ORIGIN;

/// Who signs revocation data.
pub(crate) const SNAPSHOTTER: Seed = 61;
/// What the vendor gave this device: two slots of one block.
pub(crate) const LICENSE_SLOT: u64 = 5;
pub(crate) const PROOF_SLOT: u64 = 9;

/// The vendor's word on one block of the app.
pub(crate) fn shard(block: u64, version: u64, slots: &[u32]) -> Shard {
    Shard {
        tenant: tenant(),
        app: app(),
        block,
        version,
        issued_at: at(NOW),
        next_update: at(NOW + 86_400),
        body: ShardBody::of(slots),
    }
}

pub(crate) fn other_app() -> AppId {
    AppId::from_bytes([88; 16])
}

/// A snapshot before it is written.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) by: Seed,
    pub(crate) snapshot: Snapshot,
    pub(crate) shards: Vec<Vec<u8>>,
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) keyset: Vec<u8>,
    pub(crate) tenant_keyset: Vec<u8>,
}

impl Draft {
    /// With these shards, and the keys of today.
    pub(crate) fn of(authority: &Authority, version: u64, shards: &[Shard]) -> Self {
        Self::signed_by(SNAPSHOTTER, authority, version, shards)
    }

    /// The same by another key.
    pub(crate) fn signed_by(by: Seed, authority: &Authority, version: u64, shards: &[Shard]) -> Self {
        let roots = authority.root_statements();
        let signed_shards: Vec<Vec<u8>> = shards.iter().map(|shard| signed(shard, &[by])).collect();
        let entry = |(shard, bytes): (&Shard, &Vec<u8>)| ShardEntry {
            app: shard.app,
            block: shard.block,
            statement: id_of(bytes),
        };
        let snapshot = Snapshot {
            tenant: authority.tenant,
            version,
            issued_at: at(NOW),
            next_update: at(NOW + 86_400),
            root: id_of(roots.last().expect("one at least")),
            keyset: id_of(&authority.keyset()),
            tenant_keyset: id_of(&authority.tenant_keyset()),
            shards: shards.iter().zip(&signed_shards).map(entry).collect(),
        };
        Self {
            by,
            snapshot,
            shards: signed_shards,
            roots,
            keyset: authority.keyset(),
            tenant_keyset: authority.tenant_keyset(),
        }
    }

    /// The file.
    pub(crate) fn file(&self) -> Vec<u8> {
        let snapshot = signed(&self.snapshot, &[self.by]);
        let carriers = |list: &[Vec<u8>]| -> Vec<Carrier> {
            list.iter().map(|bytes| Carrier::decode(bytes).expect("well formed")).collect()
        };
        let main = carriers(&[snapshot]);
        let shards = carriers(&self.shards);
        let mut entries: Vec<(EntryName, Vec<u8>)> = vec![];
        let mut put = |name: EntryName, carrier: &Carrier| {
            let kind = name.kind().expect("a statement");
            entries.push((name, encode_statement(kind, &carrier.envelope).expect("within the limits")));
        };
        put(EntryName::Snapshot, &main[0]);
        for root in &carriers(&self.roots) {
            put(EntryName::Root, root);
        }
        put(EntryName::Keyset, &carriers(std::slice::from_ref(&self.keyset))[0]);
        put(EntryName::TenantKeyset, &carriers(std::slice::from_ref(&self.tenant_keyset))[0]);
        for shard in &shards {
            put(EntryName::Shard, shard);
        }
        let bodies = shards.iter().flat_map(|shard| &shard.attachments);
        entries.extend(bodies.map(|body| (EntryName::ShardBody, body.clone())));
        if let Some(list) = main[0].attachments.first() {
            entries.insert(1, (EntryName::Attachment, list.clone()));
        }
        let entries: Vec<(EntryName, &[u8])> = entries.iter().map(|(name, it)| (*name, &it[..])).collect();
        write(Purpose::Snapshot, &entries).expect("a snapshot")
    }
}

/// A machine whose program keeps its state in a folder.
pub(crate) struct Station {
    pub(crate) machine: Machine,
    trust: &'static [u8],
    place: TempDir,
}

impl Station {
    /// It is not activated yet.
    pub(crate) fn new(policy: Option<Policy>) -> Self {
        let machine = Machine::unactivated(policy);
        machine.site.authority().snapshotters.push((SNAPSHOTTER, KeyState::Active));
        machine.site.authority().license.conditions.slot = Some(LICENSE_SLOT);
        machine.site.admissions().slot = Some(PROOF_SLOT);
        let place = tempfile::tempdir().expect("a folder");
        Self { trust: machine.site.trust(), machine, place }
    }

    pub(crate) fn activated(policy: Option<Policy>) -> Self {
        let station = Self::new(policy);
        station.client().activate(&key()).expect("admitted");
        station
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.place.path().join("state")
    }

    /// What is kept for looking things up.
    pub(crate) fn kept(&self) -> PathBuf {
        self.folder().join("revocations.sgsnap")
    }

    /// The program, which pins what its build did.
    pub(crate) fn client(&self) -> Arc<Client> {
        let client = Client::builder(self.trust)
            .server(ORIGIN)
            .state_dir(self.folder())
            .clock(self.machine.clocks.clone())
            .transport(self.machine.site.clone());
        Arc::new(client.build().expect("configured"))
    }

    /// The program is replaced by a build that pins what the vendor has today.
    pub(crate) fn update(&mut self) {
        self.trust = self.machine.site.trust();
    }

    /// The state, as bytes.
    pub(crate) fn state(&self) -> Vec<u8> {
        FileStore::new(self.folder()).load().expect("it reads").expect("there is one")
    }

    /// Puts a file on a medium.
    pub(crate) fn medium(&self, file: &[u8]) -> PathBuf {
        let path = self.place.path().join("medium.sgsnap");
        put(&path, file);
        path
    }

    pub(crate) fn draft(&self, version: u64, shards: &[Shard]) -> Draft {
        Draft::of(&self.machine.site.authority(), version, shards)
    }

    /// Imports a snapshot with these shards.
    pub(crate) fn import(&self, version: u64, shards: &[Shard]) -> Result<SnapshotImport, ImportError> {
        self.import_file(&self.draft(version, shards).file())
    }

    pub(crate) fn import_file(&self, file: &[u8]) -> Result<SnapshotImport, ImportError> {
        self.client().import_snapshot_file(&self.medium(file))
    }

    /// It is refused with this code, and nothing is another than before: neither the state nor what is kept beside it.
    #[track_caller]
    pub(crate) fn changes_nothing(&self, file: &[u8], code: &str) {
        let before = (self.state(), std::fs::read(self.kept()).ok());
        let refused = self.import_file(file).expect_err("refused");
        assert_eq!(refused.code().as_str(), code, "{refused}");
        assert!((self.state(), std::fs::read(self.kept()).ok()) == before, "a refusal changed something");
    }
}

pub(crate) fn put(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("it can be written");
}

/// The same statement of another tenant.
pub(crate) fn of_other_tenant() -> TenantId {
    TenantId::from_bytes([77; 16])
}

/// Signed by somebody whom nobody knows.
pub(crate) fn forged<T: Statement>(statement: &T) -> Vec<u8> {
    signed(statement, &[200])
}
