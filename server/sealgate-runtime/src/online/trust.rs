//! `GET /api/v1/trust`: what leads from the roots that a build pins to the keys of today (`spec/online.md` §8).

use std::sync::Arc;

use sealgate_artifact::{Code, Keyset, Root, TenantId, Unverified};
use sealgate_authority::{AuthorityError, as_json, broken};
use sealgate_store::Db;
use sealgate_store::table::{self, KeyScope};
use sealgate_wire::{TrustQuery, TrustUpdate};

use crate::identity::Identity;

/// Hands out statements about keys. Anybody may ask.
pub struct TrustUpdates {
    db: Db,
    identity: Arc<Identity>,
}

impl TrustUpdates {
    pub(crate) fn new(db: Db, identity: Arc<Identity>) -> Self {
        Self { db, identity }
    }

    /// The statements that are newer than those the client has.
    pub async fn newer(&self, query: &TrustQuery) -> Result<TrustUpdate, AuthorityError> {
        let unknown = || AuthorityError::Refused(Code::NotFound);
        let tenant = TenantId::parse(&query.tenant).map_err(|_| unknown())?;
        let tenant_keyset = table::keysets::find(&self.db, KeyScope::Tenant(tenant)).await?;
        let tenant_keyset = tenant_keyset.ok_or_else(unknown)?;
        let mut roots = vec![];
        for root in table::roots::list(&self.db).await? {
            if Unverified::<Root>::decode(&root)?.danger_peek()?.version > query.root.unwrap_or(0) {
                roots.push(as_json(root)?);
            }
        }
        let keyset = table::keysets::find(&self.db, KeyScope::Installation).await?;
        let keyset = keyset.ok_or_else(|| broken("the installation has no keyset"))?;
        let version = Unverified::<Keyset>::decode(&keyset)?.danger_peek()?.version;
        let is_newer = query.keyset.is_none_or(|held| version > held);
        Ok(TrustUpdate {
            roots,
            keyset: if is_newer { Some(as_json(keyset)?) } else { None },
            tenant_keyset: Some(as_json(tenant_keyset)?),
            certificate: self
                .identity
                .bundle(tenant)
                .await
                .ok()
                .map(|bundle| bundle.certificate.text.clone()),
        })
    }
}
