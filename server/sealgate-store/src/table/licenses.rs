//! Licenses and their signed statements.

use sealgate_artifact::{
    AppId, Conditions, CustomerId, LicenseId, PlanId, PublicKey, StatementId, TenantId, UnixSeconds,
};

use super::page::{before, page};
use super::{SlotRow, Slotted, Terms, slots};
use crate::columns::{count, digest, moment, optional, optional_time, parsed, signed, small, time};
use crate::key_hash::KeyHash;
use crate::many::{MANY, for_all, with_rows};
use crate::sql::{FromRow, Query, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Subject, Tx};

macro_rules! select_license {
    ($rest:literal) => {
        concat!(
            "SELECT l.license_id, l.tenant_id, app_id, plan_id, key_hash, key_sealed, label, customer_id, ",
            "licensee, tier, features, limits, variables, max_devices, files, conditions, trial_days, ",
            "trial_per, not_before, expires_at, end_day, suspended_at, suspend_reason, revoked_at, revoke_reason, l.version, ",
            "statement_id, created_at, external_id, devices_used, pools, bundles_end ",
            "FROM licenses l ",
            $rest
        )
    };
}

macro_rules! license {
    () => {
        "license_id, tenant_id, app_id, plan_id, key_hash, key_sealed, label, customer_id, licensee, tier, \
         features, limits, variables, max_devices, files, conditions, trial_days, trial_per, not_before, \
         expires_at, end_day, suspended_at, suspend_reason, revoked_at, revoke_reason, version, statement_id, created_at, external_id, \
         devices_used, pools, bundles_end"
    };
}

macro_rules! insert_license {
    () => {
        "INSERT INTO licenses (license_id, label, customer_id, label_search, licensee, tier, features, limits, \
         variables, max_devices, files, conditions, expires_at, suspended_at, revoked_at, revoke_reason, \
         version, statement_id, plan_id, key_hash, key_sealed, trial_days, trial_per, end_day, suspend_reason, tenant_id, app_id, \
         not_before, created_at, external_id, seq) VALUES "
    };
}

