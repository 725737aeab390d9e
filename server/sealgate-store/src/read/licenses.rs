//! Licenses and the devices that hold their seats.

use sealgate_artifact::{AppId, LicenseId, PublicKey, TenantId, UnixSeconds};
use sqlx::Row;

use crate::{Db, KeyHash, LicenseEntry, LicenseRow, StoreError, row::signed, statements};

/// Sorts after every identifier, in the collation of either engine.
pub(super) const AFTER_ALL: &str = "g";
/// More devices than this are not kept in memory.
const DEVICES_KEPT: u32 = 64;

macro_rules! select_license {
    ($rest:literal) => {
        concat!(
            "SELECT l.license_id, tenant_id, app_id, key_hash, key_sealed, label, tier, features, max_devices, ",
            "not_before, expires_at, revoked_at, revoke_reason, l.version, created_at, ",
            "(SELECT COUNT(*) FROM devices d WHERE d.license_id = l.license_id) AS devices_used FROM licenses l ",
            $rest
        )
    };
}

statements! {
    FIND = select_license!("WHERE l.tenant_id = $1 AND l.license_id = $2");
    OF_TENANT_BY_KEY = select_license!("WHERE l.tenant_id = $1 AND l.key_hash = $2");
    OF_ANY_TENANT_BY_KEY = select_license!("WHERE l.key_hash = $1");
    LIST = select_license!("WHERE l.tenant_id = $1 AND l.license_id < $2 ORDER BY l.license_id DESC LIMIT $3");
    LIST_OF_APP = select_license!(
        "WHERE l.tenant_id = $1 AND l.app_id = $4 AND l.license_id < $2 ORDER BY l.license_id DESC LIMIT $3"
    );
    IN_FORCE_BY_SIGNER = select_license!(
        "JOIN license_statements s ON s.license_id = l.license_id AND s.version = l.version \
         WHERE s.signer = $1 AND l.revoked_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > $2) \
         ORDER BY l.license_id LIMIT $3"
    );
    STATEMENT = "SELECT envelope FROM license_statements WHERE license_id = $1 AND version = $2";
    DEVICES = "SELECT identity FROM devices WHERE license_id = $1 LIMIT $2";
    HAS_DEVICE = "SELECT COUNT(*) FROM devices WHERE license_id = $1 AND kind = $2 AND identity = $3";
}

/// The tenant's license of that id.
pub async fn find(db: &Db, tenant: TenantId, id: LicenseId) -> Result<Option<LicenseRow>, StoreError> {
    Ok(sqlx::query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(&db.pool).await?)
}

/// The tenant's license of that key.
pub async fn by_key(db: &Db, tenant: TenantId, key: KeyHash) -> Result<Option<LicenseRow>, StoreError> {
    let query = sqlx::query_as(OF_TENANT_BY_KEY).bind(tenant.to_string()).bind(key.0.to_vec());
    Ok(query.fetch_optional(&db.pool).await?)
}

/// The tenant's licenses, newest first, from those older than `before` on; of one app if given.
pub async fn list(
    db: &Db,
    tenant: TenantId,
    app: Option<AppId>,
    before: Option<LicenseId>,
    limit: u32,
) -> Result<Vec<LicenseRow>, StoreError> {
    let before = before.map_or_else(|| AFTER_ALL.to_owned(), |id| id.to_string());
    let query = sqlx::query_as(if app.is_some() { LIST_OF_APP } else { LIST });
    let query = query.bind(tenant.to_string()).bind(before).bind(signed(limit.into()));
    let query = match app {
        Some(app) => query.bind(app.to_string()),
        None => query,
    };
    Ok(query.fetch_all(&db.pool).await?)
}

/// Licenses in force whose newest statement that key signed.
pub async fn in_force_by_signer(
    db: &Db,
    signer: PublicKey,
    now: UnixSeconds,
    limit: u32,
) -> Result<Vec<LicenseRow>, StoreError> {
    let query = sqlx::query_as(IN_FORCE_BY_SIGNER).bind(signer.to_string()).bind(signed(now.get()));
    Ok(query.bind(signed(limit.into())).fetch_all(&db.pool).await?)
}

/// The signed envelope of one version.
pub async fn statement(db: &Db, id: LicenseId, version: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let query = sqlx::query(STATEMENT).bind(id.to_string()).bind(signed(version));
    Ok(query.fetch_optional(&db.pool).await?.map(|r| r.try_get(0)).transpose()?)
}

/// What a validation needs to know, of whichever tenant the key belongs to.
pub async fn entry(db: &Db, key: KeyHash) -> Result<Option<LicenseEntry>, StoreError> {
    let query = sqlx::query_as(OF_ANY_TENANT_BY_KEY).bind(key.0.to_vec());
    let Some(mut license): Option<LicenseRow> = query.fetch_optional(&db.pool).await? else {
        return Ok(None);
    };
    let devices = sqlx::query(DEVICES).bind(license.id.to_string()).bind(signed(u64::from(DEVICES_KEPT) + 1));
    let devices = devices.fetch_all(&db.pool).await?;
    let devices = devices.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
    let devices = (devices.len() <= DEVICES_KEPT as usize).then_some(devices);
    if let Some(devices) = &devices {
        // Somebody may have taken a seat since the row was read; number and names must not contradict each other.
        license.devices_used = devices.len() as u64;
    }
    Ok(Some(LicenseEntry { license, devices }))
}

/// Whether a device holds a seat, for licenses with more devices than are kept in memory.
pub async fn has_device(db: &Db, id: LicenseId, kind: &str, identity: &str) -> Result<bool, StoreError> {
    let query = sqlx::query(HAS_DEVICE).bind(id.to_string()).bind(kind).bind(identity);
    Ok(query.fetch_one(&db.pool).await?.try_get::<i64, _>(0)? > 0)
}
