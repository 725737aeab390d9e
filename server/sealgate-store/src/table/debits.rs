//! Questions that cost a credit lately. The same question, asked again, costs nothing.

use sealgate_artifact::UnixSeconds;

use crate::columns::signed;
use crate::sql::query;
use crate::statements::{AT_ONCE, at_once, statements};
use crate::{StoreError, Tx};

statements! {
    INSERT = "INSERT INTO debits (question, at) VALUES ($1, $2) ON CONFLICT (question) DO NOTHING";
    FORGET = concat!(
        "DELETE FROM debits WHERE question IN (SELECT question FROM debits WHERE at < $1 ORDER BY at LIMIT ", at_once!(), ")"
    );
}

/// Records that a question was paid for; `false` if it had been before.
pub async fn insert(tx: &mut Tx<'_>, question: &[u8], at: UnixSeconds) -> Result<bool, StoreError> {
    Ok(query(INSERT).bind(question.to_vec()).bind(signed(at.get())).execute(tx).await? == 1)
}

/// Forgets questions that were paid for before that time, as many as are deleted at once; `true` if there may be more.
pub async fn forget(tx: &mut Tx<'_>, before: UnixSeconds) -> Result<bool, StoreError> {
    Ok(query(FORGET).bind(signed(before.get())).execute(tx).await? == AT_ONCE)
}
