//! Copies of a program that send heartbeats (`spec/activation.md` §6).

use sealgate_artifact::{ActivationId, InstanceId, Nonce, StatementId, UnixSeconds};

use crate::columns::{count, moment, optional_time, parsed, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

statements! {
    FIND = "SELECT instance_id, seq, next_nonce, request, answer, heard_at, left_at FROM instances \
            WHERE activation_id = $1 AND instance_id = $2";
    BEGUN_WITH = "SELECT instance_id, seq, next_nonce, request, answer, heard_at, left_at FROM instances \
                  WHERE activation_id = $1 AND request = $2";
    // No license allows more.
    RUNNING = "SELECT COUNT(*) FROM (SELECT 1 FROM instances WHERE activation_id = $1 AND left_at IS NULL AND heard_at > $2 \
               AND instance_id <> $3 LIMIT 1001) counted";
    LAST_HEARD = "SELECT MAX(heard_at) AS heard_at FROM instances WHERE activation_id = $1 AND left_at IS NULL";
    INSERT = "INSERT INTO instances (activation_id, instance_id, seq, next_nonce, request, answer, heard_at, left_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    // Whoever was heard meanwhile is not overwritten.
    NEXT = "UPDATE instances SET seq = $3, next_nonce = $4, request = $5, answer = $6, heard_at = $7, left_at = $8 \
            WHERE activation_id = $1 AND instance_id = $2 AND seq = $9 AND next_nonce = $10";
    // Nothing older is taken over.
    ADOPT = "INSERT INTO instances (activation_id, instance_id, seq, next_nonce, request, answer, heard_at, left_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (activation_id, instance_id) DO UPDATE SET \
             seq = excluded.seq, next_nonce = excluded.next_nonce, request = excluded.request, answer = excluded.answer, \
             heard_at = excluded.heard_at, left_at = excluded.left_at WHERE instances.seq < excluded.seq";
    FORGET = "DELETE FROM instances WHERE activation_id = $1";
    FORGET_GONE = "DELETE FROM instances WHERE activation_id = $1 AND heard_at <= $2";
}

/// SQLite has no users, and no function.
const FORGET_INSTANCES: &str = "SELECT forget_instances($1, $2) AS forget_instances";

/// A copy of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct InstanceRow {
    pub id: InstanceId,
    /// The last heartbeat that counted.
    pub seq: u64,
    pub next_nonce: Nonce,
    /// The last heartbeat that counted, by its statement.
    pub request: StatementId,
    /// What it was answered, byte for byte.
    pub answer: Vec<u8>,
    pub heard_at: UnixSeconds,
    /// When it said that it ends.
    pub left_at: Option<UnixSeconds>,
}

impl InstanceRow {
    /// Whether it makes room for another copy: it left, or was not heard since then.
    pub fn is_gone(&self, since: UnixSeconds) -> bool {
        self.left_at.is_some() || self.heard_at <= since
    }
}

impl FromRow for InstanceRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(row, "instance_id", |t| InstanceId::parse(t).ok())?,
            seq: count(row, "seq")?,
            next_nonce: parsed(row, "next_nonce", Nonce::parse)?,
            request: parsed(row, "request", StatementId::parse)?,
            answer: row.get("answer")?,
            heard_at: time(row, "heard_at")?,
            left_at: optional_time(row, "left_at")?,
        })
    }
}

/// This copy of the program.
pub async fn find(
    on: impl Read,
    activation: ActivationId,
    id: InstanceId,
) -> Result<Option<InstanceRow>, StoreError> {
    query_as(FIND).bind(activation.to_string()).bind(id.to_string()).fetch_optional(on).await
}

/// The copy whose last heartbeat was this request.
pub async fn heard_last(
    on: impl Read,
    activation: ActivationId,
    request: StatementId,
) -> Result<Option<InstanceRow>, StoreError> {
    query_as(BEGUN_WITH).bind(activation.to_string()).bind(request.to_string()).fetch_optional(on).await
}

