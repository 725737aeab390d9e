//! What was revoked before a database came back older is revoked again, by what an exported audit log says.

use std::collections::HashSet;

use sealgate_artifact::{Code, KeyUse, LicenseId, TenantId, decode_hex};
use sealgate_authority::{Actor, AuthorityError};
use sealgate_journal::{AuditEntry, Check, Head};
use sealgate_store::{Db, table};
use sealgate_wire::{AuditHead, AuditView, Reason, StopLicense};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::keys::Keys;
use crate::licenses::Licenses;
use crate::records::Records;
use crate::servers::{self, Servers};
use crate::upkeep::Upkeep;
use crate::{Caller, Scope, Scopes};

/// Rows of the database's own chain that are read together.
const ROWS: u32 = 200;
/// How often a key is revoked until all that it signed is signed again. Each time does many pages.
const TURNS: u32 = 1_000;

/// What came of an exported audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reapplied {
    /// Up to which row the export and the database are the same; 0 where the database's log is empty, and nothing could be
    /// compared.
    pub common: u64,
    /// Licenses that are revoked again.
    pub licenses: Vec<String>,
    /// Servers.
    pub servers: Vec<String>,
    /// Keys.
    pub keys: Vec<String>,
    /// What the log says was revoked and the database does not know: it was made after the copy.
    pub unknown: Vec<String>,
    /// What could not be revoked, and why. Trying again may help.
    pub failed: Vec<(String, String)>,
}

impl Reapplied {
    fn has_changed(&self) -> bool {
        !(self.licenses.is_empty() && self.servers.is_empty() && self.keys.is_empty())
    }
}

/// An exported log, verified by its own chain (`spec/audit.md` §2.2).
struct Export {
    tenant: TenantId,
    rows: Vec<AuditView>,
    head: AuditHead,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    tenant_id: String,
    head: AuditHead,
}

/// One thing that was revoked.
pub(crate) struct Revocation<'a> {
    pub(crate) what: What,
    pub(crate) id: &'a str,
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum What {
    License,
    Server,
    Key,
}

/// How a revocation went.
pub(crate) enum Outcome {
    Done,
    Was,
    Unknown,
}

/// What revokes again, and what it works with.
pub(crate) struct Restore<'a> {
    pub(crate) db: &'a Db,
    pub(crate) licenses: &'a Licenses,
    pub(crate) servers: &'a Servers,
    pub(crate) keys: &'a Keys,
    pub(crate) records: &'a Records,
    pub(crate) upkeep: &'a Upkeep,
}

impl Restore<'_> {
    /// See [`Control::reapply_revocations`](crate::Control::reapply_revocations).
    pub(crate) async fn reapply_revocations(
        &self,
        request_id: &str,
        export: &[u8],
    ) -> Result<Reapplied, AuthorityError> {
        let export = Export::read(export)?;
        let db = self.db;
        if table::tenants::find(db, export.tenant).await?.is_none() {
            return Err(AuthorityError::Refused(Code::NotFound));
        }
        let caller = Caller {
            tenant: export.tenant,
            actor: Actor::System,
            scopes: Scopes::of(&[Scope::Owner, Scope::Installation]),
            once: None,
            request_id: request_id.to_owned(),
        };
        let mut came = Reapplied { common: self.common(&export).await?, ..Reapplied::default() };
        for revocation in export.revocations() {
            let id = revocation.id.to_owned();
            match self.revoke_again(&caller, &revocation).await {
                Ok(Outcome::Done) => match revocation.what {
                    What::License => came.licenses.push(id),
                    What::Server => came.servers.push(id),
                    What::Key => came.keys.push(id),
                },
                Ok(Outcome::Was) => {}
                Ok(Outcome::Unknown) => came.unknown.push(id),
                // What one of them lacks must not keep the others from being revoked.
                Err(AuthorityError::Refused(code)) => came.failed.push((id, code.to_string())),
                Err(AuthorityError::Busy(_)) => came.failed.push((id, Code::Unavailable.to_string())),
                Err(failure) => return Err(failure),
            }
        }
        if came.has_changed() {
            let detail = detail(&export.head, &came);
            self.records.note(&caller, "restore.revocations", &detail).await?;
        }
        Ok(came)
    }

    /// Revokes one thing, unless it is revoked or not known.
    pub(crate) async fn revoke_again(
        &self,
        caller: &Caller,
        revocation: &Revocation<'_>,
    ) -> Result<Outcome, AuthorityError> {
        let done = match revocation.what {
            What::License => self.revoke_license_again(caller, revocation).await,
            What::Server => self.revoke_server_again(caller, revocation).await,
            What::Key => self.revoke_key_again(caller, revocation).await,
        };
        match done {
            Err(AuthorityError::Refused(Code::NotFound)) => Ok(Outcome::Unknown),
            done => done,
        }
    }

    async fn revoke_license_again(
        &self,
        caller: &Caller,
        revocation: &Revocation<'_>,
    ) -> Result<Outcome, AuthorityError> {
        let Ok(id) = LicenseId::parse(revocation.id) else { return Ok(Outcome::Unknown) };
        let found = table::licenses::find(self.db, caller.tenant, id).await?;
        let found = found.ok_or(AuthorityError::Refused(Code::NotFound))?;
        if found.revoked_at.is_some() {
            return Ok(Outcome::Was);
        }
        let wish = StopLicense { reason: revocation.reason.clone(), if_version: None };
        self.licenses.revoke(caller, revocation.id, &wish).await.map(|_| Outcome::Done)
    }

    async fn revoke_server_again(
        &self,
        caller: &Caller,
        revocation: &Revocation<'_>,
    ) -> Result<Outcome, AuthorityError> {
        if self.servers.show(caller, revocation.id).await?.status == servers::REVOKED {
            return Ok(Outcome::Was);
        }
        self.servers.revoke(caller, revocation.id, &reason(revocation)).await.map(|_| Outcome::Done)
    }

    async fn revoke_key_again(
        &self,
        caller: &Caller,
        revocation: &Revocation<'_>,
    ) -> Result<Outcome, AuthorityError> {
        if self.keys.is_revoked(caller, revocation.id).await? {
            return Ok(Outcome::Was);
        }
        for _ in 0..TURNS {
            if self.keys.revoke(caller, revocation.id, &reason(revocation)).await?.complete {
                return Ok(Outcome::Done);
            }
        }
        Err(AuthorityError::Busy("licenses of a revoked key are left to be signed again"))
    }

    /// Up to which row the two logs are the same. Another chain is no log of this database.
    async fn common(&self, export: &Export) -> Result<u64, AuthorityError> {
        self.upkeep.number_audit_rows_of(export.tenant).await?;
        let db = self.db;
        let Some((last, _)) = table::audit::head(db, export.tenant).await? else { return Ok(0) };
        let mut common = 0;
        loop {
            let rows = table::audit::chain(db, export.tenant, (common, last), ROWS).await?;
            let (read, before) = (rows.len(), common);
            for row in rows {
                let Some((seq, hash)) = row.link else { break };
                let same = usize::try_from(seq).ok().and_then(|n| export.rows.get(n.checked_sub(1)?));
                let is_same =
                    same.is_some_and(|same| same.hash.as_deref().and_then(decode_hex) == Some(hash));
                if seq != common + 1 || !is_same {
                    break;
                }
                common = seq;
            }
            if read < ROWS as usize || common - before < read as u64 {
                break;
            }
        }
        if common == 0 { Err(AuthorityError::Refused(Code::AuditBroken)) } else { Ok(common) }
    }
}

