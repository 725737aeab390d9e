//! `GET /api/v1/trust`: what leads from the roots that a build pins to the keys of today (`spec/online.md` §8).

use std::net::IpAddr;
use std::sync::Arc;

use sealgate_artifact::{Code, Keyset, Root, TenantId, Unverified};
use sealgate_authority::{AuthorityError, Ids, Limiter, as_json, broken};
use sealgate_store::Db;
use sealgate_store::table::{self, KeyScope};
use sealgate_wire::{TrustQuery, TrustUpdate};
use serde_json::value::RawValue;

use crate::identity::Identity;
use crate::in_time::InTime;
use crate::latest::{Latest, Read};

/// Tenants whose statements are kept in memory.
const TENANTS: usize = 1_000;

/// A statement with its version.
type Versioned = (u64, Box<RawValue>);

/// Hands out statements about keys. Anybody may ask.
pub struct TrustUpdates {
    db: Db,
    ids: Ids,
    limiter: Limiter,
    identity: Arc<Identity>,
    known: Latest<Statements>,
}

/// All that leads to a tenant's keys.
struct Statements {
    roots: Vec<Versioned>,
    keyset: Versioned,
    tenant_keyset: Box<RawValue>,
    certificate: Option<Box<RawValue>>,
}

impl TrustUpdates {
    pub(crate) fn new(db: Db, (ids, limiter): (Ids, Limiter), identity: Arc<Identity>) -> Self {
        Self { db, ids, limiter, identity, known: Latest::of_tenants(TENANTS) }
    }

    /// The statements that are newer than those the client has. A question counts for its address like any other.
    pub async fn newer(
        &self,
        query: &TrustQuery,
        address: Option<IpAddr>,
    ) -> Result<TrustUpdate, AuthorityError> {
        self.limiter.address(address)?;
        let unknown = || AuthorityError::Refused(Code::NotFound);
        let tenant = TenantId::parse(&query.tenant).map_err(|_| unknown())?;
        let mut in_time = InTime::new(&self.db, &self.ids);
        let known = loop {
            in_time.begin()?;
            let known = in_time.rests_on(self.statements(tenant).await);
            if in_time.is_over(&known) {
                break known?;
            }
        };
        let newer = |held: Option<u64>, (version, text): &Versioned| {
            held.is_none_or(|held| *version > held).then(|| text.clone())
        };
        Ok(TrustUpdate {
            roots: known.roots.iter().filter_map(|root| newer(query.root, root)).collect(),
            keyset: newer(query.keyset, &known.keyset),
            tenant_keyset: Some(known.tenant_keyset.clone()),
            certificate: known.certificate.clone(),
        })
    }

    async fn statements(&self, tenant: TenantId) -> Result<Read<Statements>, AuthorityError> {
        let now = self.ids.elapsed();
        if let Some(known) = self.known.fresh(tenant, now) {
            return Ok(known);
        }
        let (certified_at, certificate) = match self.identity.bundle(tenant).await {
            Ok((read_at, bundle)) => (read_at, Some(bundle.certificate.text.clone())),
            Err(_) => (now, None),
        };
        let read = self.read(tenant, certificate).await?;
        // As old as the oldest of it.
        Ok(self.known.keep(tenant, (now.min(certified_at), read)))
    }

    async fn read(
        &self,
        tenant: TenantId,
        certificate: Option<Box<RawValue>>,
    ) -> Result<Statements, AuthorityError> {
        let tenant_keyset = table::keysets::find(&self.db, KeyScope::Tenant(tenant)).await?;
        let tenant_keyset = tenant_keyset.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let mut roots = vec![];
        for root in table::roots::list(&self.db).await? {
            roots.push((Unverified::<Root>::decode(&root)?.danger_peek()?.version, as_json(root)?));
        }
        let keyset = table::keysets::find(&self.db, KeyScope::Installation).await?;
        let keyset = keyset.ok_or_else(|| broken("the installation has no keyset"))?;
        let version = Unverified::<Keyset>::decode(&keyset)?.danger_peek()?.version;
        Ok(Statements {
            roots,
            keyset: (version, as_json(keyset)?),
            tenant_keyset: as_json(tenant_keyset)?,
            certificate,
        })
    }
}
