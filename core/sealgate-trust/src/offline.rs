//! What crosses to machines without a network (`spec/offline.md`).

use sealgate_artifact::{
    Acknowledgement, AppId, Bundle, Journal, OfflineRequest, PublicKey, ReAnchor, ReturnReceipt, StatementId,
    TenantId, UnixSeconds, Unverified,
};

use crate::online::signed_by_device;
use crate::{Maximum, TenantTrust, TrustError, Verified, verify};

/// Believes that whoever holds the device's key asks for a bundle (`spec/offline.md` §2.4). Nothing else follows from it.
pub fn verify_offline_request(bytes: &[u8]) -> Result<Verified<OfflineRequest>, TrustError> {
    signed_by_device(bytes, |request: &OfflineRequest| request.device_key)
}

/// Believes that whoever holds the device's key wrote this journal (`spec/journal.md` §2.3). Its entries are judged by
/// `sealgate-journal`.
pub fn verify_journal(bytes: &[u8]) -> Result<Verified<Journal>, TrustError> {
    signed_by_device(bytes, |journal: &Journal| journal.device_key)
}

/// Believes that whoever holds the device's key gives a bundle back (`spec/offline.md` §7.2).
pub fn verify_return_receipt(bytes: &[u8]) -> Result<Verified<ReturnReceipt>, TrustError> {
    signed_by_device(bytes, |receipt: &ReturnReceipt| receipt.device_key)
}

/// The machine that a bundle is shown to.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// The device's key.
    pub device_key: PublicKey,
    /// The request that the device keeps, as long as nothing answered it.
    pub request: Option<StatementId>,
    /// Whether this very bundle was activated here before: then its request does not matter any more.
    pub has_activated: bool,
}

/// Believes a vendor's bundle (`spec/offline.md` §4.2, step 3). Whether it is for this machine, and in force, is another question.
///
/// `app` is the app the caller is; `None` accepts any app of the tenant, for tools that show a person what a file is.
pub fn verify_bundle(
    trust: &TenantTrust,
    bundle: &Unverified<Bundle>,
    app: Option<AppId>,
) -> Result<Verified<Bundle>, TrustError> {
    let bundle = verify(bundle, &trust.bundlers)?;
    let terms = &bundle.get().terms;
    let (scope, issued_at) = ((terms.tenant, terms.app), terms.issued_at);
    trust.of_issuer(bundle, (scope, issued_at), app)
}

/// Believes a vendor's word on which journals it has (`spec/journal.md` §4.3). `app` is as in [`verify_bundle`].
pub fn verify_acknowledgement(
    trust: &TenantTrust,
    acknowledgement: &Unverified<Acknowledgement>,
    app: Option<AppId>,
) -> Result<Verified<Acknowledgement>, TrustError> {
    let acknowledgement = verify(acknowledgement, &trust.acknowledgers)?;
    let said = acknowledgement.get();
    let (scope, issued_at) = ((said.tenant, said.app), said.issued_at);
    trust.of_issuer(acknowledgement, (scope, issued_at), app)
}

/// Believes a vendor's word to this machine on what time it is (`spec/offline.md` §6.2). Whether it is newer than what is known is another
/// question.
pub fn verify_re_anchor(
    trust: &TenantTrust,
    re_anchor: &Unverified<ReAnchor>,
    app: Option<AppId>,
    device_key: PublicKey,
) -> Result<Verified<ReAnchor>, TrustError> {
    let re_anchor = verify(re_anchor, &trust.anchorers)?;
    let said = re_anchor.get();
    let (scope, issued_at) = ((said.tenant, said.app), said.issued_at);
    let re_anchor = trust.of_issuer(re_anchor, (scope, issued_at), app)?;
    if re_anchor.get().device_key == device_key { Ok(re_anchor) } else { Err(TrustError::DeviceNotNamed) }
}

impl TenantTrust {
    /// What follows the signature of whatever an issuer signs: when its key was retired, tenant, app.
    fn of_issuer<T>(
        &self,
        statement: Verified<T>,
        ((tenant, said), issued_at): ((TenantId, AppId), UnixSeconds),
        app: Option<AppId>,
    ) -> Result<Verified<T>, TrustError> {
        self.signed_in_time(&statement, issued_at)?;
        let expected = self.tenant_keyset().get().tenant;
        if tenant != expected {
            return Err(TrustError::WrongTenant { expected, found: tenant });
        }
        match app.filter(|app| *app != said) {
            Some(expected) => Err(TrustError::WrongApp { expected, found: said }),
            None => Ok(statement),
        }
    }

    /// `spec/offline.md` §4.3: what to remember of this bundle once it is activated, unless it is older than what is remembered of its
    /// license's bundles (`before`) and of its license (`license`).
    pub fn newest_bundle(
        &self,
        bundle: &Verified<Bundle>,
        before: Option<&Maximum>,
        license: Option<&Maximum>,
    ) -> Result<Maximum, TrustError> {
        let stands = |maximum: &&Maximum| maximum.stands(self.issuers.keys(), 1);
        let this = Maximum::of(bundle.get().serial, bundle);
        this.against(before.filter(stands))?;
        let version = bundle.get().terms.version;
        let is_older = license.filter(stands).is_some_and(|license| version < license.version);
        if is_older { Err(TrustError::VersionRollback) } else { Ok(this) }
    }
}

/// `spec/offline.md` §4.4: whether a bundle is for this machine.
pub fn is_for_machine(bundle: &Verified<Bundle>, machine: &Machine) -> Result<(), TrustError> {
    let said = bundle.get();
    if !said.is_for(&machine.device_key) {
        return Err(TrustError::DeviceNotNamed);
    }
    match said.request {
        Some(asked) if !machine.has_activated && machine.request != Some(asked) => {
            Err(TrustError::AnswersAnother("request"))
        }
        _ => Ok(()),
    }
}
