//! Taking over a snapshot of this installation's own, for a database that came back older (`spec/revocation.md` §7.3).

use std::sync::Arc;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use sealgate_artifact::{Code, Snapshot, TenantId, encode_hex};
use sealgate_authority::AuthorityError;
use sealgate_store::table;
use sealgate_trust::{TrustError, Verified};
use sealgate_wire::{ImportSnapshot, SnapshotImported, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Snapshots;
use super::again::Again;
use super::relist::{Begin, count, list_again};
use super::runs::{Request, Runs};
use super::taken::{Taken, beside};
use crate::records::Records;
use crate::{Caller, check};

/// The largest file: far more than a million statements that were taken back need.
const FILE_BYTES: usize = 16 * 1024 * 1024;

/// How long a request waits for an import: it is answered before its own time is up (`spec/http.md` §3.22).
const WAIT: Duration = Duration::from_secs(20);

/// Takes snapshots over.
pub struct SnapshotImports {
    importer: Arc<Importer>,
    runs: Runs,
}

/// Takes one over.
struct Importer {
    snapshots: Snapshots,
    records: Records,
    again: Again,
}

impl SnapshotImports {
    pub(crate) fn new(snapshots: Snapshots, records: Records, again: Again) -> Self {
        let runs = Runs::new(snapshots.desk.ids.clone());
        Self { importer: Arc::new(Importer { snapshots, records, again }), runs }
    }

    /// Takes a snapshot of the caller's tenant over. Doing it again goes on where it stopped, and then changes nothing. It goes on
    /// without its request, and the same request again waits for the same, or hears what came of it. The audit log has two rows for each
    /// import, also where the file is refused (`spec/revocation.md` §7.4).
    pub async fn import(
        &self,
        caller: &Caller,
        request: &ImportSnapshot,
    ) -> Result<SnapshotImported, AuthorityError> {
        let invalid = |field, why| AuthorityError::Invalid { field, why };
        if check::reason(request.source.as_deref()).is_err() {
            return Err(invalid("source", "at most 256 characters, none of them a control character"));
        }
        let text = request.file.clone();
        let read =
            beside(move || STANDARD.decode(text).map(|file| (encode_hex(&Sha256::digest(&file)), file)));
        let (sha256, file) = read.await?.map_err(|_| invalid("file", "base64 of a file"))?;
        if file.len() > FILE_BYTES {
            return Err(AuthorityError::Refused(Code::BodyTooLarge));
        }
        let about = json!({ "sha256": sha256, "bytes": file.len(), "source": request.source });
        let (importer, caller) = (Arc::clone(&self.importer), caller.clone());
        let times_back = importer.snapshots.desk.db.times_back();
        let same = Request { tenant: caller.tenant, sha256, source: request.source.clone(), times_back };
        let work = || async move { importer.import(&caller, file, about).await };
        self.runs.run(same, WAIT, work).await
    }
}

impl Importer {
    /// The first row of the audit log says that it began: whatever becomes of it, it is known who tried it.
    async fn import(
        &self,
        caller: &Caller,
        file: Vec<u8>,
        about: Value,
    ) -> Result<SnapshotImported, AuthorityError> {
        self.records.note(caller, "snapshot.import_begun", &about).await?;
        let (mut came, sha256) = (None, about["sha256"].as_str().unwrap_or_default().to_owned());
        let done = self.take_over(caller, (file, sha256), &mut came).await;
        let mut detail = match &came {
            None => about,
            Some(came) => with(about, imported_detail(came)),
        };
        let action = match &done {
            Ok(()) => "snapshot.imported",
            Err(error) => {
                detail["code"] = json!(error.code().as_str());
                if error.is_failure() { "snapshot.import_failed" } else { "snapshot.refused" }
            }
        };
        let noted = self.records.note_done(caller, action, &detail).await;
        done?;
        noted?;
        came.ok_or(AuthorityError::Refused(Code::SnapshotMismatch))
    }

    /// What was done so far stands in `came`, whatever comes of the rest.
    async fn take_over(
        &self,
        caller: &Caller,
        (file, sha256): (Vec<u8>, String),
        came: &mut Option<SnapshotImported>,
    ) -> Result<(), AuthorityError> {
        let desk = &self.snapshots.desk;
        let taken = Taken::read(&desk.db, caller.tenant, file, desk.ids.now()).await?;
        // spec/revocation.md §5.2: what verified counts, whatever comes of the rest.
        let refusal = taken.imported.refusal.as_ref().map(TrustError::code);
        // spec/revocation.md §7.12: without it, nothing is taken over.
        let Some((snapshot, _)) = &taken.imported.snapshot else {
            return Err(AuthorityError::Refused(refusal.unwrap_or(Code::SnapshotMismatch)));
        };
        let was_lost = desk.write(caller, Begin::of(snapshot, desk.ids.now())).await?;
        let came = came.insert(nothing_yet(snapshot, sha256));
        came.revoked = taken.shards.iter().map(|(shard, _)| count(shard.get())).sum();
        let listed = (came.issued_at.0, &taken.shards[..]);
        let relisted = list_again((&desk.db, &desk.ids), caller.tenant, listed).await?;
        (came.listed, came.shards, came.unknown) = (relisted.listed, relisted.shards, relisted.unknown);
        // Before keys: what they signed is signed again, and then it is another version that is in force.
        self.again.take_back(caller, came).await?;
        self.again.revoke_keys(caller, taken.trust.as_ref(), came).await?;
        self.again.carry_on(caller, taken.trust.as_ref(), came).await?;
        self.snapshots.is_cared_for(caller.tenant);
        // Else whoever imports what was just signed would have versions run ahead of the minutes.
        if was_lost || !changed_nothing(came) {
            self.snapshots.changes.hurry_snapshots().await?;
        }
        match refusal {
            Some(code) => Err(AuthorityError::Refused(code)),
            None if self.is_of_no_use(caller.tenant, came).await? => {
                Err(AuthorityError::Refused(Code::VersionRollback))
            }
            None => Ok(()),
        }
    }

    /// Whether there is a newer one, and nothing was done or left undone for this one.
    async fn is_of_no_use(&self, tenant: TenantId, came: &SnapshotImported) -> Result<bool, AuthorityError> {
        if !changed_nothing(came) || !came.failed.is_empty() {
            return Ok(false);
        }
        let newest = table::snapshots::newest(&self.snapshots.desk.db, tenant).await?;
        Ok(newest.is_some_and(|newest| newest.version > came.version))
    }
}

fn nothing_yet(snapshot: &Verified<Snapshot>, sha256: String) -> SnapshotImported {
    let said = snapshot.get();
    SnapshotImported {
        version: said.version,
        issued_at: Timestamp(said.issued_at),
        sha256,
        revoked: 0,
        listed: 0,
        shards: 0,
        unknown: 0,
        licenses_suspended: vec![],
        devices_released: vec![],
        servers_revoked: vec![],
        keys_revoked: vec![],
        keys_retired: vec![],
        failed: vec![],
    }
}

/// Whether nothing was done: everything that the file says was in force already, or could not be done.
fn changed_nothing(came: &SnapshotImported) -> bool {
    let lists = [
        &came.licenses_suspended,
        &came.devices_released,
        &came.servers_revoked,
        &came.keys_revoked,
        &came.keys_retired,
    ];
    came.listed == 0 && lists.iter().all(|list| list.is_empty())
}

fn imported_detail(came: &SnapshotImported) -> Value {
    json!({
        "version": came.version, "revoked": came.revoked, "listed": came.listed, "shards": came.shards, "unknown": came.unknown,
        "licenses_suspended": came.licenses_suspended.len(),
        "devices_released": came.devices_released.len(), "servers_revoked": came.servers_revoked.len(),
        "keys_revoked": came.keys_revoked.len(), "keys_retired": came.keys_retired.len(), "failed": came.failed.len(),
    })
}

fn with(mut about: Value, more: Value) -> Value {
    if let (Value::Object(about), Value::Object(more)) = (&mut about, more) {
        about.extend(more);
    }
    about
}
