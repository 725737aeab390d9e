//! Snapshots are taken over part by part (`spec/revocation.md` §5).

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use sealgate_artifact::{
    AppId, Carrier, Code, KeyRecord, KeyState, KeyUse, Shard, ShardBody, ShardEntry, Snapshot, Statement,
    StatementId, TenantId, Unverified,
};
use sealgate_trust::{
    Accepted, ChainBytes, Imported, Maximum, Roots, SnapshotParts, SnapshotReader, TenantTrust,
};

use crate::authority::{RootSet, Seed, keyset, now, public_key, signed, stated, tenant_keyset_of};

const ROOT: Seed = 1;
const SIGNER: Seed = 9;
const OTHER_SIGNER: Seed = 10;

fn own() -> AppId {
    AppId::from_bytes([2; 16])
}

fn other_app() -> AppId {
    AppId::from_bytes([3; 16])
}

fn tenant() -> TenantId {
    TenantId::from_bytes([7; 16])
}

fn roots() -> RootSet {
    RootSet { keys: [ROOT].into(), threshold: 1 }
}

fn record(seed: Seed, state: KeyState) -> KeyRecord {
    KeyRecord { key_use: KeyUse::Snapshot, public_key: public_key(seed), state }
}

/// A chain whose tenant keyset has this version and these keys.
fn chain(version: u64, keys: Vec<KeyRecord>) -> ChainBytes {
    ChainBytes {
        roots: vec![stated(1, &roots(), &roots().keys)],
        keyset: keyset(1, &roots().keys),
        tenant_keyset: tenant_keyset_of(tenant(), version, keys),
    }
}

fn first_chain() -> ChainBytes {
    chain(1, vec![record(SIGNER, KeyState::Active)])
}

fn id(bytes: &[u8]) -> StatementId {
    Carrier::decode(bytes).expect("a statement").envelope.id()
}

fn carrier<T: Statement>(statement: &T, by: Seed) -> Carrier {
    Carrier::decode(&signed(statement, &BTreeSet::from([by]))).expect("a statement")
}

fn shard(app: AppId, block: u64, version: u64) -> Shard {
    Shard {
        tenant: tenant(),
        app,
        block,
        version,
        issued_at: now(),
        next_update: now().plus(60),
        body: ShardBody::of(&[5]),
    }
}

/// A shard that counted.
type Kept = ((AppId, u64), Maximum);

/// A file, as its parts.
#[derive(Clone)]
struct File {
    chain: ChainBytes,
    snapshot: Snapshot,
    by: Seed,
    shards: Vec<Carrier>,
}

impl File {
    /// With these shards, each of which its list names.
    fn of(chain: ChainBytes, version: u64, shards: &[Shard]) -> Self {
        let shards: Vec<(&Shard, Carrier)> = shards.iter().map(|it| (it, carrier(it, SIGNER))).collect();
        let entry = |(shard, carrier): &(&Shard, Carrier)| ShardEntry {
            app: shard.app,
            block: shard.block,
            statement: carrier.envelope.id(),
        };
        let snapshot = Snapshot {
            tenant: tenant(),
            version,
            issued_at: now(),
            next_update: now().plus(60),
            root: id(&chain.roots[chain.roots.len() - 1]),
            keyset: id(&chain.keyset),
            tenant_keyset: id(&chain.tenant_keyset),
            shards: shards.iter().map(entry).collect(),
        };
        Self { chain, snapshot, by: SIGNER, shards: shards.into_iter().map(|(_, carrier)| carrier).collect() }
    }
}

/// A program of the one app, or a server of all.
#[derive(Clone, Default)]
struct Reader {
    held: Option<ChainBytes>,
    accepted: Accepted,
    snapshot: Option<Maximum>,
    shards: BTreeMap<(AppId, u64), Maximum>,
    app: Option<AppId>,
}

impl Reader {
    fn program() -> Self {
        Self { app: Some(own()), ..Self::default() }
    }

