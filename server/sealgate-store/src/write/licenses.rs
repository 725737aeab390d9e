//! Licenses and the devices that hold their seats.

use sealgate_artifact::{LicenseId, PublicKey, TenantId, UnixSeconds};
use sqlx::Row;

use crate::row::{count, signed};
use crate::{LicenseRow, StoreError, Subject, Tx, statements};

statements! {
    INSERT = "INSERT INTO licenses (license_id, tenant_id, app_id, key_hash, key_sealed, label, tier, features, \
              max_devices, not_before, expires_at, version, seq, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13)";
    INSERT_STATEMENT = "INSERT INTO license_statements (license_id, version, signer, envelope) \
                        VALUES ($1, $2, $3, $4)";
    SET_VERSION = "UPDATE licenses SET version = $2 WHERE license_id = $1";
    // docs/design.md, "Seats": the update comes first and makes racers wait for each other; what follows is counted
    // after it, so it counts what they did.
    LOCK = "UPDATE licenses SET seq = seq + 1 WHERE tenant_id = $1 AND license_id = $2 \
            RETURNING license_id, tenant_id, app_id, key_hash, key_sealed, label, tier, features, max_devices, \
            not_before, expires_at, revoked_at, revoke_reason, version, created_at, 0 AS devices_used";
    COUNT_DEVICES = "SELECT COUNT(*) AS used, \
                     CAST(COALESCE(SUM(CASE WHEN kind = $2 AND identity = $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS bound \
                     FROM devices WHERE license_id = $1";
    INSERT_DEVICE = "INSERT INTO devices (license_id, kind, identity, tenant_id, first_seen) \
                     VALUES ($1, $2, $3, $4, $5)";
    REVOKE = "UPDATE licenses SET revoked_at = $2, revoke_reason = $3 WHERE license_id = $1";
}

/// A signed statement, and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedLicense {
    /// The issuer.
    pub signer: PublicKey,
    /// The envelope.
    pub envelope: Vec<u8>,
}

/// Adds a license and its first signed statement.
pub async fn insert(
    tx: &mut Tx<'_>,
    license: &LicenseRow,
    statement: &SignedLicense,
) -> Result<(), StoreError> {
    sqlx::query(INSERT)
        .bind(license.id.to_string())
        .bind(license.tenant.to_string())
        .bind(license.app.to_string())
        .bind(license.key_hash.0.to_vec())
        .bind(license.key_sealed.clone())
        .bind(license.label.clone())
        .bind(license.tier.as_str())
        .bind(license.features.join("\n"))
        .bind(license.max_devices.seats().map(i64::from))
        .bind(signed(license.not_before.get()))
        .bind(license.expires_at.map(|t| signed(t.get())))
        .bind(signed(license.version))
        .bind(signed(license.created_at.get()))
        .execute(&mut *tx.connection)
        .await?;
    put_statement(tx, license.id, license.version, statement).await
}

/// Stores the next version of a locked license.
pub async fn put_version(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    version: u64,
    statement: &SignedLicense,
) -> Result<(), StoreError> {
    let query = sqlx::query(SET_VERSION).bind(locked.id.to_string()).bind(signed(version));
    query.execute(&mut *tx.connection).await?;
    put_statement(tx, locked.id, version, statement).await?;
    tx.changes(Subject::License(locked.key_hash));
    Ok(())
}

async fn put_statement(
    tx: &mut Tx<'_>,
    id: LicenseId,
    version: u64,
    statement: &SignedLicense,
) -> Result<(), StoreError> {
    let query = sqlx::query(INSERT_STATEMENT).bind(id.to_string()).bind(signed(version));
    let query = query.bind(statement.signer.to_string()).bind(statement.envelope.clone());
    query.execute(&mut *tx.connection).await?;
    Ok(())
}

/// Takes the license for this transaction: racers wait here. `devices_used` is not filled in.
pub async fn lock(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    id: LicenseId,
) -> Result<Option<LicenseRow>, StoreError> {
    let query = sqlx::query_as(LOCK).bind(tenant.to_string()).bind(id.to_string());
    Ok(query.fetch_optional(&mut *tx.connection).await?)
}

/// How many devices hold a seat of a locked license, and whether this one is among them.
pub async fn count_devices(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    kind: &str,
    identity: &str,
) -> Result<(u64, bool), StoreError> {
    let query = sqlx::query(COUNT_DEVICES).bind(locked.id.to_string()).bind(kind).bind(identity);
    let row = query.fetch_one(&mut *tx.connection).await?;
    Ok((count(&row, "used")?, row.try_get::<i64, _>("bound")? > 0))
}

/// Gives a seat of a locked license to a device.
pub async fn insert_device(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    kind: &str,
    identity: &str,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    sqlx::query(INSERT_DEVICE)
        .bind(locked.id.to_string())
        .bind(kind)
        .bind(identity)
        .bind(locked.tenant.to_string())
        .bind(signed(at.get()))
        .execute(&mut *tx.connection)
        .await?;
    tx.changes(Subject::License(locked.key_hash));
    Ok(())
}

/// Revokes a locked license.
pub async fn revoke(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    reason: Option<&str>,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    let query = sqlx::query(REVOKE)
        .bind(locked.id.to_string())
        .bind(signed(at.get()))
        .bind(reason.map(str::to_owned));
    query.execute(&mut *tx.connection).await?;
    tx.changes(Subject::License(locked.key_hash));
    Ok(())
}
