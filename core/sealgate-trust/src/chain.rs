//! From pinned roots to a license: each level is verified by the same function (`spec/keys.md` §4).

use sealgate_artifact::{
    AppId, Keyset, Kind, License, PublicKey, TenantId, TenantKeyset, UnixSeconds, Unverified,
};

use crate::verify::admit_keys;
use crate::{Signers, TrustError, Verified, verify};

/// The root keys that a program or a person trusts from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots(Signers);

impl Roots {
    /// Pins root keys, `threshold` of which must sign: at least one (`spec/keys.md` §4.5).
    pub fn pin(keys: Vec<PublicKey>, threshold: usize) -> Result<Self, TrustError> {
        if threshold == 0 {
            return Err(TrustError::ThresholdZero);
        }
        let keys = admit_keys(&[], keys.into_iter())?;
        Ok(Self(Signers::new(Kind::Keyset, keys, threshold)))
    }
}

/// The verified chain from pinned roots down to the issuers of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantTrust {
    keyset: Verified<Keyset>,
    tenant_keyset: Verified<TenantKeyset>,
    issuers: Signers,
}

impl TenantTrust {
    /// Verifies keyset and tenant keyset, in that order, at the one time `now`.
    ///
    /// `tenant` is the tenant the caller expects; `None` accepts whichever the authority vouches for, for tools that
    /// show a person what a file is.
    pub fn verify(
        roots: &Roots,
        keyset: &[u8],
        tenant_keyset: &[u8],
        tenant: Option<TenantId>,
        now: UnixSeconds,
    ) -> Result<Self, TrustError> {
        let keyset = verify(&Unverified::<Keyset>::decode(keyset)?, &roots.0)?;
        in_window(keyset.get().issued_at, keyset.get().expires_at, now)?;
        let known = admit_keys(roots.0.keys(), keyset.get().keys.iter().map(|k| k.public_key))?;
        let authorities = Signers::of_keyset(Kind::TenantKeyset, &keyset.get().keys);
        let tenant_keyset = verify(&Unverified::<TenantKeyset>::decode(tenant_keyset)?, &authorities)?;
        let found = tenant_keyset.get().tenant;
        if let Some(expected) = tenant.filter(|t| *t != found) {
            return Err(TrustError::WrongTenant { expected, found });
        }
        in_window(tenant_keyset.get().issued_at, tenant_keyset.get().expires_at, now)?;
        admit_keys(&known, tenant_keyset.get().keys.iter().map(|k| k.public_key))?;
        let issuers = Signers::of_keyset(Kind::License, &tenant_keyset.get().keys);
        Ok(Self { keyset, tenant_keyset, issuers })
    }

    /// The installation's keyset.
    pub fn keyset(&self) -> &Verified<Keyset> {
        &self.keyset
    }

    /// The tenant's keyset.
    pub fn tenant_keyset(&self) -> &Verified<TenantKeyset> {
        &self.tenant_keyset
    }
}

/// Believes a license of the chain's tenant. Whether it is *in force* is for `sealgate-rules` to say.
///
/// `app` is the app the caller is; `None` accepts any app of the tenant, for tools that show a person what a file is.
pub fn verify_license(
    trust: &TenantTrust,
    license: &[u8],
    app: Option<AppId>,
) -> Result<Verified<License>, TrustError> {
    let license = verify(&Unverified::<License>::decode(license)?, &trust.issuers)?;
    let tenant = trust.tenant_keyset.get().tenant;
    if license.get().tenant != tenant {
        return Err(TrustError::WrongTenant { expected: tenant, found: license.get().tenant });
    }
    match app.filter(|app| *app != license.get().app) {
        Some(expected) => Err(TrustError::WrongApp { expected, found: license.get().app }),
        None => Ok(license),
    }
}

/// `spec/keys.md` §4.3. A day's tolerance before `issued_at` spares machines whose clock is a little behind.
fn in_window(issued_at: UnixSeconds, expires_at: UnixSeconds, now: UnixSeconds) -> Result<(), TrustError> {
    const TOLERANCE: u64 = 24 * 60 * 60;
    if now.plus(TOLERANCE) < issued_at {
        return Err(TrustError::KeysetNotYetValid);
    }
    if now >= expires_at { Err(TrustError::KeysetExpired) } else { Ok(()) }
}
