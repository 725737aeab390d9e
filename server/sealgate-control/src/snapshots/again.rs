//! What an imported snapshot says was taken back is taken back again (`spec/revocation.md` §7.3).

use sealgate_artifact::{
    ActivationId, ActivationProof, AppId, BundleId, Code, KeyRecord, KeyState, KeyUse, License, TenantId,
    UnixSeconds, Unverified,
};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{self, Pending, PendingOf, Slotted, pending};
use sealgate_store::{Db, StoreError, Tx, Work};
use sealgate_trust::TenantTrust;
use sealgate_wire::{NotDone, Reason, ReleaseDevices, SnapshotImported, StopLicense};
use serde_json::json;

use crate::devices::Devices;
use crate::keys::{CarriedOn, Keys, is_tenants};
use crate::licenses::Licenses;
use crate::records::Records;
use crate::restore::{Outcome, Restore, Revocation, What};
use crate::servers::Servers;
use crate::upkeep::Upkeep;
use crate::{Caller, Scope, Scopes};

/// Slots that are read at once.
const PAGE: u32 = 200;

/// Takes things back again, by the use cases that take them back.
pub(crate) struct Again {
    pub(crate) db: Db,
    pub(crate) licenses: Licenses,
    pub(crate) devices: Devices,
    pub(crate) servers: Servers,
    pub(crate) keys: Keys,
    pub(crate) records: Records,
    pub(crate) upkeep: Upkeep,
}

impl Again {
    /// Revokes the keys and servers that the file's keysets list as revoked: their signatures prove that they were.
    pub(super) async fn revoke_keys(
        &self,
        caller: &Caller,
        trust: Option<&TenantTrust>,
        came: &mut SnapshotImported,
    ) -> Result<(), AuthorityError> {
        let Some(trust) = trust else { return Ok(()) };
        let by_right = by_right(caller);
        let reason = reason(came.version);
        let listed = trust.keyset().get().keys.iter().chain(&trust.tenant_keyset().get().keys);
        for key in listed.filter(|key| key.state == KeyState::Revoked) {
            let id = key.public_key.id(key.key_use).to_string();
            let is_new = match self.revoke_key(&by_right, key, &reason).await {
                Ok(is_new) => is_new,
                Err(error) => {
                    not_done(came, id, error)?;
                    continue;
                }
            };
            if !is_new {
                continue;
            }
            let is_server = key.key_use == KeyUse::Server;
            if is_server { &mut came.servers_revoked } else { &mut came.keys_revoked }.push(id.clone());
            if !is_tenants(key.key_use) {
                let action = if is_server { "server.revoked" } else { "key.revoked" };
                let detail = json!({ "reason": reason, "tenant": caller.tenant.to_string() });
                self.records.note_for_all(caller, action, (&id, &detail)).await?;
            }
        }
        Ok(())
    }

    /// Says whether that is new. A key that the database does not know is for [`Again::carry_on`].
    async fn revoke_key(
        &self,
        by_right: &Caller,
        key: &KeyRecord,
        reason: &str,
    ) -> Result<bool, AuthorityError> {
        let Self { db, licenses, servers, keys, records, upkeep, .. } = self;
        let reason = Some(reason.to_owned());
        if key.key_use == KeyUse::Server {
            return servers.revoke_listed(by_right, key.public_key, &Reason { reason }).await;
        }
        let restore = Restore { db, licenses, servers, keys, records, upkeep };
        let id = key.public_key.id(key.key_use).to_string();
        let revocation = Revocation { what: What::Key, id: &id, reason };
        Ok(matches!(restore.revoke_again(by_right, &revocation).await?, Outcome::Done))
    }

    /// Goes on from the keysets that the file has: devices that saw them take no older ones.
    pub(super) async fn carry_on(
        &self,
        caller: &Caller,
        trust: Option<&TenantTrust>,
        came: &mut SnapshotImported,
    ) -> Result<(), AuthorityError> {
        let Some(trust) = trust else { return Ok(()) };
        let mut carried = CarriedOn::default();
        let done = self.keys.carry_on(&by_right(caller), trust, &mut carried).await;
        came.keys_retired.extend(carried.retired);
        came.keys_revoked.extend(carried.revoked);
        for id in carried.without_room {
            not_done(came, id, AuthorityError::Refused(Code::KeysetFull))?;
        }
        done.or_else(|error| not_done(came, "keysets".to_owned(), error))
    }