/// How many other copies were heard since then and did not leave.
pub async fn running(
    on: impl Read,
    activation: ActivationId,
    (but, since): (Option<InstanceId>, UnixSeconds),
) -> Result<u64, StoreError> {
    let but = but.map(|id| id.to_string()).unwrap_or_default();
    let query = query(RUNNING).bind(activation.to_string()).bind(signed(since.get())).bind(but);
    Ok(query.fetch_one(on).await?.get::<i64>(0)?.unsigned_abs())
}

/// When a copy that did not leave was heard last.
pub async fn last_heard(on: impl Read, activation: ActivationId) -> Result<Option<UnixSeconds>, StoreError> {
    let row = query(LAST_HEARD).bind(activation.to_string()).fetch_one(on).await?;
    let at: Option<i64> = row.get(0)?;
    Ok(at.and_then(|at| u64::try_from(at).ok()).and_then(UnixSeconds::new))
}

/// Adds a copy.
pub async fn insert(tx: &mut Tx<'_>, activation: ActivationId, row: &InstanceRow) -> Result<(), StoreError> {
    put(INSERT, tx, activation, row).await.map(drop)
}

/// Takes over a copy that the database had forgotten, or holds in an older state; `false` where it holds a newer one.
pub async fn adopt(tx: &mut Tx<'_>, activation: ActivationId, row: &InstanceRow) -> Result<bool, StoreError> {
    put(ADOPT, tx, activation, row).await
}

async fn put(
    statement: &'static str,
    tx: &mut Tx<'_>,
    activation: ActivationId,
    row: &InstanceRow,
) -> Result<bool, StoreError> {
    let query = query(statement)
        .bind(activation.to_string())
        .bind(row.id.to_string())
        .bind(signed(row.seq))
        .bind(row.next_nonce.to_string())
        .bind(row.request.to_string())
        .bind(row.answer.clone())
        .bind(signed(row.heard_at.get()))
        .bind(moment(row.left_at));
    Ok(query.execute(tx).await? > 0)
}

/// Stores what was heard of a copy, if nothing was heard of it since `before`.
pub async fn store(
    tx: &mut Tx<'_>,
    activation: ActivationId,
    before: &InstanceRow,
    row: &InstanceRow,
) -> Result<bool, StoreError> {
    let query = query(NEXT)
        .bind(activation.to_string())
        .bind(row.id.to_string())
        .bind(signed(row.seq))
        .bind(row.next_nonce.to_string())
        .bind(row.request.to_string())
        .bind(row.answer.clone())
        .bind(signed(row.heard_at.get()))
        .bind(moment(row.left_at))
        .bind(signed(before.seq))
        .bind(before.next_nonce.to_string());
    Ok(query.execute(tx).await? > 0)
}

/// Forgets the copies of an activation.
pub async fn forget(tx: &mut Tx<'_>, activation: ActivationId) -> Result<(), StoreError> {
    if tx.connection.locks_rows() {
        return by_function(tx, activation, i64::MAX).await;
    }
    query(FORGET).bind(activation.to_string()).execute(tx).await?;
    Ok(())
}

/// Forgets copies that were heard at that time for the last time, or before.
pub async fn forget_gone(
    tx: &mut Tx<'_>,
    activation: ActivationId,
    until: UnixSeconds,
) -> Result<(), StoreError> {
    if tx.connection.locks_rows() {
        return by_function(tx, activation, signed(until.get())).await;
    }
    query(FORGET_GONE).bind(activation.to_string()).bind(signed(until.get())).execute(tx).await?;
    Ok(())
}

/// As a database user may who cannot delete rows.
async fn by_function(tx: &mut Tx<'_>, activation: ActivationId, until: i64) -> Result<(), StoreError> {
    query(FORGET_INSTANCES).bind(activation.to_string()).bind(until).fetch_one(tx).await?;
    Ok(())
}
