//! Audit and event rows: written in the transaction that causes them.

use crate::sql::query;
use crate::{AuditRow, EventRow, StoreError, Tx, columns::signed, statements};

statements! {
    AUDIT = "INSERT INTO audit (audit_id, tenant_id, at, actor, action, subject, detail, request_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    EVENT = "INSERT INTO events (event_id, tenant_id, app_id, license_id, device, at, kind, code, request_id, \
             count) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    FORGET_EVENTS = "DELETE FROM events WHERE event_id < $1";
}

/// Records what somebody did.
pub async fn audit(tx: &mut Tx<'_>, row: &AuditRow) -> Result<(), StoreError> {
    query(AUDIT)
        .bind(&row.id)
        .bind(row.tenant.to_string())
        .bind(signed(row.at.get()))
        .bind(&row.actor)
        .bind(&*row.action)
        .bind(&row.subject)
        .bind(&row.detail)
        .bind(&row.request_id)
        .execute(&mut *tx.connection)
        .await?;
    Ok(())
}

/// Records what happened to a license.
pub async fn event(tx: &mut Tx<'_>, row: &EventRow) -> Result<(), StoreError> {
    query(EVENT)
        .bind(&row.id)
        .bind(row.tenant.to_string())
        .bind(row.app.map(|id| id.to_string()))
        .bind(row.license.map(|id| id.to_string()))
        .bind(row.device.clone())
        .bind(signed(row.at.get()))
        .bind(&*row.kind)
        .bind(row.code.clone())
        .bind(&row.request_id)
        .bind(signed(row.count))
        .execute(&mut *tx.connection)
        .await?;
    Ok(())
}

/// Forgets the events before that identifier; identifiers sort by time.
pub async fn forget_events(tx: &mut Tx<'_>, before: &str) -> Result<(), StoreError> {
    query(FORGET_EVENTS).bind(before).execute(&mut *tx.connection).await?;
    Ok(())
}
