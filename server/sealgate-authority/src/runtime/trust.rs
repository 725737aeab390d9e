//! `GET /api/v1/trust`: what leads from the roots that a build pins to the keys of today (`spec/online.md` §8).

use sealgate_artifact::{Code, Keyset, Root, TenantId, Unverified};
use sealgate_store::read;
use sealgate_wire::{TrustQuery, TrustUpdate};

use super::identity::raw;
use crate::control::INSTALLATION;
use crate::{Authority, AuthorityError};

/// Statements that are newer than what the client has. Anybody may ask.
pub async fn trust_update(a: &Authority, query: &TrustQuery) -> Result<TrustUpdate, AuthorityError> {
    let unknown = || AuthorityError::Refused(Code::NotFound);
    let tenant = TenantId::parse(&query.tenant).map_err(|_| unknown())?;
    let tenant_keyset = read::installation::keyset(&a.db, &tenant.to_string()).await?.ok_or_else(unknown)?;
    let mut roots = vec![];
    for root in read::installation::root_statements(&a.db).await? {
        if Unverified::<Root>::decode(&root)?.danger_peek()?.version > query.root.unwrap_or(0) {
            roots.push(raw(root)?);
        }
    }
    let keyset = read::installation::keyset(&a.db, INSTALLATION).await?.ok_or_else(unknown)?;
    let version = Unverified::<Keyset>::decode(&keyset)?.danger_peek()?.version;
    let is_newer = query.keyset.is_none_or(|held| version > held);
    let certificate = match &a.identity {
        Some(identity) => identity.papers(a, tenant).await.ok().map(|papers| papers.certificate.text.clone()),
        None => None,
    };
    Ok(TrustUpdate {
        roots,
        keyset: if is_newer { Some(raw(keyset)?) } else { None },
        tenant_keyset: Some(raw(tenant_keyset)?),
        certificate,
    })
}
