//! The keysets that lead to a tenant's snapshot keys, as a container carries them.

use sealgate_artifact::{Envelope, StatementId, TenantId};
use sealgate_authority::{AuthorityError, broken};
use sealgate_store::Db;
use sealgate_store::table::{KeyScope, keysets, roots};
use sealgate_trust::ChainBytes;

/// Root statements, oldest first, the keyset and the tenant's.
pub(crate) struct Chain {
    pub(crate) roots: Vec<Envelope>,
    pub(crate) keyset: Envelope,
    pub(crate) tenant_keyset: Envelope,
}

impl Chain {
    pub(crate) async fn read(db: &Db, tenant: TenantId) -> Result<Self, AuthorityError> {
        let keyset = async |scope| {
            let found = keysets::find(db, scope).await?;
            Ok::<_, AuthorityError>(Envelope::decode(&found.ok_or_else(|| broken("a keyset is missing"))?)?)
        };
        let roots = roots::list(db).await?;
        let roots = roots.iter().map(|root| Envelope::decode(root));
        Ok(Self {
            roots: roots.collect::<Result<_, _>>()?,
            keyset: keyset(KeyScope::Installation).await?,
            tenant_keyset: keyset(KeyScope::Tenant(tenant)).await?,
        })
    }

    /// The same as bytes, for whoever verifies it.
    pub(super) fn bytes(&self) -> ChainBytes {
        ChainBytes {
            roots: self.roots.iter().map(Envelope::encode).collect(),
            keyset: self.keyset.encode(),
            tenant_keyset: self.tenant_keyset.encode(),
        }
    }

    /// The newest root statement.
    pub(super) fn root(&self) -> Result<StatementId, AuthorityError> {
        self.roots.last().map(Envelope::id).ok_or_else(|| broken("there is no root statement"))
    }
}
