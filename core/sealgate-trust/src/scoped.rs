//! What the chain's keys say for one app or one server: licenses and server certificates.

use sealgate_artifact::{
    AppId, ArtifactError, KeyState, KeyUse, License, Operation, Origin, PublicKey, ServerCertificate,
    TenantId, UnixSeconds, Unverified,
};

use crate::verify::admit_key;
use crate::{KeyWindow, TenantTrust, TrustError, Verified, verify, window};

/// Whether a reader knows the critical meaning `policy` (`spec/license.md` §2.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policies {
    /// It does: it enforces every field of a policy, or only shows a person what a license says and gives no rights.
    Known,
    /// It does not. A license with a policy is refused.
    Unknown,
}

/// Believes a license of the chain's tenant. Whether it is *in force* is for `sealgate-rules` to say.
///
/// `app` is the app the caller is; `None` accepts any app of the tenant, for tools that show a person what a file is.
pub fn verify_license(
    trust: &TenantTrust,
    license: &[u8],
    app: Option<AppId>,
    policies: Policies,
) -> Result<Verified<License>, TrustError> {
    let license = verify(&Unverified::<License>::decode(license)?, &trust.issuers)?;
    if policies == Policies::Unknown && license.get().conditions.policy.is_some() {
        return Err(ArtifactError::CritUnknown("policy".to_owned()).into());
    }
    trust.signed_in_time(&license, license.get().issued_at)?;
    let tenant = trust.tenant_keyset().get().tenant;
    if license.get().tenant != tenant {
        return Err(TrustError::WrongTenant { expected: tenant, found: license.get().tenant });
    }
    match app.filter(|app| *app != license.get().app) {
        Some(expected) => Err(TrustError::WrongApp { expected, found: license.get().app }),
        None => Ok(license),
    }
}

/// What a caller expects of a server: the tenant it speaks for, where it was called, and what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerRole<'a> {
    /// The caller's tenant.
    pub tenant: TenantId,
    /// The origin that was called.
    pub origin: &'a Origin,
    /// The operation that was asked for.
    pub operation: &'a Operation,
}

/// Believes a server's certificate for this role (`spec/keys.md` §5.9), unless its key was revoked (§5.10).
pub fn verify_certificate(
    trust: &TenantTrust,
    certificate: &[u8],
    role: &ServerRole<'_>,
    now: UnixSeconds,
) -> Result<Verified<ServerCertificate>, TrustError> {
    let certificate = verify(&Unverified::<ServerCertificate>::decode(certificate)?, &trust.certifiers)?;
    let named = certificate.get();
    let is_covered = named.tenants.contains(&role.tenant)
        && named.origins.iter().any(|origin| origin == role.origin.as_str())
        && named.operations.iter().any(|operation| operation == role.operation.as_str());
    if !is_covered {
        return Err(TrustError::ServerScope);
    }
    window::check(KeyWindow::Certificate, named.issued_at, named.expires_at, now)?;
    if trust.has_revoked_server(&named.public_key) {
        return Err(TrustError::ServerRevoked);
    }
    admit_key(&trust.known, named.public_key)?;
    Ok(certificate)
}

impl TenantTrust {
    /// `spec/keys.md` §5.10: listed on either level, for this use, as revoked.
    fn has_revoked_server(&self, key: &PublicKey) -> bool {
        self.keyset().get().keys.iter().chain(&self.tenant_keyset().get().keys).any(|listed| {
            listed.key_use == KeyUse::Server && listed.state == KeyState::Revoked && listed.public_key == *key
        })
    }
}
