//! What this server shows for itself: its certificate, and the keysets that lead to it (`spec/online.md` §7.3).

use std::sync::atomic::{AtomicU64, Ordering};

use sealgate_artifact::{Code, PublicKey, TenantId, UnixSeconds};
use sealgate_authority::certificates::{Certify, ServerSettings, is_in_force};
use sealgate_authority::{AuthorityError, Ids, SignedEnvelope};
use sealgate_store::Db;
use sealgate_store::table::{self, CertificateRow, KeyScope};

use crate::certifier::Certifier;
use crate::latest::{Latest, Read};
use crate::registration::register;

/// Tenants whose bundles are kept in memory.
const TENANTS: usize = 10_000;

/// This server, and its trust bundle for each tenant that it was asked about.
pub(crate) struct Identity {
    db: Db,
    ids: Ids,
    settings: ServerSettings,
    certifier: Option<Certifier>,
    /// How often the database had come back older when this server was registered last.
    registered: AtomicU64,
    bundles: Latest<TrustBundle>,
}

/// All that a client needs to believe this server about one tenant.
pub(crate) struct TrustBundle {
    pub(crate) certificate: SignedEnvelope,
    certified_until: UnixSeconds,
    pub(crate) keyset: SignedEnvelope,
    pub(crate) tenant_keyset: SignedEnvelope,
    /// The version of the tenant's newest snapshot.
    pub(crate) snapshot: Option<u64>,
}

impl Identity {
    pub(crate) fn new(db: Db, ids: Ids, settings: ServerSettings, certify: Option<Certify>) -> Self {
        let registered = AtomicU64::new(db.times_back());
        let certifier = certify.map(Certifier::new);
        Self { db, ids, settings, certifier, registered, bundles: Latest::of_tenants(TENANTS) }
    }

    pub(crate) fn key(&self) -> PublicKey {
        self.settings.key
    }

    /// The key by which this server signs activation proofs. A tenant's keyset lists it once the vendor approved it; until then
    /// nobody believes what it signs.
    pub(crate) fn activation_key(&self) -> Option<PublicKey> {
        self.settings.activation_key
    }

    /// The bundle for a tenant, and when it was read, which counts for whatever shows it: `not_found` where there is no such
    /// tenant, busy while this server has no certificate.
    pub(crate) async fn bundle(&self, tenant: TenantId) -> Result<Read<TrustBundle>, AuthorityError> {
        let now = self.ids.elapsed();
        if let Some((at, bundle)) = self.bundles.fresh(tenant, now)
            // The clock may have been set since.
            && is_in_force(bundle.certified_until, self.ids.now())
        {
            return Ok((at, bundle));
        }
        let bundle = self.read(tenant).await?;
        Ok(self.bundles.keep(tenant, (now, bundle)))
    }

    async fn read(&self, tenant: TenantId) -> Result<TrustBundle, AuthorityError> {
        self.register_again().await?;
        let unknown = AuthorityError::Refused(Code::NotFound);
        let tenant_keyset = table::keysets::find(&self.db, KeyScope::Tenant(tenant)).await?.ok_or(unknown)?;
        let keyset = table::keysets::find(&self.db, KeyScope::Installation).await?;
        let certificate = self.certificate(tenant).await?;
        Ok(TrustBundle {
            certified_until: certificate.expires_at,
            certificate: SignedEnvelope::new(certificate.envelope)?,
            keyset: SignedEnvelope::new(
                keyset.ok_or(AuthorityError::Busy("the installation has no keyset yet"))?,
            )?,
            tenant_keyset: SignedEnvelope::new(tenant_keyset)?,
            snapshot: table::snapshots::newest(&self.db, tenant).await?.map(|newest| newest.version),
        })
    }

    /// A database that came back older may not know this server, or know it at other origins.
    async fn register_again(&self) -> Result<(), AuthorityError> {
        let times_back = self.db.times_back();
        if self.registered.load(Ordering::SeqCst) != times_back {
            match &self.certifier {
                Some(certifier) => certifier.make_missing(self.ids.elapsed()).await?,
                None => register(&self.db, &self.settings, self.ids.now()).await?,
            }
            self.registered.store(times_back, Ordering::SeqCst);
        }
        Ok(())
    }

    /// The certificate in the database. A process that can make one does not wait until it is made.
    async fn certificate(&self, tenant: TenantId) -> Result<CertificateRow, AuthorityError> {
        let find = || table::certificates::find(&self.db, self.key(), tenant);
        let mut found = find().await?;
        if let Some(certifier) = &self.certifier
            && !found.as_ref().is_some_and(|row| self.is_in_force(row))
        {
            certifier.make_missing(self.ids.elapsed()).await?;
            found = find().await?;
        }
        let row = found.filter(|row| self.is_in_force(row));
        row.ok_or(AuthorityError::Busy("this server has no certificate in force for the tenant"))
    }

    fn is_in_force(&self, row: &CertificateRow) -> bool {
        is_in_force(row.expires_at, self.ids.now())
    }
}
