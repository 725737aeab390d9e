//! Apps.

use sealgate_artifact::AppId;

use crate::columns::{moment, signed};
use crate::sql::query;
use crate::{AppRow, StoreError, Subject, Tx, statements};

statements! {
    INSERT = "INSERT INTO apps (app_id, tenant_id, name, secret_hash, public_key, next_public_key, variables, \
              require_secret, lifetime_files, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    STORE = "UPDATE apps SET name = $2, secret_hash = $3, former_secret_hash = $4, former_secret_until = $5, \
             public_key = $6, next_public_key = $7, variables = $8, credits = $9, disabled_at = $10, \
             require_secret = $11, lifetime_files = $12 \
             WHERE app_id = $1";
    SPEND = "UPDATE apps SET credits = credits - 1 WHERE app_id = $1 AND credits > 0";
    DEBIT = "INSERT INTO debits (question, at) VALUES ($1, $2) ON CONFLICT (question) DO NOTHING";
    FORGET_DEBITS = "DELETE FROM debits WHERE at < $1";
}

/// Adds an app; [`StoreError::Duplicate`] when the tenant has one of that name.
pub async fn insert(tx: &mut Tx<'_>, app: &AppRow) -> Result<(), StoreError> {
    query(INSERT)
        .bind(app.id.to_string())
        .bind(app.tenant.to_string())
        .bind(&app.name)
        .bind(app.secret_hash.to_vec())
        .bind(app.public_key.to_string())
        .bind(app.next_public_key.to_string())
        .bind(&app.variables)
        .bind(i64::from(app.require_secret))
        .bind(i64::from(app.lifetime_files))
        .bind(signed(app.created_at.get()))
        .execute(&mut *tx.connection)
        .await?;
    Ok(())
}

/// Stores an app's new state.
pub async fn store(tx: &mut Tx<'_>, app: &AppRow) -> Result<(), StoreError> {
    let (former, until) = app.former_secret.unzip();
    query(STORE)
        .bind(app.id.to_string())
        .bind(&app.name)
        .bind(app.secret_hash.to_vec())
        .bind(former.map(|hash| hash.to_vec()))
        .bind(moment(until))
        .bind(app.public_key.to_string())
        .bind(app.next_public_key.to_string())
        .bind(&app.variables)
        .bind(app.credits.map(signed))
        .bind(moment(app.disabled_at))
        .bind(i64::from(app.require_secret))
        .bind(i64::from(app.lifetime_files))
        .execute(&mut *tx.connection)
        .await?;
    tx.changes(Subject::App(app.id));
    Ok(())
}

/// Takes a credit; `false` where none is left. What is cached of the app keeps saying that credits are counted, which
/// is all that it is asked for.
pub async fn spend_credit(tx: &mut Tx<'_>, app: AppId) -> Result<bool, StoreError> {
    let done = query(SPEND).bind(app.to_string()).execute(&mut *tx.connection).await?;
    Ok(done == 1)
}

/// Notes that a question was paid for; `false` where it had been before.
pub async fn debit(tx: &mut Tx<'_>, question: &[u8], at: u64) -> Result<bool, StoreError> {
    let query = query(DEBIT).bind(question.to_vec()).bind(signed(at));
    Ok(query.execute(&mut *tx.connection).await? == 1)
}

/// Forgets questions that were paid for before that time.
pub async fn forget_debits(tx: &mut Tx<'_>, before: u64) -> Result<(), StoreError> {
    query(FORGET_DEBITS).bind(signed(before)).execute(&mut *tx.connection).await?;
    Ok(())
}
