//! Licenses.

use sealgate_artifact::{LicenseId, PublicKey, StatementId, TenantId};

use crate::columns::{moment, signed};
use crate::read::licenses::searchable;
use crate::sql::{Query, query, query_as};
use crate::{LicenseRow, StoreError, Subject, Tx, statements};

macro_rules! license {
    () => {
        "license_id, tenant_id, app_id, plan_id, key_hash, key_sealed, label, customer, tier, features, limits, \
         variables, max_devices, offline, releases_per_seat, not_before, expires_at, suspended_at, revoked_at, \
         revoke_reason, version, statement_id, created_at, 0 AS devices_used"
    };
}

statements! {
    INSERT = "INSERT INTO licenses (license_id, label, customer, label_search, customer_search, tier, features, limits, \
              variables, max_devices, offline, releases_per_seat, expires_at, suspended_at, revoked_at, revoke_reason, \
              version, statement_id, tenant_id, app_id, plan_id, key_hash, key_sealed, not_before, seq, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
              $22, $23, $24, 0, $25)";
    STORE = "UPDATE licenses SET label = $2, customer = $3, label_search = $4, customer_search = $5, tier = $6, \
             features = $7, limits = $8, variables = $9, max_devices = $10, offline = $11, releases_per_seat = $12, \
             expires_at = $13, suspended_at = $14, revoked_at = $15, revoke_reason = $16, version = $17, \
             statement_id = $18 \
             WHERE license_id = $1";
    INSERT_STATEMENT = "INSERT INTO license_statements (license_id, version, signer, envelope) \
                        VALUES ($1, $2, $3, $4)";
    // docs/design.md, "Seats": the update comes first and makes racers wait for each other; what follows is counted
    // after it, so it counts what they did.
    LOCK = concat!(
        "UPDATE licenses SET seq = seq + 1 WHERE tenant_id = $1 AND license_id = $2 RETURNING ",
        license!()
    );
    // SQLite's transaction has locked the whole file from its beginning. An update would only write a page.
    LOCKED = concat!("SELECT ", license!(), " FROM licenses WHERE tenant_id = $1 AND license_id = $2");
}

/// A signed statement, and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedLicense {
    /// The issuer.
    pub signer: PublicKey,
    /// The statement's name.
    pub id: StatementId,
    /// The envelope.
    pub envelope: Vec<u8>,
}

/// Adds a license and its first signed statement.
pub async fn insert(
    tx: &mut Tx<'_>,
    license: &LicenseRow,
    statement: &SignedLicense,
) -> Result<(), StoreError> {
    with_state(INSERT, license, statement.id)
        .bind(license.tenant.to_string())
        .bind(license.app.to_string())
        .bind(license.plan.map(|id| id.to_string()))
        .bind(license.key_hash.0.to_vec())
        .bind(license.key_sealed.clone())
        .bind(signed(license.not_before.get()))
        .bind(signed(license.created_at.get()))
        .execute(&mut *tx.connection)
        .await?;
    put_statement(tx, license, statement).await
}

/// Stores the new state of a locked license.
pub async fn store(tx: &mut Tx<'_>, locked: &LicenseRow) -> Result<(), StoreError> {
    store_as(tx, locked, locked.statement).await
}

async fn store_as(tx: &mut Tx<'_>, locked: &LicenseRow, statement: StatementId) -> Result<(), StoreError> {
    with_state(STORE, locked, statement).execute(&mut *tx.connection).await?;
    tx.changes(Subject::License(locked.app, locked.key_hash));
    Ok(())
}

/// Stores the next version of a locked license.
pub async fn store_version(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    statement: &SignedLicense,
) -> Result<(), StoreError> {
    store_as(tx, locked, statement.id).await?;
    put_statement(tx, locked, statement).await
}

/// Takes the license for this transaction: racers wait here. `devices_used` is not filled in.
pub async fn lock(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    id: LicenseId,
) -> Result<Option<LicenseRow>, StoreError> {
    let statement = if tx.connection.locks_rows() { LOCK } else { LOCKED };
    let query = query_as(statement).bind(tenant.to_string()).bind(id.to_string());
    query.fetch_optional(&mut *tx.connection).await
}

async fn put_statement(
    tx: &mut Tx<'_>,
    license: &LicenseRow,
    statement: &SignedLicense,
) -> Result<(), StoreError> {
    let query = query(INSERT_STATEMENT).bind(license.id.to_string()).bind(signed(license.version));
    let query = query.bind(statement.signer.to_string()).bind(statement.envelope.clone());
    query.execute(&mut *tx.connection).await?;
    Ok(())
}

/// The first eighteen parameters of both statements.
fn with_state(sql: &'static str, license: &LicenseRow, statement: StatementId) -> Query {
    let terms = &license.terms;
    query(sql)
        .bind(license.id.to_string())
        .bind(license.label.clone())
        .bind(license.customer.clone())
        .bind(license.label.as_deref().map(searchable))
        .bind(license.customer.as_deref().map(searchable))
        .bind(terms.tier.as_str())
        .bind(&terms.features)
        .bind(&terms.limits)
        .bind(&license.variables)
        .bind(terms.max_devices.seats().map(i64::from))
        .bind(i64::from(terms.offline))
        .bind(i64::from(terms.releases_per_seat))
        .bind(moment(license.expires_at))
        .bind(moment(license.suspended_at))
        .bind(moment(license.revoked_at))
        .bind(license.revoke_reason.clone())
        .bind(signed(license.version))
        .bind(statement.as_bytes().to_vec())
}
