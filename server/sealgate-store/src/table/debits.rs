//! Questions that cost a credit lately. The same question, asked again, costs nothing.

use crate::columns::signed;
use crate::sql::query;
use crate::{StoreError, Tx, statements};

statements! {
    INSERT = "INSERT INTO debits (question, at) VALUES ($1, $2) ON CONFLICT (question) DO NOTHING";
    FORGET = "DELETE FROM debits WHERE at < $1";
}

/// Records that a question was paid for; `false` if it had been before.
pub async fn insert(tx: &mut Tx<'_>, question: &[u8], at: u64) -> Result<bool, StoreError> {
    Ok(query(INSERT).bind(question.to_vec()).bind(signed(at)).execute(tx).await? == 1)
}

/// Forgets the questions that were paid for before that time.
pub async fn forget(tx: &mut Tx<'_>, before: u64) -> Result<(), StoreError> {
    query(FORGET).bind(signed(before)).execute(tx).await?;
    Ok(())
}
