//! Licenses and the devices that hold their seats.

use sealgate_artifact::{AppId, Device, LicenseId, PublicKey, TenantId, UnixSeconds};

use crate::sql::{Row, query, query_as};
use crate::{
    Db, KeyHash, LicenseEntry, LicenseRow, StoreError,
    columns::{device, digest, parsed, signed},
    statements,
};

/// More devices than this are not kept in memory.
const DEVICES_KEPT: u32 = 64;

macro_rules! select_license {
    ($rest:literal) => {
        concat!(
            "SELECT l.license_id, l.tenant_id, app_id, plan_id, key_hash, key_sealed, label, customer, tier, ",
            "features, limits, variables, max_devices, offline, releases_per_seat, not_before, expires_at, ",
            "suspended_at, revoked_at, revoke_reason, l.version, statement_id, created_at, ",
            "(SELECT COUNT(*) FROM devices d WHERE d.license_id = l.license_id) AS devices_used FROM licenses l ",
            $rest
        )
    };
}

statements! {
    FIND = select_license!("WHERE l.tenant_id = $1 AND l.license_id = $2");
    OF_TENANT_BY_KEY = select_license!("WHERE l.tenant_id = $1 AND l.key_hash = $2");
    OF_APP_BY_KEY = select_license!("WHERE l.key_hash = $1 AND l.app_id = $2");
    LIST = select_license!("WHERE l.tenant_id = $1 AND l.license_id < $2 ORDER BY l.license_id DESC LIMIT $3");
    LIST_OF_APP = select_license!(
        "WHERE l.tenant_id = $1 AND l.app_id = $4 AND l.license_id < $2 ORDER BY l.license_id DESC LIMIT $3"
    );
    WITH_DEVICE = select_license!(
        "JOIN devices h ON h.license_id = l.license_id \
         WHERE h.tenant_id = $1 AND h.identity = $4 AND h.license_id < $2 ORDER BY h.license_id DESC LIMIT $3"
    );
    // A comparison of rows is where an index is entered. The same as two comparisons joined by OR would walk through all
    // that have the same text, which on a late page of a large buyer's licenses is nearly all of them.
    WITH_LABEL = select_license!(
        "WHERE l.tenant_id = $1 AND (l.label_search, l.license_id) > ($2, $4) AND l.label_search < $3 \
         ORDER BY l.label_search, l.license_id LIMIT $5"
    );
    WITH_CUSTOMER = select_license!(
        "WHERE l.tenant_id = $1 AND (l.customer_search, l.license_id) > ($2, $4) AND l.customer_search < $3 \
         ORDER BY l.customer_search, l.license_id LIMIT $5"
    );
    IN_FORCE_BY_SIGNER = select_license!(
        "JOIN license_statements s ON s.license_id = l.license_id AND s.version = l.version \
         WHERE s.signer = $1 AND l.revoked_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > $2) \
         ORDER BY s.license_id LIMIT $3"
    );
    KEY_OF = "SELECT app_id, key_hash FROM licenses WHERE license_id = $1";
    APP_OF = "SELECT app_id, key_hash FROM licenses WHERE key_hash = $1";
    STATEMENT = "SELECT envelope FROM license_statements WHERE license_id = $1 AND version = $2";
    DEVICES = "SELECT kind, identity FROM devices WHERE license_id = $1 LIMIT $2";
    HAS_DEVICE = "SELECT COUNT(*) FROM devices WHERE license_id = $1 AND kind = $2 AND identity = $3";
}

/// The tenant's license of that id.
pub async fn find(db: &Db, tenant: TenantId, id: LicenseId) -> Result<Option<LicenseRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(&db.pool).await
}

/// The tenant's license of that key.
pub async fn by_key(db: &Db, tenant: TenantId, key: KeyHash) -> Result<Option<LicenseRow>, StoreError> {
    let query = query_as(OF_TENANT_BY_KEY).bind(tenant.to_string()).bind(key.0.to_vec());
    query.fetch_optional(&db.pool).await
}

/// Which licenses of a list that is sorted by age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All.
    Any,
    /// Those of one app.
    App(AppId),
    /// Those on which a device of this name holds a seat.
    Device(String),
}

/// The tenant's licenses, newest first, from those older than `before` on.
pub async fn list(
    db: &Db,
    tenant: TenantId,
    filter: &Filter,
    before: Option<LicenseId>,
    limit: u32,
) -> Result<Vec<LicenseRow>, StoreError> {
    let (statement, value) = match filter {
        Filter::Any => (LIST, None),
        Filter::App(id) => (LIST_OF_APP, Some(id.to_string())),
        Filter::Device(name) => (WITH_DEVICE, Some(name.clone())),
    };
    let query = query_as(statement).bind(tenant.to_string()).bind(super::before(before));
    let query = query.bind(signed(limit.into()));
    let query = match value {
        Some(value) => query.bind(value),
        None => query,
    };
    query.fetch_all(&db.pool).await
}