macro_rules! insert_statement {
    () => {
        "INSERT INTO license_statements (license_id, version, signer, envelope) VALUES "
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
    // Of each index no more than a page is read, and a license whose devices have both is there once.
    WITH_DEVICE = select_license!(
        "JOIN (SELECT i.license_id FROM (SELECT DISTINCT license_id FROM devices \
         WHERE tenant_id = $1 AND identity = $4 AND license_id < $2 ORDER BY license_id DESC LIMIT $3) i \
         UNION SELECT n.license_id FROM (SELECT DISTINCT license_id FROM devices \
         WHERE tenant_id = $1 AND name = $4 AND license_id < $2 ORDER BY license_id DESC LIMIT $3) n) h \
         ON h.license_id = l.license_id WHERE l.tenant_id = $1 ORDER BY h.license_id DESC LIMIT $3"
    );
    // A comparison of rows is where an index is entered. The same as two comparisons joined by OR would walk through all
    // that have the same text, which on a late page of a large buyer's licenses is nearly all of them.
    WITH_LABEL = select_license!(
        "WHERE l.tenant_id = $1 AND (l.label_search, l.license_id) > ($2, $4) AND l.label_search < $3 \
         ORDER BY l.label_search, l.license_id LIMIT $5"
    );
    BY_END = select_license!(
        "WHERE l.tenant_id = $1 AND (l.expires_at, l.license_id) > ($2, $4) AND l.expires_at <= $3 \
         ORDER BY l.expires_at, l.license_id LIMIT $5"
    );
    OF_CUSTOMER = select_license!(
        "WHERE l.tenant_id = $1 AND l.customer_id = $4 AND l.license_id < $2 ORDER BY l.license_id DESC LIMIT $3"
    );
    OF_CUSTOMER_AFTER = select_license!(
        "WHERE l.tenant_id = $1 AND l.customer_id = $2 AND l.license_id > $3 ORDER BY l.license_id LIMIT $4"
    );
    IN_FORCE_BY_SIGNER = select_license!(
        "JOIN license_statements s ON s.license_id = l.license_id AND s.version = l.version \
         WHERE s.signer = $1 AND l.revoked_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > $2) \
         ORDER BY s.license_id LIMIT $3"
    );
    IN_FORCE_AFTER = select_license!(
        "WHERE l.tenant_id = $1 AND l.license_id > $2 AND l.revoked_at IS NULL \
         AND (l.expires_at IS NULL OR l.expires_at > $3) ORDER BY l.license_id LIMIT $4"
    );
    BEGIN_AFTER = select_license!(
        "WHERE l.license_id >= $1 AND l.not_before > $2 AND l.created_at - l.not_before >= $3 AND l.revoked_at IS NULL \
         ORDER BY l.license_id LIMIT $4"
    );
    BEGIN_AT = "UPDATE licenses SET not_before = $2 WHERE license_id = $1";
    KEY_OF = "SELECT app_id, key_hash FROM licenses WHERE license_id = $1";
    APP_OF = "SELECT app_id, key_hash FROM licenses WHERE key_hash = $1";
    BY_EXTERNAL_ID = "SELECT license_id FROM licenses WHERE tenant_id = $1 AND external_id = $2";
    BY_EXTERNAL_IDS = with_rows!(
        "SELECT external_id, license_id FROM licenses WHERE tenant_id = $1 AND external_id IN ",
        (1, 2, MANY),
        "",
        ""
    );
    AMONG = with_rows!("SELECT license_id FROM licenses WHERE tenant_id = $1 AND license_id IN ", (1, 2, MANY), "", "");
    STANDS = "SELECT version FROM licenses WHERE tenant_id = $1 AND license_id = $2 AND statement_id = $3 AND revoked_at IS NULL";
    FOLLOWING = "SELECT envelope FROM license_statements WHERE license_id = $1 AND version > $2 ORDER BY version LIMIT 1";
    STATEMENT = "SELECT envelope FROM license_statements WHERE license_id = $1 AND version = $2";
    INSERT = with_rows!(insert_license!(), (1, 1, 30), ", 0", "");
    INSERT_MANY = with_rows!(insert_license!(), (MANY, 1, 30), ", 0", "");
    STORE = "UPDATE licenses SET label = $2, customer_id = $3, label_search = $4, licensee = $5, tier = $6, \
             features = $7, limits = $8, variables = $9, max_devices = $10, files = $11, conditions = $12, \
             expires_at = $13, suspended_at = $14, revoked_at = $15, revoke_reason = $16, version = $17, \
             statement_id = $18, plan_id = $19, key_hash = $20, key_sealed = $21, trial_days = $22, trial_per = $23, \
             end_day = $24, suspend_reason = $25 \
             WHERE license_id = $1";
    INSERT_STATEMENT = with_rows!(insert_statement!(), (1, 1, 4), "", "");
    INSERT_STATEMENTS = with_rows!(insert_statement!(), (MANY, 1, 4), "", "");
    // docs/design.md, "Seats": the update comes first and makes racers wait for each other; what follows is counted
    // after it, so it counts what they did.
    LOCK = concat!(
        "UPDATE licenses SET seq = CASE WHEN seq < 4611686018427387904 THEN seq + 1 ELSE 0 END ",
        "WHERE tenant_id = $1 AND license_id = $2 RETURNING ",
        license!()
    );
    // SQLite's transaction has locked the whole file from its beginning. An update would only write a page.
    LOCKED = concat!("SELECT ", license!(), " FROM licenses WHERE tenant_id = $1 AND license_id = $2");
}

/// A license.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct LicenseRow {
    pub id: LicenseId,
    pub tenant: TenantId,
    pub app: AppId,
    /// The plan that it was issued from.
    pub plan: Option<PlanId>,
    pub key_hash: KeyHash,
    /// The license key, sealed: it can be shown to the vendor again.
    pub key_sealed: Vec<u8>,
    /// The vendor's note.
    pub label: Option<String>,
    /// Who bought it.
    pub customer: Option<CustomerId>,
    /// What the license says about its buyer, as JSON.
    pub licensee: String,
    pub terms: Terms,
    /// What running software is given, as JSON.
    pub variables: String,
    pub not_before: UnixSeconds,
    pub expires_at: Option<UnixSeconds>,
    /// The day of the month on which it ends if it is renewed by months.
    pub end_day: Option<u32>,
    pub suspended_at: Option<UnixSeconds>,
    pub suspend_reason: Option<String>,
    pub revoked_at: Option<UnixSeconds>,
    pub revoke_reason: Option<String>,
    /// The newest signed version.
    pub version: u64,
    /// The id of that version's statement.
    pub statement: StatementId,
    pub created_at: UnixSeconds,
    /// The vendor's own name for it, unique in the tenant. It is given when the license is issued and stays.
    pub external_id: Option<String>,
    /// How many devices hold a seat. Kept where seats are taken and released ([`devices`](super::devices)); storing a
    /// license does not change it.
    pub devices_used: u64,
    /// How many seats pools of live bundles take besides, and when that and the former are to be counted anew: kept by
    /// [`bundle_seats`](super::bundle_seats).
    pub pools: u64,
    pub bundles_end: Option<UnixSeconds>,
}