    /// Goes through what imported snapshots listed of the tenant and the database had not: first licenses, then seats. What was done
    /// is not done again, whatever the vendor decides afterwards; what could not be done is tried with the next import.
    pub(super) async fn take_back(
        &self,
        caller: &Caller,
        came: &mut SnapshotImported,
    ) -> Result<(), AuthorityError> {
        let by_right = by_right(caller);
        for of in [PendingOf::Licenses, PendingOf::Devices] {
            self.take_back_all(&by_right, of, came).await?;
        }
        Ok(())
    }

    async fn take_back_all(
        &self,
        by_right: &Caller,
        of: PendingOf,
        came: &mut SnapshotImported,
    ) -> Result<(), AuthorityError> {
        let mut after = None;
        loop {
            let page = pending::page(&self.db, (by_right.tenant, of), after, PAGE).await?;
            let mut done = vec![];
            for row in &page {
                let failed = came.failed.len();
                match row.what {
                    None => {}
                    Some(Slotted::Version(version)) => {
                        self.take_back_version(by_right, (row, version), came).await?;
                    }
                    Some(Slotted::Bundle(bundle)) => {
                        let (tenant, reason) = (by_right.tenant, reason_of(row, came));
                        let again = RevokeBundle { tenant, bundle, signed_at: row.since, reason };
                        self.db.write(again).await?;
                    }
                    Some(Slotted::Proof(activation, generation)) => {
                        self.take_back_proof(by_right, row, (activation, generation), came).await?;
                    }
                }
                if came.failed.len() == failed {
                    done.push((row.app, row.slot));
                }
            }
            self.db.write(Done(done)).await?;
            let Some(last) = page.last().filter(|_| page.len() == PAGE as usize) else { return Ok(()) };
            after = Some((last.app, last.slot));
        }
    }

    /// spec/revocation.md §7.5: only the newest version that was signed when the snapshot was says what became of the license. Earlier
    /// ones may be listed because another one followed them.
    async fn take_back_version(
        &self,
        by_right: &Caller,
        (row, version): (&Pending, u64),
        came: &mut SnapshotImported,
    ) -> Result<(), AuthorityError> {
        let (id, signed_at) = (row.license, row.since);
        let found = table::licenses::find(&self.db, by_right.tenant, id).await?;
        if found.is_none_or(|license| license.revoked_at.is_some()) {
            return Ok(());
        }
        let own = table::licenses::statement(&self.db, id, version).await?;
        if was_signed(own)?.is_some_and(|at| at > signed_at) {
            // Signed since: the slot was another statement's in what was lost, and nothing of this license was taken back.
            return self.sign_anew(by_right, row, came).await;
        }
        let following = table::licenses::following(&self.db, id, version).await?;
        if was_signed(following)?.is_some_and(|at| at <= signed_at) {
            return Ok(());
        }
        self.stop(by_right, row, came).await
    }

    /// spec/revocation.md §7.5: a proof that was signed since has a slot that was another statement's in what was lost.
    async fn take_back_proof(
        &self,
        by_right: &Caller,
        row: &Pending,
        (activation, generation): (ActivationId, u64),
        came: &mut SnapshotImported,
    ) -> Result<(), AuthorityError> {
        let proof = pending::proof(&self.db, activation, generation).await?;
        let newest = proof.as_deref().map(said).transpose()?;
        match (newest, proof) {
            (Some(newest), Some(proof)) if newest.issued_at > row.since => {
                if newest.slot == Some(row.slot) {
                    self.db.write(ProveAnew { activation, generation, proof }).await?;
                }
                Ok(())
            }
            _ => {
                let seat = pending::seat(&self.db, activation, generation).await?;
                self.release(by_right, seat, came).await
            }
        }
    }