/// The column that a search by text looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Searched {
    /// The vendor's note.
    Label,
    /// The buyer.
    Customer,
}

/// The tenant's licenses whose text begins so, whatever the case, in the order of the texts; from those after the text
/// and id of `after` on.
pub async fn search(
    db: &Db,
    tenant: TenantId,
    (searched, begin): (Searched, &str),
    after: Option<(&str, LicenseId)>,
    limit: u32,
) -> Result<Vec<LicenseRow>, StoreError> {
    let begin = searchable(begin);
    let end = end_of_range(&begin);
    let (from, id) = match after {
        Some((text, id)) => (searchable(text), id.to_string()),
        None => (begin, String::new()),
    };
    let query = query_as(if searched == Searched::Label { WITH_LABEL } else { WITH_CUSTOMER });
    let query = query.bind(tenant.to_string()).bind(from).bind(end).bind(id);
    query.bind(signed(limit.into())).fetch_all(&db.pool).await
}

/// A text as it is searched: in lower case, as bytes, which either engine compares alike.
pub(crate) fn searchable(text: &str) -> Vec<u8> {
    text.to_lowercase().into_bytes()
}

/// The first bytes after all that begin with these. No byte of UTF-8 is 0xff.
fn end_of_range(begin: &[u8]) -> Vec<u8> {
    [begin, &[0xff]].concat()
}

/// Licenses in force whose newest statement that key signed.
pub async fn in_force_by_signer(
    db: &Db,
    signer: PublicKey,
    now: UnixSeconds,
    limit: u32,
) -> Result<Vec<LicenseRow>, StoreError> {
    let query = query_as(IN_FORCE_BY_SIGNER).bind(signer.to_string()).bind(signed(now.get()));
    query.bind(signed(limit.into())).fetch_all(&db.pool).await
}

/// The signed envelope of one version.
pub async fn statement(db: &Db, id: LicenseId, version: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let query = query(STATEMENT).bind(id.to_string()).bind(signed(version));
    query.fetch_optional(&db.pool).await?.map(|r| r.get(0)).transpose()
}

/// What a validation needs to know, where the key is one of this app's. A key of another app costs as much as one that
/// nobody has: one walk down the index of keys and apps, and no row.
pub async fn entry(db: &Db, app: AppId, key: KeyHash) -> Result<Option<LicenseEntry>, StoreError> {
    let query = query_as(OF_APP_BY_KEY).bind(key.0.to_vec()).bind(app.to_string());
    match query.fetch_optional(&db.pool).await? {
        Some(license) => with_devices(db, license).await.map(Some),
        None => Ok(None),
    }
}

async fn with_devices(db: &Db, mut license: LicenseRow) -> Result<LicenseEntry, StoreError> {
    if license.devices_used == 0 {
        return Ok(LicenseEntry { license, devices: Some(Vec::new()) });
    }
    let devices = query(DEVICES).bind(license.id.to_string()).bind(signed(u64::from(DEVICES_KEPT) + 1));
    let devices = devices.fetch_all(&db.pool).await?;
    let devices = devices.iter().map(device).collect::<Result<Vec<Device>, _>>()?;
    let devices = (devices.len() <= DEVICES_KEPT as usize).then_some(devices);
    if let Some(devices) = &devices {
        // Somebody may have taken a seat since the row was read; number and names must not contradict each other.
        license.devices_used = devices.len() as u64;
    }
    Ok(LicenseEntry { license, devices })
}

/// The app of a license of any tenant, and what its key is known by.
pub async fn key_of(db: &Db, id: LicenseId) -> Result<Option<(AppId, KeyHash)>, StoreError> {
    place(query_as(KEY_OF).bind(id.to_string()).fetch_optional(&db.pool).await?)
}

/// The same for the license of that key.
pub async fn app_of(db: &Db, key: KeyHash) -> Result<Option<(AppId, KeyHash)>, StoreError> {
    place(query_as(APP_OF).bind(key.0.to_vec()).fetch_optional(&db.pool).await?)
}

fn place(row: Option<Row>) -> Result<Option<(AppId, KeyHash)>, StoreError> {
    let app = |row: &Row| parsed(row, "app_id", |t| AppId::parse(t).ok());
    row.map(|row| Ok((app(&row)?, KeyHash(digest(&row, "key_hash")?)))).transpose()
}

/// Whether a device holds a seat, for licenses with more devices than are kept in memory.
pub async fn has_device(db: &Db, id: LicenseId, device: &Device) -> Result<bool, StoreError> {
    let query = query(HAS_DEVICE).bind(id.to_string()).bind(device.kind()).bind(&*device.name());
    Ok(query.fetch_one(&db.pool).await?.get::<i64>(0)? > 0)
}