    /// What came of it, and which shards counted.
    fn import(&self, file: &File) -> (Imported, Vec<Kept>) {
        let pinned = Roots::pin(vec![public_key(ROOT)], 1, Some(1)).expect("sound");
        let known = self.held.as_ref().map(|held| {
            TenantTrust::verify(&pinned, held, Some(tenant()), &self.accepted, now()).expect("it did before")
        });
        let reader = SnapshotReader {
            roots: &pinned,
            tenant: tenant(),
            app: self.app,
            known: known.as_ref(),
            accepted: &self.accepted,
            snapshot: self.snapshot.as_ref(),
            shards: &self.shards,
            now: now(),
        };
        let snapshot = Unverified::of_carrier(carrier(&file.snapshot, file.by)).expect("a snapshot");
        let parts = SnapshotParts { chain: file.chain.clone(), snapshot };
        let mut kept = vec![];
        let shards = file.shards.iter().cloned().map(Ok::<_, Infallible>);
        let imported = reader.import(&parts, shards, |shard, maximum| {
            kept.push(((shard.get().app, shard.get().block), maximum));
            Ok(())
        });
        (imported.unwrap_or_else(|never| match never {}), kept)
    }

    /// Takes over what counts, as a caller does, and says why the rest was refused.
    fn after(&mut self, file: &File) -> Option<Code> {
        let (imported, kept) = self.import(file);
        if let Some(chain) = &imported.chain {
            self.accepted = chain.accepted().clone();
            self.held = Some(file.chain.clone());
        }
        if let Some((_, maximum)) = imported.snapshot {
            self.snapshot = Some(maximum);
        }
        self.shards.extend(kept);
        imported.refusal.map(|why| why.code())
    }

    fn versions(&self) -> Vec<((AppId, u64), u64)> {
        self.shards.iter().map(|(place, maximum)| (*place, maximum.version)).collect()
    }
}

#[test]
fn a_whole_snapshot_is_taken_over_and_again_without_a_change() {
    let file =
        File::of(first_chain(), 3, &[shard(own(), 0, 1), shard(own(), 4, 1), shard(other_app(), 0, 1)]);
    let mut server = Reader::default();
    assert_eq!(server.after(&file), None);
    assert_eq!(server.versions(), [((own(), 0), 1), ((own(), 4), 1), ((other_app(), 0), 1)]);
    let (again, kept) = server.import(&file);
    assert_eq!(again.refusal, None);
    assert_eq!(again.snapshot.map(|(_, maximum)| maximum), server.snapshot);
    assert!(kept.iter().all(|(place, maximum)| server.shards.get(place) == Some(maximum)));
}

#[test]
fn a_program_looks_only_for_shards_of_its_own_app() {
    let mut file = File::of(first_chain(), 3, &[shard(own(), 0, 1), shard(other_app(), 0, 1)]);
    let foreign = Carrier { attachments: vec![], ..file.shards.pop().expect("there are two") };
    file.shards.push(foreign);
    // Not even at one that lacks its body.
    let mut program = Reader::program();
    assert_eq!(program.after(&file), None);
    assert_eq!(program.versions(), [((own(), 0), 1)]);
    assert_eq!(Reader::default().after(&file), Some(Code::AttachmentMissing));
    file.shards.pop();
    let (mut program, mut server) = (Reader::program(), Reader::default());
    assert_eq!(program.after(&file), None);
    assert_eq!(program.versions(), [((own(), 0), 1)]);
    assert_eq!(server.after(&file), Some(Code::ShardMissing));
}

#[test]
fn what_is_older_or_another_one_is_refused() {
    let mut reader = Reader::default();
    let newest = File::of(first_chain(), 3, &[shard(own(), 0, 2)]);
    assert_eq!(reader.after(&newest), None);
    let before = reader.clone();
    assert_eq!(reader.after(&File::of(first_chain(), 2, &[])), Some(Code::VersionRollback));
    assert_eq!(reader.after(&File::of(first_chain(), 3, &[])), Some(Code::Equivocation));
    let fork = Shard { next_update: now().plus(61), ..shard(own(), 0, 2) };
    assert_eq!((reader.snapshot.clone(), reader.shards.clone()), (before.snapshot, before.shards.clone()));
    assert_eq!(reader.after(&File::of(first_chain(), 4, &[fork])), Some(Code::Equivocation));
    // An older shard is passed over: the newest one that is held decides.
    assert_eq!(reader.after(&File::of(first_chain(), 5, &[shard(own(), 0, 1)])), None);
    assert_eq!(reader.shards, before.shards);
}

