//! What an imported snapshot says was taken back is taken back again (`spec/revocation.md` §7.3).

use sealgate_artifact::{KeyState, KeyUse, LicenseId, UnixSeconds};
use sealgate_authority::AuthorityError;
use sealgate_store::Db;
use sealgate_store::table::slots;
use sealgate_trust::TenantTrust;
use sealgate_wire::{NotDone, ReleaseDevices, SnapshotImported, StopLicense};

use crate::devices::Devices;
use crate::keys::Keys;
use crate::licenses::Licenses;
use crate::records::Records;
use crate::restore::{Outcome, Restore, Revocation, What};
use crate::servers::Servers;
use crate::upkeep::Upkeep;
use crate::{Caller, Scope, Scopes};

/// Licenses or devices that are read at once.
const PAGE: u32 = 100;

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
            match (restore.revoke_again(&by_right, &revocation).await, what) {
                (Ok(Outcome::Done), What::Server) => came.servers_revoked.push(id),
                (Ok(Outcome::Done), _) => came.keys_revoked.push(id),
                (Ok(Outcome::Was | Outcome::Unknown), _) => {}
                (Err(error), _) => not_done(came, id, error)?,
            }
        }
        Ok(())
    }

    /// Revokes each license whose present version is listed. Where something else of it is not, only that version was taken back, and
    /// what followed it is lost: the vendor decides.
    pub(super) async fn revoke_licenses(
        &self,
        caller: &Caller,
        now: UnixSeconds,
        came: &mut SnapshotImported,
    ) -> Result<(), AuthorityError> {
        let (by_right, mut after): (_, Option<LicenseId>) = (by_right(caller), None);
        loop {
            let page = slots::presently_listed(&self.db, (caller.tenant, now), after, PAGE).await?;
            for found in &page {
                let id = found.license.to_string();
                let reason = Some(reason(came.version));
                let stop = StopLicense { reason, if_version: None };
                let done = match found.lives {
                    true => self.licenses.suspend(&by_right, &id, &stop).await,
                    false => self.licenses.revoke(&by_right, &id, &stop).await,
                };
                match (done, found.lives) {
                    (Ok(_), true) => came.licenses_suspended.push(id),
                    (Ok(_), false) => came.licenses_revoked.push(id),
                    (Err(error), _) => not_done(came, id, error)?,
                }
            }
            after = page.last().map(|found| found.license);
            if page.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    /// Releases the seat of each device whose present proof is listed.
    pub(super) async fn release_devices(
        &self,
        caller: &Caller,
        came: &mut SnapshotImported,
    ) -> Result<(), AuthorityError> {
        let (by_right, mut after): (_, Option<String>) = (by_right(caller), None);
        // The allowance was drawn on when it was released first.
        let request = ReleaseDevices { override_allowance: Some(true) };
        loop {
            let page = slots::seats_of_listed(&self.db, caller.tenant, after.as_deref(), PAGE).await?;
            for id in &page {
                match self.devices.release(&by_right, id, &request).await {
                    Ok(_) => came.devices_released.push(id.clone()),
                    Err(error) => not_done(came, id.clone(), error)?,
                }
            }
            after = page.last().cloned();
            if page.len() < PAGE as usize {
                return Ok(());
            }
        }
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