impl Export {
    fn read(bytes: &[u8]) -> Result<Self, AuthorityError> {
        let is_export = || AuthorityError::Invalid { field: "export", why: "not an exported audit log" };
        let text = std::str::from_utf8(bytes).map_err(|_| is_export())?;
        let mut lines: Vec<&str> = text.lines().collect();
        let end: End = serde_json::from_str(lines.pop().unwrap_or_default()).map_err(|_| is_export())?;
        let rows: Result<Vec<AuditView>, _> = lines.into_iter().map(serde_json::from_str).collect();
        let tenant = TenantId::parse(&end.tenant_id).map_err(|_| is_export())?;
        let export = Self { tenant, rows: rows.map_err(|_| is_export())?, head: end.head };
        export.verify(&end.tenant_id).ok_or(AuthorityError::Refused(Code::AuditBroken))?;
        Ok(export)
    }

    fn verify(&self, tenant: &str) -> Option<Head> {
        let mut check = Check::default();
        for row in &self.rows {
            let entry = AuditEntry {
                tenant,
                id: &row.audit_id,
                at: row.at.0.get(),
                actor: &row.actor,
                action: &row.action,
                subject: &row.subject,
                detail: &row.detail,
                request_id: &row.request_id,
            };
            check.follow(row.seq?, &row.hash.as_deref().and_then(decode_hex)?, &entry).ok()?;
        }
        check.finish(&Head { seq: self.head.seq, hash: decode_hex(&self.head.hash)? }).ok()
    }

    /// What was revoked, each once, in the order in which that happened.
    fn revocations(&self) -> Vec<Revocation<'_>> {
        let mut seen = HashSet::new();
        let mut found = vec![];
        for row in &self.rows {
            let what = match row.action.as_str() {
                "license.revoked" => What::License,
                "server.revoked" => What::Server,
                "key.revoked" => What::Key,
                _ => continue,
            };
            let detail: Value = serde_json::from_str(&row.detail).unwrap_or_default();
            // Revoking the server did this.
            let is_servers = what == What::Key && detail["use"] == KeyUse::Server.as_str();
            if is_servers || !seen.insert((what, &row.subject)) {
                continue;
            }
            let reason = detail["reason"].as_str().map(str::to_owned);
            found.push(Revocation { what, id: &row.subject, reason });
        }
        found
    }
}

fn reason(revocation: &Revocation<'_>) -> Reason {
    Reason { reason: revocation.reason.clone() }
}

/// What the audit log says about it.
fn detail(head: &AuditHead, came: &Reapplied) -> Value {
    json!({
        "export": { "seq": head.seq, "hash": head.hash }, "common": came.common, "licenses": came.licenses.len(),
        "servers": came.servers.len(), "keys": came.keys.len(), "unknown": came.unknown.len(), "failed": came.failed.len(),
    })
}
