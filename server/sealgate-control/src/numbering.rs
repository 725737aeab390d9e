//! Numbers and hashes for the rows of the audit log (`spec/audit.md` §2.1).

use sealgate_artifact::TenantId;
use sealgate_journal::{AuditEntry, Head};
use sealgate_store::table::audit::Waiting;
use sealgate_store::table::{self, AuditRow};
use sealgate_store::{Db, StoreError, Tx, Work};

/// Rows that get their numbers in one transaction: others write in between.
const ROWS: usize = 500;
/// Bytes of their details after which it ends, too.
const BYTES: usize = 1024 * 1024;
/// Rows that are read together, of which each may have 64 KiB.
const TOGETHER: u32 = 50;

/// Every waiting row.
pub(crate) async fn number_all(db: &Db) -> Result<(), StoreError> {
    while table::audit::is_waiting(db).await? {
        db.write(Number { which: Waiting::All }).await?;
    }
    Ok(())
}

/// Those of a tenant that wait now. What anybody writes meanwhile is not waited for.
pub(crate) async fn number_those_of(db: &Db, tenant: TenantId) -> Result<(), StoreError> {
    let Some(stretch) = table::audit::waiting_of(db, tenant).await? else { return Ok(()) };
    while db.write(Number { which: Waiting::Within(stretch.clone()) }).await? {}
    Ok(())
}

struct Number {
    which: Waiting,
}

impl Work for Number {
    /// Whether there may be more.
    type Output = bool;
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let mut chains = Chains::default();
        while chains.rows < ROWS && chains.bytes < BYTES {
            let rows = table::audit::waiting(&mut *tx, &self.which, TOGETHER).await?;
            let is_last = rows.len() < TOGETHER as usize;
            chains.append(tx, rows).await?;
            if is_last {
                chains.store(tx).await?;
                return Ok(false);
            }
        }
        chains.store(tx).await?;
        Ok(true)
    }
}

/// What a transaction appends to.
#[derive(Default)]
struct Chains {
    heads: Vec<(TenantId, Head)>,
    rows: usize,
    bytes: usize,
}

impl Chains {
    /// Gives rows their numbers, and sets those aside that cannot be read.
    async fn append(
        &mut self,
        tx: &mut Tx<'_>,
        rows: Vec<Result<AuditRow, String>>,
    ) -> Result<(), StoreError> {
        let mut unreadable = vec![];
        self.rows += rows.len();
        for row in rows {
            match row {
                Ok(row) => {
                    self.bytes += row.detail.len();
                    let head = self.head(tx, row.tenant).await?;
                    *head = head.append(&entry(&row, &row.tenant.to_string()));
                    table::audit::link(tx, &row.id, head.seq, &head.hash).await?;
                }
                Err(id) => unreadable.push(id),
            }
        }
        table::audit::set_aside(tx, &unreadable).await
    }

    /// The end of a tenant's chain.
    async fn head(&mut self, tx: &mut Tx<'_>, tenant: TenantId) -> Result<&mut Head, StoreError> {
        let known = self.heads.iter().position(|(of, _)| *of == tenant);
        let at = known.unwrap_or(self.heads.len());
        if known.is_none() {
            let stored = table::audit::head(&mut *tx, tenant).await?;
            self.heads.push((tenant, stored.map_or(Head::EMPTY, |(seq, hash)| Head { seq, hash })));
        }
        Ok(&mut self.heads[at].1)
    }

    async fn store(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        for (tenant, head) in self.heads {
            table::audit::upsert_head(tx, tenant, head.seq, &head.hash).await?;
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
