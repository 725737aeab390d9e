//! What this server shows for itself: its certificate, and the keysets that lead to it (`spec/online.md` §7.3).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealgate_artifact::{Code, PublicKey, TenantId, UnixSeconds};
use sealgate_authority::certificates::{Certify, ServerSettings, is_in_force};
use sealgate_authority::{AuthorityError, Ids, SignedEnvelope};
use sealgate_store::Db;
use sealgate_store::table::{self, CertificateRow, KeyScope};

use crate::registration::register;

/// How long a bundle is shown without reading it again: a revoked server falls silent in time.
const FRESH: Duration = Duration::from_secs(1);
/// Tenants whose bundles are kept in memory.
const TENANTS: usize = 10_000;

/// This server, and its trust bundle for each tenant that it was asked about.
pub(crate) struct Identity {
    db: Db,
    ids: Ids,
    settings: ServerSettings,
    certify: Option<Certify>,
    /// How often the database had come back older when this server was registered last.
    registered: AtomicU64,
    /// With the time when each was read, as this process counts time.
    bundles: Mutex<HashMap<TenantId, (Duration, Arc<TrustBundle>)>>,
}

/// All that a client needs to believe this server about one tenant.
pub(crate) struct TrustBundle {
    pub(crate) certificate: SignedEnvelope,
    certified_until: UnixSeconds,
    pub(crate) keyset: SignedEnvelope,
    pub(crate) tenant_keyset: SignedEnvelope,
}

/// Keeps what was read later, and returns it: whoever began to read earlier and ends later must not bring older keysets back,
/// which clients would refuse that hold the newer ones.
fn keep_later<T>(
    all: &mut HashMap<TenantId, (Duration, Arc<T>)>,
    tenant: TenantId,
    (at, read): (Duration, Arc<T>),
) -> Arc<T> {
    if let Some((held_since, held)) = all.get(&tenant)
        && *held_since > at
    {
        return Arc::clone(held);
    }
    if all.len() >= TENANTS {
        all.clear();
    }
    all.insert(tenant, (at, Arc::clone(&read)));
    read
}

impl Identity {
    pub(crate) fn new(db: Db, ids: Ids, settings: ServerSettings, certify: Option<Certify>) -> Self {
        let registered = AtomicU64::new(db.times_back());
        Self { db, ids, settings, certify, registered, bundles: Mutex::default() }
    }

    pub(crate) fn key(&self) -> PublicKey {
        self.settings.key
    }

    /// The bundle for a tenant: `not_found` where there is no such tenant, busy while this server has no certificate.
    pub(crate) async fn bundle(&self, tenant: TenantId) -> Result<Arc<TrustBundle>, AuthorityError> {
        let now = self.ids.elapsed();
        let known = self.bundles.lock().expect("no holder of this lock panics").get(&tenant).cloned();
        if let Some((at, bundle)) = known
            && now.saturating_sub(at) < FRESH
            // The clock may have been set since.
            && is_in_force(bundle.certified_until, self.ids.now())
        {
            return Ok(bundle);
        }
        let bundle = Arc::new(self.read(tenant).await?);
        let mut all = self.bundles.lock().expect("no holder of this lock panics");
        Ok(keep_later(&mut all, tenant, (now, bundle)))
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
        })
    }

    /// A database that came back older may not know this server, or know it at other origins.
    async fn register_again(&self) -> Result<(), AuthorityError> {
        let times_back = self.db.times_back();
        if self.registered.load(Ordering::SeqCst) != times_back {
            match &self.certify {
                Some(certify) => certify().await?,
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
        if let Some(certify) = &self.certify
            && !found.as_ref().is_some_and(|row| self.is_in_force(row))
        {
            certify().await?;
            found = find().await?;
        }
        let row = found.filter(|row| self.is_in_force(row));
        row.ok_or(AuthorityError::Busy("this server has no certificate in force for the tenant"))
    }

    fn is_in_force(&self, row: &CertificateRow) -> bool {
        is_in_force(row.expires_at, self.ids.now())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::time::Duration;

    use sealgate_artifact::TenantId;

    use super::keep_later;

    #[test]
    fn who_began_to_read_earlier_does_not_bring_it_back() {
        let (mut all, tenant) = (HashMap::new(), TenantId::from_bytes([1; 16]));
        let mut read = |at, what: &str| {
            keep_later(&mut all, tenant, (Duration::from_millis(at), Arc::new(what.to_owned()))).to_string()
        };
        assert_eq!(read(20, "newer"), "newer");
        assert_eq!(read(10, "older"), "newer");
        assert_eq!(read(20, "at the same time"), "at the same time");
        assert_eq!(read(30, "newest"), "newest");
    }
}