impl LicenseRow {
    /// Seats that are taken: by devices, and by pools.
    pub fn seats_taken(&self) -> u64 {
        self.devices_used.saturating_add(self.pools)
    }

    /// Whether a bundle has ended, so that what it held is still counted.
    pub fn has_ended_bundles(&self, now: UnixSeconds) -> bool {
        self.bundles_end.is_some_and(|end| end <= now)
    }
}

impl FromRow for LicenseRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            plan: optional(row, "plan_id", |t| PlanId::parse(t).ok())?,
            key_hash: KeyHash(digest(row, "key_hash")?),
            key_sealed: row.get("key_sealed")?,
            label: row.get("label")?,
            customer: optional(row, "customer_id", |t| CustomerId::parse(t).ok())?,
            licensee: row.get("licensee")?,
            terms: Terms::from_row(row)?,
            variables: row.get("variables")?,
            not_before: time(row, "not_before")?,
            expires_at: optional_time(row, "expires_at")?,
            end_day: row.get::<Option<i64>>("end_day")?.map(|_| small(row, "end_day")).transpose()?,
            suspended_at: optional_time(row, "suspended_at")?,
            suspend_reason: row.get("suspend_reason")?,
            revoked_at: optional_time(row, "revoked_at")?,
            revoke_reason: row.get("revoke_reason")?,
            version: count(row, "version")?,
            statement: StatementId::from_bytes(digest(row, "statement_id")?),
            created_at: time(row, "created_at")?,
            external_id: row.get("external_id")?,
            devices_used: count(row, "devices_used")?,
            pools: count(row, "pools")?,
            bundles_end: optional_time(row, "bundles_end")?,
        })
    }
}

/// A signed license, and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct SignedLicense {
    pub signer: PublicKey,
    pub id: StatementId,
    pub envelope: Vec<u8>,
    /// Where revocation data speaks of it; its row is written with it. `None`: nowhere.
    pub slot: Option<u64>,
}

/// The tenant's license with this id.
pub async fn find(on: impl Read, tenant: TenantId, id: LicenseId) -> Result<Option<LicenseRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(on).await
}

/// The tenant's license with this key.
pub async fn by_key(on: impl Read, tenant: TenantId, key: KeyHash) -> Result<Option<LicenseRow>, StoreError> {
    let query = query_as(OF_TENANT_BY_KEY).bind(tenant.to_string()).bind(key.0.to_vec());
    query.fetch_optional(on).await
}

/// The tenant's license that the vendor calls so.
pub async fn by_external_id(
    on: impl Read,
    tenant: TenantId,
    external_id: &str,
) -> Result<Option<LicenseId>, StoreError> {
    let found = query(BY_EXTERNAL_ID).bind(tenant.to_string()).bind(external_id).fetch_optional(on).await?;
    found.map(|row| parsed(&row, "license_id", |t| LicenseId::parse(t).ok())).transpose()
}

/// Those of the names that licenses of the tenant have, with these licenses.
pub async fn by_external_ids(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    external_ids: &[&str],
) -> Result<Vec<(String, LicenseId)>, StoreError> {
    let read =
        |row: Row| Ok((row.get("external_id")?, parsed(&row, "license_id", |t| LicenseId::parse(t).ok())?));
    let mut found = Vec::new();
    for some in external_ids.chunks(MANY) {
        let values = some.iter().cycle().take(MANY);
        let asked = values.fold(query(BY_EXTERNAL_IDS).bind(tenant.to_string()), |query, id| query.bind(*id));
        let rows = asked.fetch_all(&mut *tx).await?;
        found.extend(rows.into_iter().map(read).collect::<Result<Vec<_>, StoreError>>()?);
    }
    Ok(found)
}

