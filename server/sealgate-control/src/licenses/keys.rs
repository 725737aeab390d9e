//! A license's key: shown to the vendor again, and exchanged for another one (`spec/http.md` §3.2).

use std::collections::BTreeSet;
use std::sync::Arc;

use sealgate_artifact::{Code, LicenseId, LicenseKey, UnixSeconds};
use sealgate_authority::{AuthorityError, broken};
use sealgate_store::table::{self, AuditRow, EventRow, FormerKeyRow, KeyHash, LicenseKeyRow};
use sealgate_store::{Tx, Work};
use sealgate_wire::{LicenseKeyShown, LicenseKeysShown, Nothing, Reason, RevealKeys};
use serde_json::json;

use super::change::unless_revoked;
use super::list::{Licenses, find};
use crate::{Caller, VendorSecrets, check};

/// Keys that a license may have had before. They are kept for ever, and whoever still has one is told.
const FORMER_KEYS: u64 = 100;
const SHOWN_AT_ONCE: usize = 200;

impl Licenses {
    /// Shows the key, and writes down that it was shown.
    pub async fn reveal_key(
        &self,
        caller: &Caller,
        id: &str,
        _: &Nothing,
    ) -> Result<LicenseKeyShown, AuthorityError> {
        let license = LicenseId::parse(id).map_err(|_| AuthorityError::Refused(Code::NotFound))?;
        let audit = self.desk.audit(caller, "license.key_shown", license.to_string(), &json!({}));
        self.desk.write(caller, ShowKey { license, audit, secrets: Arc::clone(&self.secrets) }).await
    }

    /// Shows the keys of many licenses, or of none, and writes down of each that it was shown.
    pub async fn reveal_keys(
        &self,
        caller: &Caller,
        request: &RevealKeys,
    ) -> Result<LicenseKeysShown, AuthorityError> {
        let different: BTreeSet<&String> = request.license_ids.iter().collect();
        if !(1..=SHOWN_AT_ONCE).contains(&request.license_ids.len())
            || different.len() < request.license_ids.len()
        {
            return Err(AuthorityError::Invalid { field: "license_ids", why: "1 to 200 different ones" });
        }
        let show = |id: &String| {
            let license = LicenseId::parse(id).map_err(|_| AuthorityError::Refused(Code::NotFound))?;
            let audit = self.desk.audit(caller, "license.key_shown", license.to_string(), &json!({}));
            Ok(ShowKey { license, audit, secrets: Arc::clone(&self.secrets) })
        };
        let all: Vec<ShowKey> =
            request.license_ids.iter().map(show).collect::<Result<_, AuthorityError>>()?;
        let _turn = self.desk.turn(caller, all.len()).await;
        self.desk.write(caller, ShowKeys(all)).await
    }

    /// Gives the license another key. Seats and sessions stay; whoever asks with a former key, ours or one from elsewhere, is told
    /// that it was replaced.
    pub async fn rekey(
        &self,
        caller: &Caller,
        id: &str,
        request: &Reason,
    ) -> Result<LicenseKeyShown, AuthorityError> {
        check::reason(request.reason.as_deref())?;
        self.desk.once(caller, || self.prepare_rekey(caller, id, request)).await
    }

    async fn prepare_rekey(
        &self,
        caller: &Caller,
        id: &str,
        request: &Reason,
    ) -> Result<ExchangeKey, AuthorityError> {
        let license = find(&self.desk, caller, id).await?;
        let ids = &self.desk.ids;
        let key = LicenseKey::from_random(ids.random());
        let detail = json!({ "reason": request.reason });
        Ok(ExchangeKey {
            license: license.id,
            hash: self.shared.license_key(&key.expose()),
            digest: self.shared.digest_of_key(&key.expose()),
            sealed: self.secrets.seal_license_key(&key, license.id, ids.random()),
            key,
            at: ids.now(),
            audit: self.desk.audit(caller, "license.key_replaced", license.id.to_string(), &detail),
            event: self.desk.event(caller, &license, "license_key_replaced", None),
        })
    }
}

struct ShowKey {
    license: LicenseId,
    secrets: Arc<VendorSecrets>,
    audit: AuditRow,
}

impl Work for ShowKey {
    type Output = LicenseKeyShown;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<LicenseKeyShown, AuthorityError> {
        let license = table::licenses::find(&mut *tx, self.audit.tenant, self.license).await?;
        let license = license.ok_or(AuthorityError::Refused(Code::NotFound))?;
        table::audit::insert(tx, &self.audit).await?;
        let key = self.secrets.open_license_key(&license.key_sealed, license.id);
        let license_key = key.ok_or_else(|| broken("a sealed license key does not open"))?;
        Ok(LicenseKeyShown { license_id: license.id.to_string(), license_key })
    }
}

struct ShowKeys(Vec<ShowKey>);

impl Work for ShowKeys {
    type Output = LicenseKeysShown;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<LicenseKeysShown, AuthorityError> {
        let mut licenses = Vec::with_capacity(self.0.len());
        for one in &self.0 {
            licenses.push(one.run(tx).await?);
        }
        Ok(LicenseKeysShown { licenses })
    }
}

struct ExchangeKey {
    license: LicenseId,
    key: LicenseKey,
    hash: KeyHash,
    digest: KeyHash,
    sealed: Vec<u8>,
    at: UnixSeconds,
    audit: AuditRow,
    event: EventRow,
}

impl Work for ExchangeKey {
    type Output = LicenseKeyShown;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<LicenseKeyShown, AuthorityError> {
        let locked = table::licenses::lock(tx, self.audit.tenant, self.license).await?;
        let mut license = locked.ok_or(AuthorityError::Refused(Code::NotFound))?;
        unless_revoked(&license)?;
        table::foreign_keys::end(tx, license.id, self.at).await?;
        if table::former_keys::count_of(&mut *tx, license.id).await? >= FORMER_KEYS {
            return Err(AuthorityError::Refused(Code::LimitReached));
        }
        let of = LicenseKeyRow {
            key_hash: license.key_hash,
            app: license.app,
            tenant: license.tenant,
            license: license.id,
        };
        table::former_keys::insert(tx, &FormerKeyRow { of, replaced_at: self.at }).await?;
        license.key_hash = self.hash;
        license.key_sealed.clone_from(&self.sealed);
        table::licenses::store(tx, &license).await?;
        table::key_digests::replace(tx, &license, self.digest).await?;
        table::events::insert(tx, &self.event).await?;
        table::audit::insert(tx, &self.audit).await?;
        Ok(LicenseKeyShown { license_id: license.id.to_string(), license_key: self.key.expose() })
    }
}