    /// spec/revocation.md §7.5: a version that gave less and a device that was released list what a revocation lists. A suspension can be
    /// undone, and gives no right meanwhile.
    async fn stop(
        &self,
        by_right: &Caller,
        row: &Pending,
        came: &mut SnapshotImported,
    ) -> Result<(), AuthorityError> {
        let id = row.license.to_string();
        let stop = StopLicense { reason: Some(reason_of(row, came)), if_version: None };
        match self.licenses.suspend(by_right, &id, &stop).await {
            Ok(_) => came.licenses_suspended.push(id),
            Err(error) => not_done(came, id, error)?,
        }
        Ok(())
    }

    async fn sign_anew(
        &self,
        by_right: &Caller,
        row: &Pending,
        came: &mut SnapshotImported,
    ) -> Result<(), AuthorityError> {
        let id = row.license.to_string();
        match self.licenses.sign_anew(by_right, &id, &reason_of(row, came)).await {
            Ok(()) => Ok(()),
            Err(error) => not_done(came, id, error),
        }
    }

    async fn release(
        &self,
        by_right: &Caller,
        seat: Option<String>,
        came: &mut SnapshotImported,
    ) -> Result<(), AuthorityError> {
        let Some(id) = seat else { return Ok(()) };
        // The allowance was drawn on when it was released first.
        let request = ReleaseDevices { override_allowance: Some(true) };
        match self.devices.release(by_right, &id, &request).await {
            Ok(_) => came.devices_released.push(id),
            Err(error) => not_done(came, id, error)?,
        }
        Ok(())
    }
}

/// The caller, with every right: whoever signed the snapshot had it.
fn by_right(caller: &Caller) -> Caller {
    let scopes = Scopes::of(&[Scope::Owner, Scope::Installation]);
    Caller { scopes, once: None, actor: caller.actor.clone(), ..caller.clone() }
}

fn reason(version: u64) -> String {
    format!("snapshot {version} lists it")
}

/// An import that did not end leaves what it listed to the next one, which may be of another file.
fn reason_of(row: &Pending, came: &SnapshotImported) -> String {
    if row.since == came.issued_at.0 {
        return reason(came.version);
    }
    format!("the snapshot of {} lists it", row.since)
}

/// What one of them lacks must not keep the others from being taken back.
fn not_done(came: &mut SnapshotImported, id: String, error: AuthorityError) -> Result<(), AuthorityError> {
    if error.is_failure() && !matches!(error, AuthorityError::Busy(_)) {
        return Err(error);
    }
    came.failed.push(NotDone { id, code: error.code().to_string() });
    Ok(())
}

/// What a proof says.
fn said(proof: &[u8]) -> Result<ActivationProof, AuthorityError> {
    Ok(Unverified::<ActivationProof>::decode(proof)?.danger_peek()?)
}

/// When a version of a license was signed.
fn was_signed(statement: Option<Vec<u8>>) -> Result<Option<UnixSeconds>, AuthorityError> {
    let Some(statement) = statement else { return Ok(None) };
    Ok(Some(Unverified::<License>::decode(&statement)?.danger_peek()?.issued_at))
}

/// Has a device get a newer proof.
struct ProveAnew {
    activation: ActivationId,
    generation: u64,
    proof: Vec<u8>,
}

impl Work for ProveAnew {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        pending::prove_anew(tx, (self.activation, self.generation), &self.proof).await
    }
}

/// Notes that a bundle was revoked, if it was signed when the snapshot was: else the slot was another statement's in what was lost.
struct RevokeBundle {
    tenant: TenantId,
    bundle: BundleId,
    signed_at: UnixSeconds,
    reason: String,
}

impl Work for RevokeBundle {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let found = table::bundles::find(&mut *tx, self.tenant, self.bundle).await?;
        if found.is_some_and(|bundle| bundle.issued_at <= self.signed_at) {
            let why = (self.signed_at, Some(&*self.reason));
            table::bundles::revoke(tx, (self.tenant, self.bundle), why).await?;
        }
        Ok(())
    }
}

/// What follows of these slots was done.
struct Done(Vec<(AppId, u64)>);

impl Work for Done {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        pending::done(tx, &self.0).await
    }
}
