//! The keys that sign statements: listed, rotated, revoked (`spec/keys.md` §7).

mod ahead;
mod carry_on;
mod change;
mod complete;
mod issued;
mod list;
mod next;
mod resign;
mod resign_releases;
mod revoke;
mod ring;
mod rotate;
mod signing;
mod turns;
mod version;

pub(crate) use carry_on::CarriedOn;
pub(crate) use change::{KeyChanges, SnapshotKeys};
pub(crate) use complete::{Completed, ROOM_FOR_SERVERS};
pub(crate) use next::{list_revoked, store_next};
pub(crate) use resign::resign_page_after;
pub(crate) use signing::{LicenseSigner, signed_form, signed_form_of};
pub(crate) use version::{begin, first_version, is_tenants, keyset_end, next_version};

use sealgate_artifact::KeyUse;
use sealgate_authority::AuthorityError;
use sealgate_store::table::{self, KeyStage};
use sealgate_trust::TenantTrust;
use sealgate_wire::{CountedQuery, KeyRevoked, KeyView, Page, Reason, RotateKey};

use crate::{Caller, Scope, check};

/// The uses of keys that rotate by themselves. Those of apps rotate with their app, those of servers with their server.
pub(crate) const ROTATED: [KeyUse; 5] =
    [KeyUse::Root, KeyUse::Authority, KeyUse::Issuer, KeyUse::Update, KeyUse::Snapshot];

/// Bundles of a revoked key that are named.
const DARK_BUNDLES: u32 = 1_000;

/// The keys of the vendor and of the installation.
pub struct Keys {
    changes: KeyChanges,
}

impl Keys {
    pub(crate) fn new(changes: KeyChanges) -> Self {
        Self { changes }
    }

    /// The keys of the installation, of the caller's tenant, of the servers that its keyset lists, and of its apps.
    pub async fn list(&self, caller: &Caller, query: &CountedQuery) -> Result<Page<KeyView>, AuthorityError> {
        list::page(&self.changes.desk().db, caller, query).await
    }

    /// Replaces the signing key of a use, and gives the first page of what there is afterwards.
    pub async fn rotate(
        &self,
        caller: &Caller,
        request: &RotateKey,
    ) -> Result<Page<KeyView>, AuthorityError> {
        let asked = KeyUse::parse(&request.r#use).filter(|key_use| ROTATED.contains(key_use));
        let Some(key_use) = asked else {
            return Err(AuthorityError::Invalid {
                field: "use",
                why: "root, authority, issuer, update or snapshot",
            });
        };
        check_scope(caller, key_use)?;
        {
            let _turn = self.changes.turn(key_use, caller.tenant).await?;
            self.changes.rotate(caller, key_use, None).await?;
        }
        self.list(caller, &CountedQuery::default()).await
    }

    /// Whether a key of the tenant or of the installation is revoked.
    pub(crate) async fn is_revoked(&self, caller: &Caller, keyid: &str) -> Result<bool, AuthorityError> {
        Ok(self.changes.find(caller, keyid).await?.state == KeyStage::Revoked)
    }

    /// Goes on from keysets that were verified, where the database came back older. What was done stands in `came`.
    pub(crate) async fn carry_on(
        &self,
        caller: &Caller,
        trust: &TenantTrust,
        came: &mut CarriedOn,
    ) -> Result<(), AuthorityError> {
        self.changes.carry_on(caller, trust, came).await
    }

    /// Revokes a key of the tenant or of the installation. Asking again goes on where it stopped. Once it is done, it
    /// changes nothing.
    pub async fn revoke(
        &self,
        caller: &Caller,
        keyid: &str,
        request: &Reason,
    ) -> Result<KeyRevoked, AuthorityError> {
        let reason = request.reason.as_deref();
        check::reason(reason)?;
        let key_use = self.changes.find(caller, keyid).await?.key_use;
        check_scope(caller, key_use)?;
        let _turn = self.changes.turn(key_use, caller.tenant).await?;
        // Another change may have been under way.
        let key = self.changes.find(caller, keyid).await?;
        let (complete, resigned) = self.changes.revoke(caller, &key, reason).await?;
        let dark = resigned.iter().map(ToString::to_string).collect();
        let desk = self.changes.desk();
        let live = (desk.ids.now(), DARK_BUNDLES);
        let bundles = table::bundles::live_by_signer(&desk.db, key.public_key, live).await?;
        let dark_bundles = bundles.iter().map(ToString::to_string).collect();
        Ok(KeyRevoked { keyid: keyid.to_owned(), complete, dark, dark_bundles })
    }
}

/// A tenant may not change keys that all tenants share.
fn check_scope(caller: &Caller, key_use: KeyUse) -> Result<(), AuthorityError> {
    if is_tenants(key_use) { Ok(()) } else { caller.needs(Scope::Installation) }
}
