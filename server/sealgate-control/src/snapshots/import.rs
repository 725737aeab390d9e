//! Taking over a snapshot of this installation's own, for a database that came back older (`spec/revocation.md` §7.3).

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use sealgate_artifact::{
    AppId, Carrier, Code, KeyUse, Root, Shard, ShardBody, SignatureEntry, Snapshot, TenantId, UnixSeconds,
    Unverified, encode_hex, limits,
};
use sealgate_authority::{AuthorityError, broken};
use sealgate_container::{Container, ContainerError, Parts, Purpose};
use sealgate_store::table::{self, ShardRow};
use sealgate_store::{StoreError, Tx, Work};
use sealgate_trust::{
    Accepted, Imported, Roots, SnapshotParts, SnapshotReader, TenantTrust, TrustError, Verified,
};
use sealgate_wire::{ImportSnapshot, SnapshotImported, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Snapshots;
use super::again::Again;
use super::chain::Chain;
use crate::records::Records;
use crate::{Caller, check};

/// The largest file: far more than a million statements that were taken back need.
const FILE_BYTES: usize = 16 * 1024 * 1024;
/// Slots that one transaction takes over: others write in between.
const SLOTS: usize = 5_000;

/// Takes snapshots over.
pub struct SnapshotImports {
    snapshots: Snapshots,
    records: Records,
    again: Again,
}

/// What was listed again.
#[derive(Default)]
struct Relisted {
    /// Slots that were not listed.
    listed: u64,
    /// Shards that list some of them.
    shards: u64,
    /// Shards of apps that the database does not know.
    unknown: u64,
}

/// What a file says, as far as it was believed.
struct Taken {
    imported: Imported,
    /// The snapshot as it came.
    main: Carrier,
    shards: Vec<(Verified<Shard>, Carrier)>,
}

impl SnapshotImports {
    pub(crate) fn new(snapshots: Snapshots, records: Records, again: Again) -> Self {
        Self { snapshots, records, again }
    }

    /// Takes a snapshot of the caller's tenant over. Doing it again goes on where it stopped, and then changes nothing. The audit log
    /// has a row for each time, also where the file is refused (`spec/revocation.md` §7.4).
    pub async fn import(
        &self,
        caller: &Caller,
        request: &ImportSnapshot,
    ) -> Result<SnapshotImported, AuthorityError> {
        let invalid = |field, why| AuthorityError::Invalid { field, why };
        if check::reason(request.source.as_deref()).is_err() {
            return Err(invalid("source", "at most 256 characters, none of them a control character"));
        }
        let file = STANDARD.decode(&request.file).map_err(|_| invalid("file", "base64 of a file"))?;
        if file.len() > FILE_BYTES {
            return Err(AuthorityError::Refused(Code::BodyTooLarge));
        }
        let sha256 = encode_hex(&Sha256::digest(&file));
        let about = json!({ "sha256": sha256, "bytes": file.len(), "source": request.source });
        match self.take_over(caller, &file, sha256).await {
            Ok(came) => {
                self.records.note(caller, "snapshot.imported", &with(about, imported_detail(&came))).await?;
                Ok(came)
            }
            Err(error) if error.is_failure() => Err(error),
            Err(error) => {
                let refused = json!({ "code": error.code().as_str() });
                self.records.note(caller, "snapshot.refused", &with(about, refused)).await?;
                Err(error)
            }
        }
    }

    async fn take_over(
        &self,
        caller: &Caller,
        file: &[u8],
        sha256: String,
    ) -> Result<SnapshotImported, AuthorityError> {
        let taken = self.read(caller.tenant, file).await?;
        // spec/revocation.md §5.2: what verified counts, whatever comes of the rest.
        let relisted = self.list_again(caller.tenant, &taken.shards).await?;
        let trust = taken.imported.chain.as_ref();
        if let (None, Some((snapshot, _))) = (&taken.imported.refusal, &taken.imported.snapshot) {
            self.adopt(caller.tenant, file, (snapshot, &taken.main)).await?;
        }
        let mut came = match &taken.imported.snapshot {
            Some((snapshot, _)) => SnapshotImported {
                version: snapshot.get().version,
                issued_at: Timestamp(snapshot.get().issued_at),
                sha256,
                revoked: taken.shards.iter().map(|(shard, _)| count(shard.get())).sum(),
                listed: relisted.listed,
                shards: relisted.shards,
                unknown: relisted.unknown,
                licenses_revoked: vec![],
                licenses_suspended: vec![],
                devices_released: vec![],
                servers_revoked: vec![],
                keys_revoked: vec![],
                failed: vec![],
            },
            None => return Err(refused(taken.imported.refusal.as_ref())),
        };
        // Before keys: what a revoked issuer had signed is signed again, unless it was revoked itself.
        self.again.take_back(caller, self.snapshots.desk.ids.now(), &mut came).await?;
        self.again.revoke_keys(caller, trust, &mut came).await?;
        match &taken.imported.refusal {
            Some(why) => Err(refused(Some(why))),
            None if relisted.listed == 0 && self.is_older(caller.tenant, came.version).await? => {
                Err(AuthorityError::Refused(Code::VersionRollback))
            }
            None => Ok(came),
        }
    }

    /// Goes through the steps of `spec/revocation.md` §5.1, with the installation's own roots.
    async fn read(&self, tenant: TenantId, file: &[u8]) -> Result<Taken, AuthorityError> {
        let container = Container::read(file).map_err(|error| AuthorityError::Refused(error.code()))?;
        if container.purpose() != Purpose::Snapshot {
            return Err(AuthorityError::Refused(Code::KindUnexpected));
        }
        let db = &self.snapshots.desk.db;
        let now = self.snapshots.desk.ids.now();
        let own = Chain::read(db, tenant).await?;
        let roots = pinned(&table::roots::list(db).await?)?;
        let known = TenantTrust::verify(&roots, &own.bytes(), Some(tenant), &Accepted::default(), now);
        // What the database holds may have ended since: then the file's own keys have to do.
        let known = known.ok();
        let accepted = known.as_ref().map(|known| known.accepted().clone()).unwrap_or_default();
        let reader = SnapshotReader {
            roots: &roots,
            tenant,
            app: None,
            known: known.as_ref(),
            accepted: &accepted,
            // A database that came back older may have signed newer ones since: they do not say what it forgot.
            snapshot: None,
            shards: &BTreeMap::new(),
            now,
        };
        take(&reader, &container, file).map_err(|error| match error {
            Unfit::Container(error) => AuthorityError::Refused(error.code()),
            Unfit::Trust(error) => AuthorityError::Refused(error.code()),
        })
    }

    /// Lists what the shards list.
    async fn list_again(
        &self,
        tenant: TenantId,
        shards: &[(Verified<Shard>, Carrier)],
    ) -> Result<Relisted, AuthorityError> {
        let db = &self.snapshots.desk.db;
        let mut came = Relisted::default();
        for (shard, carrier) in shards {
            let said = shard.get();
            if table::apps::find(db, tenant, said.app).await?.is_none() {
                came.unknown += 1;
                continue;
            }
            let listed = self.list_shard(tenant, said).await?;
            came.listed += listed;
            came.shards += u64::from(listed > 0);
            db.write(KeepShard::of(tenant, shard, carrier)).await?;
        }
        Ok(came)
    }

    /// Lists what a shard lists and the database does not. Says how many these are.
    async fn list_shard(&self, tenant: TenantId, shard: &Shard) -> Result<u64, AuthorityError> {
        let (db, at) = (&self.snapshots.desk.db, self.snapshots.desk.ids.now());
        // Also what has ended since.
        let begin = UnixSeconds::new(0).expect("the first second");
        let known = table::slots::listed(db, tenant, (shard.app, shard.block), begin).await?;
        let first = shard.block * u64::from(limits::BLOCK_SLOTS);
        let slots = shard.body.iter().flat_map(ShardBody::slots);
        let missing = slots.filter(|slot| known.binary_search(slot).is_err());
        let missing: Vec<u64> = missing.map(|slot| first + u64::from(slot)).collect();
        for some in missing.chunks(SLOTS) {
            db.write(ListAgain { tenant, app: shard.app, slots: some.to_vec(), at }).await?;
        }
        Ok(missing.len() as u64)
    }

    async fn is_older(&self, tenant: TenantId, version: u64) -> Result<bool, AuthorityError> {
        let newest = table::snapshots::newest(&self.snapshots.desk.db, tenant).await?;
        Ok(newest.is_some_and(|newest| newest.version > version))
    }

    /// Keeps the snapshot as the tenant's newest one, unless there is a newer one: the next version goes on from it.
    async fn adopt(
        &self,
        tenant: TenantId,
        file: &[u8],
        (snapshot, main): (&Verified<Snapshot>, &Carrier),
    ) -> Result<(), AuthorityError> {
        let said = snapshot.get();
        let newest = table::snapshots::newest(&self.snapshots.desk.db, tenant).await?;
        if newest.is_some_and(|newest| newest.version >= said.version) {
            return Ok(());
        }
        // What was given out since the copy was made is not known: nothing more is drawn from those blocks.
        self.snapshots.desk.db.write(CloseBlocks(tenant)).await?;
        self.snapshots.adopt(tenant, (snapshot, &named(main, snapshot)), file).await
    }
}

/// Why a file is not taken over.
enum Unfit {
    Container(ContainerError),
    Trust(TrustError),
}

impl From<ContainerError> for Unfit {
    fn from(error: ContainerError) -> Self {
        Self::Container(error)
    }
}

fn take(reader: &SnapshotReader<'_>, container: &Container, file: &[u8]) -> Result<Taken, Unfit> {
    let parts = || {
        Parts::new(container, |entry| {
            // It was read from these very bytes.
            Ok::<_, Unfit>(entry.contents(file).unwrap_or_default().to_vec())
        })
    };
    let said = parts().snapshot()?;
    let main = said.snapshot;
    let statements = SnapshotParts::of(main.clone(), &said.roots, (&said.keyset, &said.tenant_keyset))
        .map_err(Unfit::Trust)?;
    let mut carriers: BTreeMap<_, Carrier> = BTreeMap::new();
    let shards = parts().shards().map(|shard| {
        let shard = shard?;
        carriers.insert(shard.envelope.id(), shard.clone());
        Ok::<_, Unfit>(shard)
    });
    let mut kept = vec![];
    let imported = reader.import(&statements, shards, |shard, _| {
        kept.push(shard.clone());
        Ok(())
    })?;
    let with_carrier = |shard: Verified<Shard>| {
        let carrier = carriers.remove(&shard.id())?;
        Some((shard, carrier))
    };
    Ok(Taken { imported, main, shards: kept.into_iter().filter_map(with_carrier).collect() })
}

fn refused(why: Option<&TrustError>) -> AuthorityError {
    AuthorityError::Refused(why.map_or(Code::SnapshotMismatch, TrustError::code))
}

fn count(shard: &Shard) -> u64 {
    shard.body.as_ref().map_or(0, |body| body.count().into())
}

fn imported_detail(came: &SnapshotImported) -> Value {
    json!({
        "version": came.version, "revoked": came.revoked, "listed": came.listed, "shards": came.shards, "unknown": came.unknown,
        "licenses_revoked": came.licenses_revoked.len(), "licenses_suspended": came.licenses_suspended.len(),
        "devices_released": came.devices_released.len(), "servers_revoked": came.servers_revoked.len(),
        "keys_revoked": came.keys_revoked.len(), "failed": came.failed.len(),
    })
}

fn with(mut about: Value, more: Value) -> Value {
    if let (Value::Object(about), Value::Object(more)) = (&mut about, more) {
        about.extend(more);
    }
    about
}

/// The roots of the oldest root statement that the database has: the way to all later ones begins there.
fn pinned(roots: &[Vec<u8>]) -> Result<Roots, AuthorityError> {
    let first = roots.first().ok_or_else(|| broken("there is no root statement"))?;
    let root = Unverified::<Root>::decode(first)?.danger_peek()?;
    Roots::pin(root.keys, root.threshold, Some(root.version))
        .map_err(|error| broken(format!("stored roots: {error}")))
}

/// Has nothing more drawn from the blocks that the tenant has.
struct CloseBlocks(TenantId);

impl Work for CloseBlocks {
    type Output = u64;
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        table::slot_blocks::close_all(tx, self.0).await
    }
}