/// Those of the ids that licenses of the tenant have.
pub async fn among(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    ids: &[LicenseId],
) -> Result<Vec<LicenseId>, StoreError> {
    let mut found = Vec::new();
    for some in ids.chunks(MANY) {
        let values = some.iter().cycle().take(MANY);
        let asked =
            values.fold(query(AMONG).bind(tenant.to_string()), |query, id| query.bind(id.to_string()));
        for row in asked.fetch_all(&mut *tx).await? {
            found.push(parsed(&row, "license_id", |t| LicenseId::parse(t).ok())?);
        }
    }
    Ok(found)
}

/// Which licenses of a list that is sorted by age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All.
    Any,
    /// Those of one app.
    App(AppId),
    /// Those of one customer.
    Customer(CustomerId),
    /// Those of which a device with this identity, or that calls itself so, holds a seat.
    Device(String),
}

/// The tenant's licenses, newest first, starting with those older than `before`.
pub async fn list(
    on: impl Read,
    tenant: TenantId,
    filter: &Filter,
    before: Option<LicenseId>,
    limit: u32,
) -> Result<Vec<LicenseRow>, StoreError> {
    let listing = match filter {
        Filter::Any => (LIST, None),
        Filter::App(id) => (LIST_OF_APP, Some(id.to_string())),
        Filter::Customer(id) => (OF_CUSTOMER, Some(id.to_string())),
        Filter::Device(name) => (WITH_DEVICE, Some(name.clone())),
    };
    page(listing, tenant, before, limit).fetch_all(on).await
}

/// The tenant's licenses whose label begins with this text, ignoring case, in the order of their labels, starting after the
/// text and id in `after`.
pub async fn search(
    on: impl Read,
    tenant: TenantId,
    begin: &str,
    after: Option<(&str, LicenseId)>,
    limit: u32,
) -> Result<Vec<LicenseRow>, StoreError> {
    let begin = searchable(begin);
    let end = end_of_range(&begin);
    let (from, id) = match after {
        Some((text, id)) => (searchable(text), id.to_string()),
        None => (begin, String::new()),
    };
    let query = query_as(WITH_LABEL).bind(tenant.to_string()).bind(from).bind(end).bind(id);
    query.bind(signed(limit.into())).fetch_all(on).await
}

/// The tenant's licenses that end no later than `last`, the first end first, starting after the end and id in `after`.
pub async fn by_end(
    on: impl Read,
    tenant: TenantId,
    (at, id): (UnixSeconds, Option<LicenseId>),
    last: UnixSeconds,
    limit: u32,
) -> Result<Vec<LicenseRow>, StoreError> {
    // Without an id: after all that end at that moment.
    let query = query_as(BY_END).bind(tenant.to_string()).bind(signed(at.get())).bind(signed(last.get()));
    query.bind(before(id)).bind(signed(limit.into())).fetch_all(on).await
}

/// A text as it is searched: in lower case, as bytes, which either engine compares alike.
pub(crate) fn searchable(text: &str) -> Vec<u8> {
    text.to_lowercase().into_bytes()
}

/// Sorts after all that begins with these bytes. No byte of UTF-8 is 0xff.
pub(crate) fn end_of_range(begin: &[u8]) -> Vec<u8> {
    [begin, &[0xff]].concat()
}

/// Licenses in force whose newest version that key signed, of any tenant.
pub async fn in_force_by_signer(
    on: impl Read,
    signer: PublicKey,
    now: UnixSeconds,
    limit: u32,
) -> Result<Vec<LicenseRow>, StoreError> {
    let query = query_as(IN_FORCE_BY_SIGNER).bind(signer.to_string()).bind(signed(now.get()));
    query.bind(signed(limit.into())).fetch_all(on).await
}

/// The tenant's licenses in force after that id; from the first one without it.
pub async fn in_force_after(
    on: impl Read,
    tenant: TenantId,
    after: Option<LicenseId>,
    now: UnixSeconds,
    limit: u32,
) -> Result<Vec<LicenseRow>, StoreError> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let query = query_as(IN_FORCE_AFTER).bind(tenant.to_string()).bind(after);
    query.bind(signed(now.get())).bind(signed(limit.into())).fetch_all(on).await
}

