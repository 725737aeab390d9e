//! Apps.

use sealgate_artifact::{AppId, PublicKey, Slug, TenantId, UnixSeconds};

use super::page::page;
use crate::columns::{digest, flag, moment, optional, optional_digest, optional_time, parsed, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Subject, Tx};

macro_rules! select_app {
    ($rest:literal) => {
        concat!(
            "SELECT app_id, tenant_id, name, slug, secret_hash, former_secret_hash, former_secret_until, public_key, ",
            "next_public_key, variables, credits, require_secret, lifetime_files, ",
            "list_reported_addresses, show_labels, disabled_at, created_at FROM apps ",
            $rest
        )
    };
}

statements! {
    FIND = select_app!("WHERE tenant_id = $1 AND app_id = $2");
    OF_ANY_TENANT = select_app!("WHERE app_id = $1");
    BY_SLUG = select_app!("WHERE tenant_id = $1 AND slug = $2");
    NAMED = "SELECT COUNT(*) FROM apps WHERE tenant_id = $1 AND name = $2";
    LIST = select_app!("WHERE tenant_id = $1 AND app_id < $2 ORDER BY app_id DESC LIMIT $3");
    INSERT = "INSERT INTO apps (app_id, tenant_id, name, secret_hash, public_key, next_public_key, variables, \
              require_secret, lifetime_files, created_at, slug) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    STORE = "UPDATE apps SET name = $2, secret_hash = $3, former_secret_hash = $4, former_secret_until = $5, \
             public_key = $6, next_public_key = $7, variables = $8, credits = $9, disabled_at = $10, \
             require_secret = $11, lifetime_files = $12, list_reported_addresses = $13, slug = $14, show_labels = $15 \
             WHERE app_id = $1";
    SPEND = "UPDATE apps SET credits = credits - 1 WHERE app_id = $1 AND credits > 0";
}

/// Beyond, a number of credits is none that was granted.
const MOST_CREDITS: i64 = 1 << 53;

/// A product of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct AppRow {
    pub id: AppId,
    pub tenant: TenantId,
    /// Unique for the tenant.
    pub name: String,
    /// What people write in the place of its id, unique for the tenant.
    pub slug: Option<Slug>,
    /// HMAC of the app's secret.
    pub secret_hash: [u8; 32],
    /// HMAC of the previous secret, and until when that is accepted.
    pub former_secret: Option<([u8; 32], UnixSeconds)>,
    /// The key that signs the app's answers now.
    pub public_key: PublicKey,
    /// The key that signs them after the next rotation.
    pub next_public_key: PublicKey,
    /// What running software is given, as JSON.
    pub variables: String,
    /// Validations left; `None` while they are not counted.
    pub credits: Option<u64>,
    /// Whether every request must prove the app's secret.
    pub require_secret: bool,
    /// Whether the app hands out license files that never end and cannot be revoked.
    pub lifetime_files: bool,
    /// Whether a client that reports itself in a session lists its address.
    pub list_reported_addresses: bool,
    /// Whether AuthForge's clients are told the label of their license.
    pub show_labels: bool,
    pub disabled_at: Option<UnixSeconds>,
    pub created_at: UnixSeconds,
}

impl FromRow for AppRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let former = optional_digest(row, "former_secret_hash")?;
        Ok(Self {
            id: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            name: row.get("name")?,
            slug: optional(row, "slug", Slug::parse)?,
            secret_hash: digest(row, "secret_hash")?,
            former_secret: former.zip(optional_time(row, "former_secret_until")?),
            public_key: parsed(row, "public_key", |t| PublicKey::parse(t).ok())?,
            next_public_key: parsed(row, "next_public_key", |t| PublicKey::parse(t).ok())?,
            variables: row.get("variables")?,
            // A runtime may write this column: a number that none of ours wrote must not hide the app.
            credits: row.get::<Option<i64>>("credits")?.map(|n| n.clamp(0, MOST_CREDITS).unsigned_abs()),
            require_secret: flag(row, "require_secret")?,
            lifetime_files: flag(row, "lifetime_files")?,
            list_reported_addresses: flag(row, "list_reported_addresses")?,
            show_labels: flag(row, "show_labels")?,
            disabled_at: optional_time(row, "disabled_at")?,
            created_at: time(row, "created_at")?,
        })
    }
}

/// The tenant's app with this id.
pub async fn find(on: impl Read, tenant: TenantId, id: AppId) -> Result<Option<AppRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(on).await
}

/// The tenant's app with this slug.
pub async fn by_slug(on: impl Read, tenant: TenantId, slug: &Slug) -> Result<Option<AppRow>, StoreError> {
    query_as(BY_SLUG).bind(tenant.to_string()).bind(slug.as_str()).fetch_optional(on).await
}

/// The app of any tenant with this id. For requests that prove themselves by the app's secret or a license key instead
/// of a token.
pub(crate) async fn of_any_tenant(on: impl Read, id: AppId) -> Result<Option<AppRow>, StoreError> {
    query_as(OF_ANY_TENANT).bind(id.to_string()).fetch_optional(on).await
}

/// Whether the tenant has an app of this name.
pub async fn is_named(on: impl Read, tenant: TenantId, name: &str) -> Result<bool, StoreError> {
    let row = query(NAMED).bind(tenant.to_string()).bind(name).fetch_one(on).await?;
    Ok(row.get::<i64>(0)? > 0)
}

/// The tenant's apps, newest first, starting with those older than `before`.
pub async fn list(
    on: impl Read,
    tenant: TenantId,
    before: Option<AppId>,
    limit: u32,
) -> Result<Vec<AppRow>, StoreError> {
    page((LIST, None), tenant, before, limit).fetch_all(on).await
}

/// Adds an app with its first block of slots; [`StoreError::Duplicate`] if the tenant has one of that name or slug.
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
        .bind(app.slug.as_ref().map(Slug::to_string))
        .execute(&mut *tx)
        .await?;
    super::slot_blocks::open_first(tx, (app.tenant, app.id)).await
}

/// Stores an app's new state; [`StoreError::Duplicate`] if the tenant has another of that name or slug.
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
        .bind(i64::from(app.list_reported_addresses))
        .bind(app.slug.as_ref().map(Slug::to_string))
        .bind(i64::from(app.show_labels))
        .execute(&mut *tx)
        .await?;
    tx.changes(Subject::App(app.id));
    Ok(())
}

/// Takes one credit; `false` if none is left. The cached app is not told: it is only asked whether credits are counted,
/// and that does not change.
pub async fn spend_credit(tx: &mut Tx<'_>, app: AppId) -> Result<bool, StoreError> {
    Ok(query(SPEND).bind(app.to_string()).execute(tx).await? == 1)
}
