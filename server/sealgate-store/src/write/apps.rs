//! Apps.

use crate::{AppRow, StoreError, Tx, row::signed, statements};

statements! {
    INSERT = "INSERT INTO apps (app_id, tenant_id, name, secret_hash, public_key, next_public_key, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7)";
}

/// Adds an app; [`StoreError::Duplicate`] when the tenant has one of that name.
pub async fn insert(tx: &mut Tx<'_>, app: &AppRow) -> Result<(), StoreError> {
    sqlx::query(INSERT)
        .bind(app.id.to_string())
        .bind(app.tenant.to_string())
        .bind(&app.name)
        .bind(app.secret_hash.to_vec())
        .bind(app.public_key.to_string())
        .bind(app.next_public_key.to_string())
        .bind(signed(app.created_at.get()))
        .execute(&mut *tx.connection)
        .await?;
    Ok(())
}