/// The customer's licenses after that id, whatever became of them; from the first one without it.
pub async fn of_customer_after(
    on: impl Read,
    (tenant, customer): (TenantId, CustomerId),
    after: Option<LicenseId>,
    limit: u32,
) -> Result<Vec<LicenseRow>, StoreError> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let query = query_as(OF_CUSTOMER_AFTER).bind(tenant.to_string()).bind(customer.to_string());
    query.bind(after).bind(signed(limit.into())).fetch_all(on).await
}

/// Licenses of any tenant from that id on which begin later than now, so many seconds before they were made or earlier, and
/// were not revoked. One that was made anew by a clock that was still ahead begins earlier.
pub async fn begin_after(
    on: impl Read,
    first: LicenseId,
    (now, before_made): (UnixSeconds, u64),
    limit: u32,
) -> Result<Vec<LicenseRow>, StoreError> {
    let query = query_as(BEGIN_AFTER).bind(first.to_string()).bind(signed(now.get()));
    query.bind(signed(before_made)).bind(signed(limit.into())).fetch_all(on).await
}

/// Sets when a locked license begins. The caller stores it afterwards.
pub async fn begin_at(tx: &mut Tx<'_>, id: LicenseId, not_before: UnixSeconds) -> Result<(), StoreError> {
    query(BEGIN_AT).bind(id.to_string()).bind(signed(not_before.get())).execute(tx).await?;
    Ok(())
}

/// The signed envelope of one version of a license.
pub async fn statement(on: impl Read, id: LicenseId, version: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let query = query(STATEMENT).bind(id.to_string()).bind(signed(version));
    query.fetch_optional(on).await?.map(|r| r.get(0)).transpose()
}

/// Whether the license is not revoked, and this is the statement of its present version.
pub async fn stands(
    on: impl Read,
    (tenant, id): (TenantId, LicenseId),
    statement: StatementId,
) -> Result<bool, StoreError> {
    let query = query(STANDS).bind(tenant.to_string()).bind(id.to_string());
    Ok(query.bind(statement.as_bytes().to_vec()).fetch_optional(on).await?.is_some())
}

/// The signed envelope of the first version of a license after that one.
pub async fn following(on: impl Read, id: LicenseId, version: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let query = query(FOLLOWING).bind(id.to_string()).bind(signed(version));
    query.fetch_optional(on).await?.map(|r| r.get(0)).transpose()
}

/// The app's license with this key. A key of another app costs as much as one that nobody has: one walk down the index
/// of keys and apps, and no row.
pub(crate) async fn of_app_by_key(
    on: impl Read,
    app: AppId,
    key: KeyHash,
) -> Result<Option<LicenseRow>, StoreError> {
    let query = query_as(OF_APP_BY_KEY).bind(key.0.to_vec()).bind(app.to_string());
    query.fetch_optional(on).await
}

/// The app and the key's hash of a license of any tenant.
pub(crate) async fn key_of(on: impl Read, id: LicenseId) -> Result<Option<(AppId, KeyHash)>, StoreError> {
    place(query_as(KEY_OF).bind(id.to_string()).fetch_optional(on).await?)
}

/// The same for the license with this key.
pub(crate) async fn app_of(on: impl Read, key: KeyHash) -> Result<Option<(AppId, KeyHash)>, StoreError> {
    place(query_as(APP_OF).bind(key.0.to_vec()).fetch_optional(on).await?)
}

fn place(row: Option<Row>) -> Result<Option<(AppId, KeyHash)>, StoreError> {
    let app = |row: &Row| parsed(row, "app_id", |t| AppId::parse(t).ok());
    row.map(|row| Ok((app(&row)?, KeyHash(digest(&row, "key_hash")?)))).transpose()
}

/// Adds a license and its first signed version; [`StoreError::SlotTaken`] if its slot was given out meanwhile.
pub async fn insert(
    tx: &mut Tx<'_>,
    license: &LicenseRow,
    statement: &SignedLicense,
) -> Result<(), StoreError> {
    insert_all(tx, &[(license, statement)]).await
}

/// The same for many, with few statements.
pub async fn insert_all(
    tx: &mut Tx<'_>,
    licenses: &[(&LicenseRow, &SignedLicense)],
) -> Result<(), StoreError> {
    let bind = |query, some: &[(&LicenseRow, &SignedLicense)]| {
        some.iter().fold(query, |query, (license, signed)| with_license(query, license, signed))
    };
    for_all(tx, [INSERT, INSERT_MANY], licenses, bind).await?;
    insert_statements(tx, licenses).await
}

