//! What this server shows for itself: its certificate, and the keysets that lead to it (`spec/online.md` §7.3).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use sealgate_artifact::{Code, Envelope, PublicKey, StatementId, TenantId};
use sealgate_store::read;
use serde_json::value::RawValue;

use crate::control::{INSTALLATION, certify_servers};
use crate::settings::ServerSettings;
use crate::{Authority, AuthorityError};

/// How long what was read is shown without looking again, in milliseconds: a revoked server falls silent in time.
const FRESH: u64 = 1_000;
/// Tenants whose papers are kept in memory.
const TENANTS: usize = 10_000;

/// This server, and its papers for each tenant it was asked about.
pub(crate) struct Identity {
    settings: ServerSettings,
    papers: Mutex<HashMap<TenantId, (u64, Arc<Papers>)>>,
}

/// A statement as it travels, and its name.
pub(crate) struct Named {
    pub(super) id: StatementId,
    pub(super) text: Box<RawValue>,
}

/// All that a client needs to believe this server about one tenant.
pub(crate) struct Papers {
    pub(super) certificate: Named,
    pub(super) keyset: Named,
    pub(super) tenant_keyset: Named,
}

impl Identity {
    pub(crate) fn new(settings: ServerSettings) -> Self {
        Self { settings, papers: Mutex::default() }
    }

    pub(crate) fn settings(&self) -> &ServerSettings {
        &self.settings
    }

    pub(super) fn key(&self) -> PublicKey {
        self.settings.key
    }

    /// The papers for a tenant: `not_found` where there is no such tenant, `unavailable` while this server has no
    /// certificate.
    pub(super) async fn papers(
        &self,
        a: &Authority,
        tenant: TenantId,
    ) -> Result<Arc<Papers>, AuthorityError> {
        let now = a.clock.unix_millis();
        let known = self.papers.lock().expect("no holder of this lock panics").get(&tenant).cloned();
        if let Some((at, papers)) = known
            && now.checked_sub(at).is_some_and(|age| age < FRESH)
        {
            return Ok(papers);
        }
        let papers = Arc::new(self.read(a, tenant).await?);
        let mut all = self.papers.lock().expect("no holder of this lock panics");
        if all.len() >= TENANTS {
            all.clear();
        }
        all.insert(tenant, (now, Arc::clone(&papers)));
        Ok(papers)
    }

    async fn read(&self, a: &Authority, tenant: TenantId) -> Result<Papers, AuthorityError> {
        let unknown = AuthorityError::Refused(Code::NotFound);
        let tenant_keyset = read::installation::keyset(&a.db, &tenant.to_string()).await?.ok_or(unknown)?;
        let keyset = read::installation::keyset(&a.db, INSTALLATION).await?;
        Ok(Papers {
            certificate: Named::new(self.certificate(a, tenant).await?)?,
            keyset: Named::new(keyset.ok_or(AuthorityError::Refused(Code::Unavailable))?)?,
            tenant_keyset: Named::new(tenant_keyset)?,
        })
    }

    /// The certificate in the database. A process that can make one does not wait until it is made.
    async fn certificate(&self, a: &Authority, tenant: TenantId) -> Result<Vec<u8>, AuthorityError> {
        let find = || read::servers::certificate(&a.db, self.key(), tenant);
        let mut found = find().await?;
        if a.role.has_control() && found.as_ref().is_none_or(|row| row.expires_at <= a.now()) {
            certify_servers(a).await?;
            found = find().await?;
        }
        let row = found.filter(|row| row.expires_at > a.now());
        row.map(|row| row.envelope).ok_or(AuthorityError::Refused(Code::Unavailable))
    }
}

impl Named {
    fn new(envelope: Vec<u8>) -> Result<Self, AuthorityError> {
        let id = Envelope::decode(&envelope)?.id();
        Ok(Self { id, text: raw(envelope)? })
    }
}

/// An envelope travels as it was signed.
pub(crate) fn raw(envelope: Vec<u8>) -> Result<Box<RawValue>, AuthorityError> {
    let text = String::from_utf8(envelope).ok();
    text.and_then(|t| RawValue::from_string(t).ok()).ok_or(AuthorityError::Refused(Code::SystemError))
}
