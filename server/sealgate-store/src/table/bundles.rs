//! Bundles for machines without a network (`spec/offline.md` §3), and the machines that they name.

use sealgate_artifact::{AppId, BundleId, LicenseId, PublicKey, StatementId, TenantId, UnixSeconds};

use super::page::page;
use super::{SlotRow, Slotted, slots};
use crate::columns::{count, moment, optional, optional_count, optional_time, parsed, signed, time};
use crate::many::{MANY, for_all, with_rows};
use crate::sql::{FromRow, Query, Row, query, query_as};
use crate::statements::{AT_ONCE, at_once, statements};
use crate::{Read, StoreError, Tx};

/// Ended bundles that one transaction looks at: each may name 4,096 machines.
const ENDED: u32 = 1;

macro_rules! select_bundle {
    ($rest:literal) => {
        concat!(
            "SELECT b.bundle_id, b.tenant_id, b.app_id, b.license_id, serial, version, line, pool, machines, b.request, replaces, ",
            "statement_id, issued_at, ends_at, made_by, signer, slot, revoked_at, revoke_reason, is_personal FROM bundles b ",
            $rest
        )
    };
}

macro_rules! insert_devices {
    () => {
        "INSERT INTO bundle_devices (bundle_id, license_id, device_key, request) VALUES "
    };
}

statements! {
    FIND = select_bundle!("WHERE b.tenant_id = $1 AND b.bundle_id = $2");
    LIST = select_bundle!(
        "WHERE b.tenant_id = $1 AND b.license_id = $4 AND b.bundle_id < $2 ORDER BY b.bundle_id DESC LIMIT $3"
    );
    ANSWERING = select_bundle!(
        "JOIN bundle_devices d ON d.bundle_id = b.bundle_id WHERE d.license_id = $1 AND d.request = $2"
    );
    NAMING = select_bundle!(
        "JOIN bundle_devices d ON d.bundle_id = b.bundle_id WHERE d.license_id = $1 AND d.device_key = $2 \
         AND b.ends_at > $3 ORDER BY d.bundle_id DESC LIMIT 1"
    );
    BY_SIGNER = "SELECT bundle_id FROM bundles WHERE signer = $1 AND ends_at > $2 ORDER BY ends_at LIMIT $3";
    LIVE = "SELECT COUNT(*) AS live FROM (SELECT 1 FROM bundles WHERE license_id = $1 AND ends_at > $2 LIMIT 1000) AS counted";
    LAST_SERIAL = "SELECT COALESCE(MAX(serial), 0) AS serial FROM bundles WHERE license_id = $1";
    STATEMENT = "SELECT statement FROM bundles WHERE tenant_id = $1 AND bundle_id = $2";
    DEVICES = "SELECT device_key, request FROM bundle_devices WHERE bundle_id = $1 ORDER BY device_key";
    INSERT = "INSERT INTO bundles (bundle_id, tenant_id, app_id, license_id, serial, version, line, pool, machines, request, replaces, \
              statement_id, issued_at, ends_at, made_by, signer, slot, is_personal, statement) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    INSERT_DEVICE = with_rows!(insert_devices!(), (1, 1, 4), "", "");
    INSERT_DEVICES = with_rows!(insert_devices!(), (MANY, 1, 4), "", "");
    REVOKE = "UPDATE bundles SET revoked_at = $3, revoke_reason = $4 WHERE tenant_id = $1 AND bundle_id = $2 AND revoked_at IS NULL";
    // Newest first. What a proof has is no business of machines that hear nobody.
    LISTED = "SELECT slot FROM slots WHERE license_id = $1 AND activation_id IS NULL AND listed_at IS NOT NULL \
              AND COALESCE(expires_at, $2 + 1) > $2 ORDER BY listed_at DESC, slot DESC LIMIT $3";
    FORGET_PERSON = "UPDATE bundles SET statement = NULL WHERE license_id = $1 AND is_personal = 1 AND statement IS NOT NULL";
    ENDED_BEFORE = "SELECT bundle_id FROM bundles WHERE ends_at <= $1 AND is_kept = 1 ORDER BY ends_at LIMIT $2";
    FORGET_DEVICES = concat!(
        "DELETE FROM bundle_devices WHERE bundle_id = $1 AND device_key IN (SELECT device_key FROM bundle_devices \
         WHERE bundle_id = $1 AND request IS NULL LIMIT ",
        at_once!(),
        ")"
    );
    FORGET = "UPDATE bundles SET statement = NULL, is_kept = 0 WHERE bundle_id = $1";
}