/// Adds signed versions of licenses, with their slots.
async fn insert_statements(
    tx: &mut Tx<'_>,
    versions: &[(&LicenseRow, &SignedLicense)],
) -> Result<(), StoreError> {
    let with = |query: Query, (license, statement): &(&LicenseRow, &SignedLicense)| {
        let query = query.bind(license.id.to_string()).bind(signed(license.version));
        query.bind(statement.signer.to_string()).bind(statement.envelope.clone())
    };
    let texts = [INSERT_STATEMENT, INSERT_STATEMENTS];
    for_all(tx, texts, versions, |query, some| some.iter().fold(query, with)).await?;
    let slots = versions.iter().filter_map(|(license, signed)| slot_of(license, signed));
    slots::give_versions(tx, slots.collect()).await
}

/// The slot of a signed version of this license, if it has one.
fn slot_of(license: &LicenseRow, signed: &SignedLicense) -> Option<SlotRow> {
    Some(SlotRow {
        tenant: license.tenant,
        app: license.app,
        slot: signed.slot?,
        license: license.id,
        what: Slotted::Version(license.version),
        expires_at: license.expires_at,
    })
}

/// Stores the new state of a locked license.
pub async fn store(tx: &mut Tx<'_>, locked: &LicenseRow) -> Result<(), StoreError> {
    store_as(tx, locked, (locked.statement, locked.terms.conditions.slot)).await
}

async fn store_as(tx: &mut Tx<'_>, locked: &LicenseRow, newest: Newest) -> Result<(), StoreError> {
    with_state(query(STORE), locked, newest).execute(&mut *tx).await?;
    tx.changes(Subject::License(locked.app, locked.key_hash));
    Ok(())
}

/// Stores the next version of a locked license; [`StoreError::SlotTaken`] if its slot was given out meanwhile.
pub async fn store_version(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    statement: &SignedLicense,
) -> Result<(), StoreError> {
    store_as(tx, locked, (statement.id, statement.slot)).await?;
    insert_statements(tx, &[(locked, statement)]).await
}

/// Locks the license until this transaction ends; others who want to lock it wait.
pub async fn lock(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    id: LicenseId,
) -> Result<Option<LicenseRow>, StoreError> {
    let statement = if tx.connection.locks_rows() { LOCK } else { LOCKED };
    let query = query_as(statement).bind(tenant.to_string()).bind(id.to_string());
    query.fetch_optional(&mut *tx).await
}

/// The newest version of a license: its statement, and its slot.
type Newest = (StatementId, Option<u64>);

/// All values of a new license.
fn with_license(query: Query, license: &LicenseRow, statement: &SignedLicense) -> Query {
    with_state(query, license, (statement.id, statement.slot))
        .bind(license.tenant.to_string())
        .bind(license.app.to_string())
        .bind(signed(license.not_before.get()))
        .bind(signed(license.created_at.get()))
        .bind(license.external_id.clone())
}

/// The first twenty-five values of both statements.
fn with_state(query: Query, license: &LicenseRow, (statement, slot): Newest) -> Query {
    let terms = &license.terms;
    let conditions = Conditions { slot, ..terms.conditions.clone() };
    query
        .bind(license.id.to_string())
        .bind(license.label.clone())
        .bind(license.customer.map(|id| id.to_string()))
        .bind(license.label.as_deref().map(searchable))
        .bind(&license.licensee)
        .bind(terms.tier.as_str())
        .bind(&terms.features)
        .bind(&terms.limits)
        .bind(&license.variables)
        .bind(terms.max_devices.seats().map(i64::from))
        .bind(i64::from(terms.files))
        .bind(conditions.to_text())
        .bind(moment(license.expires_at))
        .bind(moment(license.suspended_at))
        .bind(moment(license.revoked_at))
        .bind(license.revoke_reason.clone())
        .bind(signed(license.version))
        .bind(statement.as_bytes().to_vec())
        .bind(license.plan.map(|id| id.to_string()))
        .bind(license.key_hash.0.to_vec())
        .bind(license.key_sealed.clone())
        .bind(terms.trial.map(|trial| i64::from(trial.days)))
        .bind(terms.trial.map(|trial| trial.per.as_str().to_owned()))
        .bind(license.end_day.map(i64::from))
        .bind(license.suspend_reason.clone())
}
