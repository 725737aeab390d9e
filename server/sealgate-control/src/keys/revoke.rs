//! Revocation of a key: what it had signed is signed again first, then the key ends (`spec/keys.md` §7.3).

use sealgate_artifact::{Code, KeyUse, LicenseId};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{KeyRow, KeyScope, KeyStage};
use serde_json::json;

use super::change::{Change, KeyChanges};
use super::resign::resign_page;
use super::version::is_tenants;
use crate::Caller;

/// Pages of licenses, or of releases, in one request. More would exceed its deadline.
const PAGES: u32 = 100;

impl KeyChanges {
    /// Revokes a key. Says whether it is done, and which licenses were signed again.
    pub(super) async fn revoke(
        &self,
        caller: &Caller,
        key: &KeyRow,
        reason: Option<&str>,
    ) -> Result<(bool, Vec<LicenseId>), AuthorityError> {
        match (key.key_use, key.state) {
            (_, KeyStage::Revoked) => {}
            (KeyUse::Issuer, _) => return self.revoke_issuer(caller, key, reason).await,
            (KeyUse::Update, _) => return Ok((self.revoke_update_key(caller, key, reason).await?, vec![])),
            // A server's key has no next one here: the server makes it.
            (KeyUse::Activation, _) => self.end(caller, key, reason).await?,
            // A key that signs is replaced in the same change.
            (key_use, KeyStage::Active) => self.rotate(caller, key_use, Some(key.public_key)).await?,
            _ => self.end(caller, key, reason).await?,
        }
        Ok((true, vec![]))
    }

    /// An issuer that signs is replaced first. Its licenses have to be signed again before it ends.
    async fn revoke_issuer(
        &self,
        caller: &Caller,
        key: &KeyRow,
        reason: Option<&str>,
    ) -> Result<(bool, Vec<LicenseId>), AuthorityError> {
        if key.state == KeyStage::Active {
            self.rotate(caller, KeyUse::Issuer, None).await?;
        }
        let mut resigned = vec![];
        for _ in 0..PAGES {
            let page = resign_page(self.desk(), &self.issuers(), caller, key.public_key).await?;
            if page.is_empty() {
                self.end(caller, key, reason).await?;
                return Ok((true, resigned));
            }
            resigned.extend(page);
        }
        Ok((false, resigned))
    }

    /// An update key that signs is replaced first. Then the releases that it had signed are signed again, before it ends. Says
    /// whether it has.
    async fn revoke_update_key(
        &self,
        caller: &Caller,
        key: &KeyRow,
        reason: Option<&str>,
    ) -> Result<bool, AuthorityError> {
        if key.state == KeyStage::Active {
            self.rotate(caller, KeyUse::Update, None).await?;
        }
        for _ in 0..PAGES {
            if !self.resign_releases(caller, key.public_key).await? {
                self.end(caller, key, reason).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The key of that id, among those of the caller's tenant and of the installation.
    pub(super) async fn find(&self, caller: &Caller, keyid: &str) -> Result<KeyRow, AuthorityError> {
        for scope in [KeyScope::Tenant(caller.tenant), KeyScope::Installation] {
            let is_named = |key: &KeyRow| key.public_key.id(key.key_use).to_string() == keyid;
            if let Some(key) = self.ring(scope).await?.keys.into_iter().find(is_named) {
                return Ok(key);
            }
        }
        Err(AuthorityError::Refused(Code::NotFound))
    }

    /// Publishes that a key which signs nothing any more is revoked.
    async fn end(&self, caller: &Caller, key: &KeyRow, reason: Option<&str>) -> Result<(), AuthorityError> {
        let fresh = match key.state {
            KeyStage::Next => Some(self.generate(key.key_use)?),
            _ => None,
        };
        let prepare = || async {
            let mut ring = self.ring(key.scope).await?;
            // Another process may have let it sign meanwhile; then it has to be replaced first.
            let state = ring.keys.iter().find(|now| now.public_key == key.public_key).map(|now| now.state);
            let signs = state == Some(KeyStage::Active) && key.key_use != KeyUse::Activation;
            if signs || (state == Some(KeyStage::Next)) != fresh.is_some() {
                return Err(AuthorityError::Superseded);
            }
            ring.revoke(key.public_key, fresh, self.desk().ids.now());
            self.make_room(&mut ring).await?;
            let subject = key.public_key.id(key.key_use).to_string();
            let detail = json!({ "use": key.key_use.as_str(), "reason": reason });
            let mut change = Change::new(self.desk().audit(caller, "key.revoked", subject, &detail));
            if is_tenants(key.key_use) {
                self.publish_tenant(&mut change, &ring, self.signing_authority().await?).await?;
            } else {
                self.publish_authorities(&mut change, &ring).await?;
            }
            Ok(change)
        };
        self.publish(caller, key.key_use, prepare).await?;
        // Also what a retired one signed is not believed any more.
        if key.key_use == KeyUse::Snapshot { self.hurry_snapshots().await } else { Ok(()) }
    }
}
