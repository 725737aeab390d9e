//! Answers to requests that created something, so that a request that is sent again gets the same answer.

use sealgate_artifact::{TenantId, UnixSeconds};

use crate::columns::{digest, parsed, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::{AT_ONCE, at_once, statements};
use crate::{Read, StoreError, Tx};

statements! {
    FIND = "SELECT tenant_id, caller, idempotency_key, request, answer, at FROM idempotency \
            WHERE tenant_id = $1 AND caller = $2 AND idempotency_key = $3";
    INSERT = "INSERT INTO idempotency (tenant_id, caller, idempotency_key, request, answer, at) \
              VALUES ($1, $2, $3, $4, $5, $6)";
    FORGET = concat!(
        "DELETE FROM idempotency WHERE (tenant_id, caller, idempotency_key) IN (SELECT tenant_id, caller, idempotency_key \
         FROM idempotency WHERE at < $1 ORDER BY at LIMIT ",
        at_once!(),
        ")"
    );
}

/// The answer to a request that created something.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct AnswerRow {
    pub tenant: TenantId,
    /// Who asked, as the audit log names them. Nobody else gets the answer.
    pub caller: String,
    /// The idempotency key that the caller chose.
    pub key: String,
    /// A hash of the request.
    pub request: [u8; 32],
    /// The answer, sealed.
    pub answer: Vec<u8>,
    pub at: UnixSeconds,
}

impl FromRow for AnswerRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            caller: row.get("caller")?,
            key: row.get("idempotency_key")?,
            request: digest(row, "request")?,
            answer: row.get("answer")?,
            at: time(row, "at")?,
        })
    }
}

/// The answer to the request that this caller of the tenant sent with this idempotency key.
pub async fn find(
    on: impl Read,
    tenant: TenantId,
    (caller, key): (&str, &str),
) -> Result<Option<AnswerRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(caller).bind(key).fetch_optional(on).await
}

/// Keeps an answer; [`StoreError::Duplicate`] if the caller's request with that idempotency key was
/// answered before.
pub async fn insert(tx: &mut Tx<'_>, answer: &AnswerRow) -> Result<(), StoreError> {
    query(INSERT)
        .bind(answer.tenant.to_string())
        .bind(&answer.caller)
        .bind(&answer.key)
        .bind(answer.request.to_vec())
        .bind(answer.answer.clone())
        .bind(signed(answer.at.get()))
        .execute(tx)
        .await?;
    Ok(())
}

/// Forgets answers from before that time, as many as are deleted at once. `true` if there may be more.
pub async fn forget(tx: &mut Tx<'_>, before: UnixSeconds) -> Result<bool, StoreError> {
    Ok(query(FORGET).bind(signed(before.get())).execute(tx).await? == AT_ONCE)
}
