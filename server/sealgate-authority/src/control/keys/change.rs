//! One change of published keys: signed first, then stored in one transaction, or not at all.

use sealgate_artifact::{Keyset, PublicKey, Root, TenantId, TenantKeyset, UnixSeconds, Unverified, limits};
use sealgate_store::{AuditRow, KeyRow, Tx, Work, read, write};
use sealgate_trust::sign_statement;

use super::super::bootstrap::{INSTALLATION, KEYSET_SECONDS, first_version};
use super::ring::Ring;
use crate::{Authority, AuthorityError};

/// A keyset in the place of the one it was made from.
struct Replacement {
    scope: String,
    before: u64,
    version: u64,
    envelope: Vec<u8>,
}

/// Statements and key states that become true together.
pub(super) struct Change {
    replacements: Vec<Replacement>,
    root: Option<(u64, Vec<u8>)>,
    keys: Vec<KeyRow>,
    dropped: Vec<PublicKey>,
    issuer: Option<(TenantId, PublicKey)>,
    audit: AuditRow,
}

impl Change {
    pub(super) fn new(audit: AuditRow) -> Self {
        Self { replacements: vec![], root: None, keys: vec![], dropped: vec![], issuer: None, audit }
    }

    /// The tenant's keyset with these keys, signed by that authority.
    pub(super) async fn publish_tenant(
        &mut self,
        a: &Authority,
        ring: &Ring,
        authority: PublicKey,
    ) -> Result<(), AuthorityError> {
        let last = Unverified::<TenantKeyset>::decode(&published(a, &ring.scope).await?)?.danger_peek()?;
        let (issued_at, version) = (a.now(), next_version(last.version, a.now()));
        let statement = TenantKeyset {
            tenant: last.tenant,
            version,
            issued_at,
            expires_at: issued_at.plus(KEYSET_SECONDS),
            keys: ring.records(),
        };
        let envelope = sign_statement(&*a.signer, &statement, &[authority])?.encode();
        self.replacements.push(Replacement {
            scope: ring.scope.clone(),
            before: last.version,
            version,
            envelope,
        });
        self.store(ring);
        Ok(())
    }

    /// The installation's keyset with these keys, signed by that root.
    pub(super) async fn publish_installation(
        &mut self,
        a: &Authority,
        ring: &Ring,
        root: PublicKey,
    ) -> Result<(), AuthorityError> {
        let last = Unverified::<Keyset>::decode(&published(a, INSTALLATION).await?)?.danger_peek()?;
        let (issued_at, version) = (a.now(), next_version(last.version, a.now()));
        let statement =
            Keyset { version, issued_at, expires_at: issued_at.plus(KEYSET_SECONDS), keys: ring.records() };
        let envelope = sign_statement(&*a.signer, &statement, &[root])?.encode();
        let scope = INSTALLATION.to_owned();
        self.replacements.push(Replacement { scope, before: last.version, version, envelope });
        self.store(ring);
        Ok(())
    }

    /// The next root statement: `root` alone, signed by itself and by every root before it.
    pub(super) async fn publish_root(
        &mut self,
        a: &Authority,
        root: PublicKey,
    ) -> Result<(), AuthorityError> {
        let statements = read::installation::root_statements(&a.db).await?;
        let missing = AuthorityError::Refused(sealgate_artifact::Code::SystemError);
        let last = Unverified::<Root>::decode(statements.last().ok_or(missing)?)?.danger_peek()?;
        let issued_at = a.now();
        let statement = Root {
            version: last.version + 1,
            issued_at,
            expires_at: issued_at.plus(KEYSET_SECONDS),
            threshold: 1,
            keys: vec![root],
        };
        let signers = [&last.keys[..], &[root]].concat();
        self.root = Some((statement.version, sign_statement(&*a.signer, &statement, &signers)?.encode()));
        Ok(())
    }

    /// Licenses of this tenant are signed by that key from then on.
    pub(super) fn set_issuer(&mut self, tenant: TenantId, key: PublicKey) {
        self.issuer = Some((tenant, key));
    }

    fn store(&mut self, ring: &Ring) {
        self.keys.extend(ring.keys.iter().cloned());
        self.dropped.extend(&ring.dropped);
    }
}

impl Work for Change {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        for r in &self.replacements {
            if !write::installation::replace_keyset(tx, &r.scope, r.before, r.version, &r.envelope).await? {
                return Err(AuthorityError::Superseded);
            }
        }
        if let Some((version, envelope)) = &self.root {
            write::installation::put_keyset(tx, &format!("root/{version}"), *version, envelope).await?;
        }
        for key in &self.keys {
            write::keys::put(tx, key).await?;
        }
        for key in &self.dropped {
            write::keys::forget(tx, *key).await?;
        }
        if let Some((tenant, key)) = self.issuer {
            write::tenants::set_issuer(tx, tenant, key).await?;
        }
        Ok(write::records::audit(tx, &self.audit).await?)
    }
}

/// The most keys a keyset of this scope may list.
pub(super) fn room(scope: &str) -> usize {
    if scope == INSTALLATION { limits::KEYSET_KEYS } else { limits::TENANT_KEYSET_KEYS }
}

async fn published(a: &Authority, scope: &str) -> Result<Vec<u8>, AuthorityError> {
    let envelope = read::installation::keyset(&a.db, scope).await?;
    envelope.ok_or(AuthorityError::Refused(sealgate_artifact::Code::SystemError))
}

/// `spec/keys.md` §5.3.
pub(in super::super) fn next_version(last: u64, now: UnixSeconds) -> u64 {
    first_version(now).max(last + 1)
}
