//! Signing releases again whose update key is about to be revoked (`spec/keys.md` §7.3).

use sealgate_artifact::{KeyUse, PublicKey, Release, ReleaseId, TenantId, UnixSeconds, Unverified};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{self, AuditRow, KeyScope, ReleaseRow};
use sealgate_store::{Tx, Work};
use sealgate_trust::verify_signed_by;
use serde_json::json;

use super::change::KeyChanges;
use crate::Caller;

/// Why a release ends with the key.
const UNBELIEVED: &str = "its statement was not signed by the key that was revoked";
/// Releases in one transaction: a statement may have a megabyte.
const PAGE: u32 = 8;

impl KeyChanges {
    /// The tenant's update key that signs now.
    pub(crate) async fn signing_update_key(&self, tenant: TenantId) -> Result<PublicKey, AuthorityError> {
        self.ring(KeyScope::Tenant(tenant)).await?.signing(KeyUse::Update)
    }

    /// Signs one page of the releases that `former` had signed again. Says whether there may be more.
    pub(super) async fn resign_releases(
        &self,
        caller: &Caller,
        former: PublicKey,
    ) -> Result<bool, AuthorityError> {
        self.desk().retry_for(caller, || self.prepare_releases(caller, former)).await
    }

    async fn prepare_releases(
        &self,
        caller: &Caller,
        former: PublicKey,
    ) -> Result<ResignReleases, AuthorityError> {
        let releases = table::published::by_signer(&self.desk().db, former, PAGE).await?;
        let signer = self.signing_update_key(caller.tenant).await?;
        let mut done = vec![];
        for release in releases {
            let statement = match believed(&release, caller.tenant) {
                Some(release) => Some(self.sign(&release, &[signer])?),
                None => None,
            };
            let action = if statement.is_some() { "release.resigned" } else { "release.revoked" };
            let detail = json!({ "app": release.listed.app.to_string(), "version": release.listed.version });
            let audit = self.desk().audit(caller, action, release.id.to_string(), &detail);
            done.push((release.id, statement, audit));
        }
        Ok(ResignReleases { tenant: caller.tenant, former, signer, signed: done, at: self.desk().ids.now() })
    }

    /// Whether a release that was not revoked is signed by that key.
    pub(super) async fn holds_releases(&self, key: PublicKey) -> Result<bool, AuthorityError> {
        Ok(!table::published::by_signer(&self.desk().db, key, 1).await?.is_empty())
    }
}

/// What the former key had signed. An update key leads to programs being run: nothing is signed because a row says so.
fn believed(row: &ReleaseRow, tenant: TenantId) -> Option<Release> {
    let release = Unverified::<Release>::decode(&row.statement).ok()?;
    let release = verify_signed_by(&release, row.signer).ok()?;
    let said = release.get();
    ((said.release, said.tenant, said.app) == (row.id, tenant, row.listed.app)).then(|| said.clone())
}

struct ResignReleases {
    tenant: TenantId,
    former: PublicKey,
    signer: PublicKey,
    /// Without a statement: nobody can believe the one that is stored, and the release ends with the key.
    signed: Vec<(ReleaseId, Option<Vec<u8>>, AuditRow)>,
    at: UnixSeconds,
}

impl Work for ResignReleases {
    type Output = bool;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, AuthorityError> {
        if !table::keys::hold_active(tx, KeyScope::Tenant(self.tenant), self.signer).await? {
            return Err(AuthorityError::Superseded);
        }
        for (id, statement, audit) in &self.signed {
            // One that was revoked meanwhile stays as it is.
            let is_done = match statement {
                Some(statement) => {
                    table::published::sign_anew(tx, *id, (self.former, self.signer), statement).await?
                }
                None => table::published::revoke(tx, (self.tenant, *id), self.at, Some(UNBELIEVED)).await?,
            };
            if is_done {
                table::audit::insert(tx, audit).await?;
            }
        }
        Ok(!self.signed.is_empty())
    }
}
