//! Answers to requests that created something.

use sealgate_artifact::UnixSeconds;

use crate::columns::signed;
use crate::sql::query;
use crate::{AnswerRow, StoreError, Tx, statements};

statements! {
    INSERT = "INSERT INTO idempotency (tenant_id, idempotency_key, request, answer, at) VALUES ($1, $2, $3, $4, $5)";
    FORGET = "DELETE FROM idempotency WHERE at < $1";
}

/// Keeps an answer; [`StoreError::Duplicate`] when a request of that name was answered before.
pub async fn insert(tx: &mut Tx<'_>, answer: &AnswerRow) -> Result<(), StoreError> {
    query(INSERT)
        .bind(answer.tenant.to_string())
        .bind(&answer.key)
        .bind(answer.request.to_vec())
        .bind(answer.answer.clone())
        .bind(signed(answer.at.get()))
        .execute(&mut *tx.connection)
        .await?;
    Ok(())
}

/// Forgets what was answered before that time.
pub async fn forget(tx: &mut Tx<'_>, before: UnixSeconds) -> Result<(), StoreError> {
    query(FORGET).bind(signed(before.get())).execute(&mut *tx.connection).await?;
    Ok(())
}