/// Lists some slots of an app.
struct ListAgain {
    tenant: TenantId,
    app: AppId,
    slots: Vec<u64>,
    at: UnixSeconds,
}

impl Work for ListAgain {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        table::slots::list_known(tx, (self.tenant, self.app), &self.slots, self.at).await
    }
}

/// Keeps a shard, if it is newer than the database's: the next version goes on from it.
struct KeepShard {
    tenant: TenantId,
    row: ShardRow,
    statement: Vec<u8>,
}

impl KeepShard {
    fn of(tenant: TenantId, shard: &Verified<Shard>, carrier: &Carrier) -> Self {
        let said = shard.get();
        let row = ShardRow {
            app: said.app,
            block: said.block,
            version: said.version,
            issued_at: said.issued_at,
            listed: count(said),
            // If anything is listed here, the next one is due.
            listings: 0,
            signer: shard.signed_by()[0],
            id: shard.id(),
        };
        Self { tenant, statement: named(carrier, shard).encode(), row }
    }
}

impl Work for KeepShard {
    type Output = bool;
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        table::shards::upsert(tx, self.tenant, &self.row, &self.statement).await
    }
}

/// `spec/container.md` §4.2: key ids do not travel, so it gets its signer's back.
fn named<T>(carrier: &Carrier, verified: &Verified<T>) -> Carrier {
    let envelope = &carrier.envelope;
    let signer = verified.signed_by()[0].id(KeyUse::Snapshot).to_string();
    let entry =
        |signature: &SignatureEntry| SignatureEntry { keyid: signer.clone(), sig: signature.sig.clone() };
    let signatures = envelope.signatures().iter().map(entry).collect();
    let envelope =
        sealgate_artifact::Envelope::new(envelope.payload_type(), envelope.payload().to_vec(), signatures);
    Carrier { envelope, attachments: carrier.attachments.clone() }
}
