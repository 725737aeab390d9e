//! What an imported snapshot says was taken back is taken back again (`spec/revocation.md` §7.3).

use sealgate_artifact::{AppId, KeyState, KeyUse, LicenseId, UnixSeconds};
use sealgate_authority::AuthorityError;
use sealgate_store::Db;
use sealgate_store::table::{self, Slotted, slots};
use sealgate_trust::TenantTrust;
use sealgate_wire::{NotDone, ReleaseDevices, SnapshotImported, StopLicense};
use serde_json::json;

use crate::devices::Devices;
use crate::keys::{Keys, is_tenants};
use crate::licenses::Licenses;
use crate::records::Records;
use crate::restore::{Outcome, Restore, Revocation, What};
use crate::servers::Servers;
use crate::upkeep::Upkeep;
use crate::{Caller, Scope, Scopes};

/// Blocks, and what is listed in one, that are read at once.
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
        let Self { db, licenses, servers, keys, records, upkeep, .. } = self;
        let restore = Restore { db, licenses, servers, keys, records, upkeep };
        let reason = reason(came.version);
        let listed = trust.keyset().get().keys.iter().chain(&trust.tenant_keyset().get().keys);
        for key in listed.filter(|key| key.state == KeyState::Revoked) {
            let what = if key.key_use == KeyUse::Server { What::Server } else { What::Key };
            let id = key.public_key.id(key.key_use).to_string();
            let revocation = Revocation { what, id: &id, reason: Some(reason.clone()) };
            let done = restore.revoke_again(&by_right, &revocation).await;
            if matches!(done, Ok(Outcome::Done)) && !is_tenants(key.key_use) {
                let action = if what == What::Server { "server.revoked" } else { "key.revoked" };
                let detail = json!({ "reason": reason, "tenant": caller.tenant.to_string() });
                records.note_for_all(caller, action, (&id, &detail)).await?;
            }
            match (done, what) {
                (Ok(Outcome::Done), What::Server) => came.servers_revoked.push(id),
                (Ok(Outcome::Done), _) => came.keys_revoked.push(id),
                (Ok(Outcome::Was | Outcome::Unknown), _) => {}
                (Err(error), _) => not_done(came, id, error)?,
            }
        }
        Ok(())
    }

    /// Goes on from the keysets that the file has: devices that saw them take no older ones.
    pub(super) async fn carry_on(
        &self,
        caller: &Caller,
        trust: Option<&TenantTrust>,
        came: &mut SnapshotImported,
    ) -> Result<(), AuthorityError> {
        let Some(trust) = trust else { return Ok(()) };
        let mut retired = vec![];
        let done = self.keys.carry_on(&by_right(caller), trust, &mut retired).await;
        came.keys_retired.extend(retired);
        done.or_else(|error| not_done(came, "keysets".to_owned(), error))
    }

    /// Goes through what is listed of the tenant. A license whose present version is listed is revoked; where something else of it is
    /// not listed, only that version was taken back, and what followed it is lost: the vendor decides. A device loses its
    /// seat if its proofs are listed.
    pub(super) async fn take_back(
        &self,
        caller: &Caller,
        now: UnixSeconds,
        came: &mut SnapshotImported,
    ) -> Result<(), AuthorityError> {
        let (by_right, mut after) = (by_right(caller), None);
        loop {
            let blocks = slots::blocks(&self.db, caller.tenant, after, PAGE).await?;
            for block in blocks.iter().filter(|block| block.listings > 0) {
                self.take_back_of(&by_right, (block.app, block.block), now, came).await?;
            }
            after = blocks.last().map(|block| (block.app, block.block));
            if blocks.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    async fn take_back_of(
        &self,
        by_right: &Caller,
        block: (AppId, u64),
        now: UnixSeconds,
        came: &mut SnapshotImported,
    ) -> Result<(), AuthorityError> {
        let mut after = (-1, -1);
        loop {
            let page = slots::listed_owners(&self.db, by_right.tenant, block, after, PAGE).await?;
            for owner in &page {
                match owner.what {
                    Slotted::Version(version) if version == owner.present => {
                        self.stop(by_right, owner.license, now, came).await?;
                    }
                    Slotted::Version(_) => {}
                    Slotted::Proof(activation, generation) => {
                        let seat = slots::seat_of_listed(&self.db, activation, generation).await?;
                        self.release(by_right, seat, came).await?;
                    }
                }
            }
            let Some(last) = page.last().filter(|_| page.len() == PAGE as usize) else { return Ok(()) };
            after = last.place;
        }
    }

    async fn stop(
        &self,
        by_right: &Caller,
        license: LicenseId,
        now: UnixSeconds,
        came: &mut SnapshotImported,
    ) -> Result<(), AuthorityError> {
        let (id, lives) = (license.to_string(), slots::lives(&self.db, license, now).await?);
        let found = table::licenses::find(&self.db, by_right.tenant, license).await?;
        if lives && found.is_none_or(|found| found.suspended_at.is_some()) {
            return Ok(());
        }
        let stop = StopLicense { reason: Some(reason(came.version)), if_version: None };
        let (done, told) = if lives {
            (self.licenses.suspend(by_right, &id, &stop).await, &mut came.licenses_suspended)
        } else {
            (self.licenses.revoke(by_right, &id, &stop).await, &mut came.licenses_revoked)
        };
        match done {
            Ok(_) => told.push(id),
            Err(error) => not_done(came, id, error)?,
        }
        Ok(())
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

/// What one of them lacks must not keep the others from being taken back.
fn not_done(came: &mut SnapshotImported, id: String, error: AuthorityError) -> Result<(), AuthorityError> {
    if error.is_failure() && !matches!(error, AuthorityError::Busy(_)) {
        return Err(error);
    }
    came.failed.push(NotDone { id, code: error.code().to_string() });
    Ok(())
}