/// A bundle that was signed, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct BundleRow {
    pub id: BundleId,
    pub tenant: TenantId,
    pub app: AppId,
    pub license: LicenseId,
    pub serial: u64,
    /// The version of the license whose terms it carries.
    pub version: u64,
    /// The first bundle of its line.
    pub line: BundleId,
    /// How many machines its vendor agreed upon; `None`: it names them.
    pub pool: Option<u64>,
    /// How many it names, or its vendor agreed upon.
    pub machines: u64,
    pub request: Option<StatementId>,
    pub replaces: Option<BundleId>,
    pub statement: StatementId,
    pub issued_at: UnixSeconds,
    pub ends_at: UnixSeconds,
    pub made_by: String,
    pub signer: PublicKey,
    pub slot: u64,
    pub revoked_at: Option<UnixSeconds>,
    pub revoke_reason: Option<String>,
    /// Whether it says something about the customer.
    pub is_personal: bool,
}

impl FromRow for BundleRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let bundle = |text: &str| BundleId::parse(text).ok();
        Ok(Self {
            id: parsed(row, "bundle_id", bundle)?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            license: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            serial: count(row, "serial")?,
            version: count(row, "version")?,
            line: parsed(row, "line", bundle)?,
            pool: optional_count(row, "pool")?,
            machines: count(row, "machines")?,
            request: optional(row, "request", StatementId::parse)?,
            replaces: optional(row, "replaces", bundle)?,
            statement: parsed(row, "statement_id", StatementId::parse)?,
            issued_at: time(row, "issued_at")?,
            ends_at: time(row, "ends_at")?,
            made_by: row.get("made_by")?,
            signer: parsed(row, "signer", |t| PublicKey::parse(t).ok())?,
            slot: count(row, "slot")?,
            revoked_at: optional_time(row, "revoked_at")?,
            revoke_reason: row.get("revoke_reason")?,
            is_personal: crate::columns::flag(row, "is_personal")?,
        })
    }
}

/// A machine that a bundle names, and the request by which it asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct BundleDevice {
    pub key: PublicKey,
    pub request: Option<StatementId>,
}

impl FromRow for BundleDevice {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            key: parsed(row, "device_key", |t| PublicKey::parse(t).ok())?,
            request: optional(row, "request", StatementId::parse)?,
        })
    }
}

/// The tenant's bundle of that id.
pub async fn find(on: impl Read, tenant: TenantId, id: BundleId) -> Result<Option<BundleRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(on).await
}

/// The bundles of the tenant's license, newest first, starting with those older than `before`.
pub async fn list(
    on: impl Read,
    (tenant, license): (TenantId, LicenseId),
    before: Option<BundleId>,
    limit: u32,
) -> Result<Vec<BundleRow>, StoreError> {
    page((LIST, Some(license.to_string())), tenant, before, limit).fetch_all(on).await
}

/// The bundle of the license that answers this request, whether or not it ended.
pub async fn answering(
    on: impl Read,
    license: LicenseId,
    request: StatementId,
) -> Result<Option<BundleRow>, StoreError> {
    query_as(ANSWERING).bind(license.to_string()).bind(request.to_string()).fetch_optional(on).await
}

/// The newest live bundle of the license that names this machine.
pub async fn naming(
    on: impl Read,
    license: LicenseId,
    (key, now): (PublicKey, UnixSeconds),
) -> Result<Option<BundleRow>, StoreError> {
    let query = query_as(NAMING).bind(license.to_string()).bind(key.to_string());
    query.bind(signed(now.get())).fetch_optional(on).await
}

/// Live bundles that this key signed, those that end first.
pub async fn live_by_signer(
    on: impl Read,
    signer: PublicKey,
    (now, most): (UnixSeconds, u32),
) -> Result<Vec<BundleId>, StoreError> {
    let query = query(BY_SIGNER).bind(signer.to_string()).bind(signed(now.get())).bind(signed(most.into()));
    let rows = query.fetch_all(on).await?;
    rows.iter().map(|row| parsed(row, "bundle_id", |t| BundleId::parse(t).ok())).collect()
}

/// How many live bundles the license has; 1,000 stand for more.
pub async fn live(on: impl Read, license: LicenseId, now: UnixSeconds) -> Result<u64, StoreError> {
    let query = query(LIVE).bind(license.to_string()).bind(signed(now.get()));
    count(&query.fetch_one(on).await?, "live")
}

/// The serial of the license's last bundle; 0 before the first.
pub async fn last_serial(on: impl Read, license: LicenseId) -> Result<u64, StoreError> {
    count(&query(LAST_SERIAL).bind(license.to_string()).fetch_one(on).await?, "serial")
}