#[test]
fn a_snapshot_of_another_tenant_is_refused() {
    let other = TenantId::from_bytes([8; 16]);
    let mut file = File::of(first_chain(), 3, &[]);
    file.snapshot.tenant = other;
    let mut reader = Reader::default();
    assert_eq!(reader.after(&file), Some(Code::WrongTenant));
    // The keys are the reader's tenant's.
    assert!(reader.accepted != Accepted::default() && reader.snapshot.is_none());
    let of_other = Shard { tenant: other, ..shard(own(), 0, 1) };
    assert_eq!(Reader::default().after(&File::of(first_chain(), 3, &[of_other])), Some(Code::WrongTenant));
    let all = ChainBytes {
        tenant_keyset: tenant_keyset_of(other, 1, vec![record(SIGNER, KeyState::Active)]),
        ..first_chain()
    };
    let mut reader = Reader::default();
    assert_eq!(reader.after(&File::of(all, 3, &[])), Some(Code::WrongTenant));
    assert_eq!(reader.accepted, Accepted::default());
}

#[test]
fn parts_that_the_snapshot_does_not_name_are_refused() {
    let file = File::of(first_chain(), 3, &[shard(own(), 0, 1)]);
    let named = |change: fn(&mut Snapshot)| {
        let mut other = file.clone();
        change(&mut other.snapshot);
        Reader::default().after(&other)
    };
    let mismatch = Some(Code::SnapshotMismatch);
    assert_eq!(named(|it| it.root = it.keyset), mismatch);
    assert_eq!(named(|it| it.keyset = it.root), mismatch);
    assert_eq!(named(|it| it.tenant_keyset = it.root), mismatch);
    assert_eq!(named(|it| it.shards[0].block = 1), mismatch);
    assert_eq!(named(|it| it.shards[0].app = other_app()), mismatch);
    assert_eq!(named(|it| it.shards.clear()), mismatch);
    assert_eq!(named(|it| it.shards[0].statement = it.root), mismatch);
    // One statement stands for one place, however often it is named or comes.
    let twice = |it: &mut Snapshot| it.shards.push(ShardEntry { block: 1, ..it.shards[0].clone() });
    assert_eq!(named(twice), Some(Code::ShardMissing));
    let mut again = file.clone();
    again.shards.push(again.shards[0].clone());
    assert_eq!(Reader::default().after(&again), mismatch);
    assert_eq!(Reader::default().after(&file), None);
}

/// `spec/revocation.md` §5.2.
#[test]
fn what_verified_before_a_fault_stays_in_force() {
    let mut reader = Reader::program();
    assert_eq!(reader.after(&File::of(first_chain(), 3, &[shard(own(), 0, 1)])), None);
    let keys = vec![record(SIGNER, KeyState::Active), record(OTHER_SIGNER, KeyState::Active)];
    let second = chain(2, keys);
    let mut file = File::of(second.clone(), 4, &[shard(own(), 0, 2), shard(own(), 1, 2), shard(own(), 2, 2)]);
    file.shards[1] = Carrier { attachments: vec![], ..file.shards[1].clone() };
    assert_eq!(reader.after(&file), Some(Code::AttachmentMissing));
    assert_eq!(reader.versions(), [((own(), 0), 2)]);
    assert_eq!(reader.snapshot.as_ref().map(|it| it.version), Some(4));
    assert_eq!(reader.held, Some(second));
    // Of a snapshot that is refused, the keys count.
    let third = chain(3, vec![record(OTHER_SIGNER, KeyState::Active)]);
    assert_eq!(reader.after(&File::of(third.clone(), 5, &[])), Some(Code::SignatureInvalid));
    assert_eq!((reader.held.clone(), reader.snapshot.map(|it| it.version)), (Some(third), Some(4)));
}

