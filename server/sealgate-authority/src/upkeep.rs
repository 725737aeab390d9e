//! What the server does by itself: numbers for the audit log, and forgetting what has served its time.

use sealgate_artifact::{RecordId, TenantId};
use sealgate_journal::{AuditEntry, Head};
use sealgate_store::{AuditRow, StoreError, Tx, Work, read, write};

use crate::{Authority, once};

/// Rows that get their numbers in one transaction: others write in between.
const ROWS: u32 = 500;
/// How long a paid question costs nothing when it is asked again (`spec/http.md` §2.5).
const PAID_SECONDS: u64 = 120;
/// How long events are kept (`spec/http.md` §3.13).
const EVENT_SECONDS: u64 = 90 * 24 * 60 * 60;
/// How long an entry that counts no more stays visible, where a client made it.
const ENDED_ENTRY_SECONDS: u64 = 30 * 24 * 60 * 60;

/// Gives every waiting row of the audit log its number and hash (`spec/audit.md` §2.1). A runtime does not: whoever has
/// stolen one must not be able to write the chain.
pub async fn number_audit_rows(a: &Authority) -> Result<(), StoreError> {
    if !a.role().has_control() {
        return Ok(());
    }
    while read::audit::is_waiting(&a.db).await? {
        a.db.write(NumberAuditRows).await?;
    }
    Ok(())
}

/// Makes the certificates that servers lack or will lack soon.
pub async fn certify_servers(a: &Authority) -> Result<(), crate::AuthorityError> {
    crate::control::certify_servers(a).await
}

/// Writes what was observed and is complete.
pub async fn write_observed(a: &Authority) -> Result<(), StoreError> {
    a.write_observed().await
}

/// Writes all that was observed, before the server ends.
pub async fn write_all_observed(a: &Authority) -> Result<(), StoreError> {
    a.write_all_observed().await
}

/// Forgets answers and paid questions that nobody may ask for any more.
pub async fn forget(a: &Authority) -> Result<(), StoreError> {
    a.db.write(Forget { now: a.now() }).await
}

struct NumberAuditRows;

impl Work for NumberAuditRows {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let mut heads: Vec<(TenantId, Head)> = vec![];
        for row in write::audit::waiting(tx, ROWS).await? {
            if !heads.iter().any(|(tenant, _)| *tenant == row.tenant) {
                let stored = write::audit::head(tx, row.tenant).await?;
                heads.push((row.tenant, stored.map_or(Head::EMPTY, |(seq, hash)| Head { seq, hash })));
            }
            let head = heads.iter_mut().find(|(tenant, _)| *tenant == row.tenant);
            let (_, head) = head.expect("it was put there");
            *head = head.append(&entry(&row, &row.tenant.to_string()));
            write::audit::link(tx, &row.id, head.seq, &head.hash).await?;
        }
        for (tenant, head) in heads {
            write::audit::put_head(tx, tenant, head.seq, &head.hash).await?;
        }
        Ok(())
    }
}

fn entry<'a>(row: &'a AuditRow, tenant: &'a str) -> AuditEntry<'a> {
    AuditEntry {
        tenant,
        id: &row.id,
        at: row.at.get(),
        actor: &row.actor,
        action: &row.action,
        subject: &row.subject,
        detail: &row.detail,
        request_id: &row.request_id,
    }
}

struct Forget {
    now: sealgate_artifact::UnixSeconds,
}

impl Work for Forget {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        once::forget(tx, self.now).await?;
        write::apps::forget_debits(tx, once::earlier(self.now, PAID_SECONDS).get()).await?;
        write::access::forget(tx, once::earlier(self.now, ENDED_ENTRY_SECONDS)).await?;
        let oldest = once::earlier(self.now, EVENT_SECONDS);
        let oldest = RecordId::new(oldest.get() * 1_000, [0; 10]);
        write::records::forget_events(tx, &oldest.to_string()).await
    }
}