/// The carrier of a bundle, as long as it is kept.
pub async fn statement(on: impl Read, tenant: TenantId, id: BundleId) -> Result<Option<Vec<u8>>, StoreError> {
    let row = query(STATEMENT).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(on).await?;
    Ok(row.map(|row| row.get::<Option<Vec<u8>>>("statement")).transpose()?.flatten())
}

/// The machines that a bundle names; after its end, those that asked.
pub async fn devices(on: impl Read, id: BundleId) -> Result<Vec<BundleDevice>, StoreError> {
    query_as(DEVICES).bind(id.to_string()).fetch_all(on).await
}

/// Adds a bundle with the machines that it names, and its slot; [`StoreError::SlotTaken`] if that was given out meanwhile,
/// [`StoreError::Duplicate`] if its serial was, or if one of the requests was answered.
pub async fn insert(
    tx: &mut Tx<'_>,
    (bundle, statement): (&BundleRow, &[u8]),
    devices: &[BundleDevice],
) -> Result<(), StoreError> {
    let id = |id: BundleId| id.to_string();
    query(INSERT)
        .bind(id(bundle.id))
        .bind(bundle.tenant.to_string())
        .bind(bundle.app.to_string())
        .bind(bundle.license.to_string())
        .bind(signed(bundle.serial))
        .bind(signed(bundle.version))
        .bind(id(bundle.line))
        .bind(bundle.pool.map(signed))
        .bind(signed(bundle.machines))
        .bind(bundle.request.map(|request| request.to_string()))
        .bind(bundle.replaces.map(id))
        .bind(bundle.statement.to_string())
        .bind(signed(bundle.issued_at.get()))
        .bind(signed(bundle.ends_at.get()))
        .bind(&bundle.made_by)
        .bind(bundle.signer.to_string())
        .bind(signed(bundle.slot))
        .bind(i64::from(bundle.is_personal))
        .bind(statement.to_vec())
        .execute(&mut *tx)
        .await?;
    let with = |query: Query, device: &BundleDevice| {
        let query = query.bind(id(bundle.id)).bind(bundle.license.to_string()).bind(device.key.to_string());
        query.bind(device.request.map(|request| request.to_string()))
    };
    let texts = [INSERT_DEVICE, INSERT_DEVICES];
    for_all(tx, texts, devices, |query, some| some.iter().fold(query, with)).await?;
    let slot = SlotRow {
        tenant: bundle.tenant,
        app: bundle.app,
        slot: bundle.slot,
        license: bundle.license,
        what: Slotted::Bundle(bundle.id),
        expires_at: Some(bundle.ends_at),
    };
    slots::give_bundle(tx, &slot, bundle.id).await
}

/// Notes that a bundle is revoked; `false` if it was, or is not there.
pub async fn revoke(
    tx: &mut Tx<'_>,
    (tenant, id): (TenantId, BundleId),
    (at, reason): (UnixSeconds, Option<&str>),
) -> Result<bool, StoreError> {
    let query = query(REVOKE).bind(tenant.to_string()).bind(id.to_string());
    let query = query.bind(moment(Some(at))).bind(reason.map(str::to_owned));
    Ok(query.execute(tx).await? > 0)
}

/// Slots of the license's versions and bundles that are listed and have not ended: the newest ones, no more than `most`, in rising
/// order.
pub async fn listed(
    on: impl Read,
    license: LicenseId,
    (now, most): (UnixSeconds, usize),
) -> Result<Vec<u64>, StoreError> {
    let query = query(LISTED).bind(license.to_string()).bind(signed(now.get()));
    let rows = query.bind(signed(most as u64)).fetch_all(on).await?;
    let mut slots = rows.iter().map(|row| count(row, "slot")).collect::<Result<Vec<_>, _>>()?;
    slots.sort_unstable();
    Ok(slots)
}

/// Removes the bytes of those bundles of a locked license that say something about its customer.
pub async fn forget_person(tx: &mut Tx<'_>, license: LicenseId) -> Result<(), StoreError> {
    query(FORGET_PERSON).bind(license.to_string()).execute(tx).await?;
    Ok(())
}

/// Removes the bytes of a bundle that had ended by then, and the machines that it names and that did not ask. Says whether there
/// may be more.
pub async fn forget(tx: &mut Tx<'_>, ended: UnixSeconds) -> Result<bool, StoreError> {
    let asked = query(ENDED_BEFORE).bind(signed(ended.get())).bind(i64::from(ENDED));
    let Some(row) = asked.fetch_optional(&mut *tx).await? else { return Ok(false) };
    let id: String = row.get("bundle_id")?;
    if query(FORGET_DEVICES).bind(&id).execute(&mut *tx).await? < AT_ONCE {
        query(FORGET).bind(&id).execute(&mut *tx).await?;
    }
    Ok(true)
}