#[test]
fn older_keys_are_passed_over_where_newer_ones_are_known() {
    let keys = |state| vec![record(SIGNER, state), record(OTHER_SIGNER, KeyState::Active)];
    let known = |state| {
        let mut reader = Reader::default();
        assert_eq!(reader.after(&File { by: OTHER_SIGNER, ..File::of(chain(9, keys(state)), 1, &[]) }), None);
        reader
    };
    let file = File::of(first_chain(), 3, &[shard(own(), 0, 1)]);
    let mut reader = known(KeyState::Active);
    let held = reader.held.clone();
    assert_eq!(reader.after(&file), None);
    assert_eq!((reader.held.clone(), reader.versions()), (held, vec![((own(), 0), 1)]));
    // By the newer ones, what its signer says counts no more.
    assert_eq!(known(KeyState::Revoked).after(&file), Some(Code::SignatureInvalid));
    let later =
        Snapshot { issued_at: now().plus(86_401), next_update: now().plus(100_000), ..file.snapshot.clone() };
    let later = File { snapshot: later, ..file };
    assert_eq!(known(KeyState::Retired).after(&later), Some(Code::KeyRetired));
    // Other keys of the same version are no older ones.
    let other = File::of(chain(9, vec![record(SIGNER, KeyState::Active)]), 3, &[]);
    assert_eq!(known(KeyState::Active).after(&other), Some(Code::Equivocation));
    // Who knows no newer keys has nothing to go on with.
    let forgot = Reader { held: None, ..known(KeyState::Active) };
    assert_eq!(forgot.import(&later).0.refusal.map(|why| why.code()), Some(Code::VersionRollback));
}

/// `spec/revocation.md` §3.3: who steals a key and signs an enormous version loses it with the key.
#[test]
fn what_a_revoked_key_raised_stands_no_more() {
    let mut reader = Reader::default();
    let both = vec![record(SIGNER, KeyState::Active), record(OTHER_SIGNER, KeyState::Active)];
    let mut thief = File { by: OTHER_SIGNER, ..File::of(chain(1, both), 1 << 50, &[]) };
    let enormous = carrier(&shard(own(), 0, 1 << 50), OTHER_SIGNER);
    thief.snapshot.shards = vec![ShardEntry { app: own(), block: 0, statement: enormous.envelope.id() }];
    thief.shards = vec![enormous];
    assert_eq!(reader.after(&thief), None);
    let after = vec![record(SIGNER, KeyState::Active), record(OTHER_SIGNER, KeyState::Revoked)];
    assert_eq!(reader.after(&File::of(chain(2, after), 3, &[shard(own(), 0, 1)])), None);
    assert_eq!(reader.versions(), [((own(), 0), 1)]);
    assert_eq!(reader.snapshot.map(|it| it.version), Some(3));
}

/// A file's own faults are no sign of newer keys.
#[test]
fn a_chain_that_goes_back_by_itself_is_refused() {
    let keys = vec![record(SIGNER, KeyState::Active)];
    let mut reader = Reader::default();
    assert_eq!(reader.after(&File::of(chain(9, keys.clone()), 1, &[])), None);
    let again = |roots: &mut Vec<Vec<u8>>| roots.push(roots[0].clone());
    let mut file = File::of(chain(9, keys), 3, &[shard(own(), 0, 1)]);
    again(&mut file.chain.roots);
    assert_eq!(reader.after(&file), Some(Code::VersionRollback));
    // Neither where they are older, too.
    let mut file = File::of(first_chain(), 3, &[shard(own(), 0, 1)]);
    again(&mut file.chain.roots);
    assert_eq!(reader.after(&file), Some(Code::VersionRollback));
    assert_eq!(reader.versions(), []);
    file.chain.roots.pop();
    assert_eq!(reader.after(&file), None);
}
