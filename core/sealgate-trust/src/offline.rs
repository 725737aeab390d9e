//! What crosses to machines without a network (`spec/offline.md`).

use sealgate_artifact::{AppId, Bundle, OfflineRequest, PublicKey, StatementId, Unverified};

use crate::online::signed_by_device;
use crate::{Maximum, TenantTrust, TrustError, Verified, verify};

/// Believes that whoever holds the device's key asks for a bundle (`spec/offline.md` §2.4). Nothing else follows from it.
pub fn verify_offline_request(bytes: &[u8]) -> Result<Verified<OfflineRequest>, TrustError> {
    signed_by_device(bytes, |request: &OfflineRequest| request.device_key)
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
    trust.signed_in_time(&bundle, terms.issued_at)?;
    let tenant = trust.tenant_keyset().get().tenant;
    if terms.tenant != tenant {
        return Err(TrustError::WrongTenant { expected: tenant, found: terms.tenant });
    }
    match app.filter(|app| *app != terms.app) {
        Some(expected) => Err(TrustError::WrongApp { expected, found: terms.app }),
        None => Ok(bundle),
    }
}

impl TenantTrust {
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
