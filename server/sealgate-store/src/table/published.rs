//! Releases that vendors published (`spec/activation.md` §8), and the modules that they list.

use sealgate_artifact::{AppId, Module, PublicKey, ReleaseId, TenantId, UnixSeconds};

use super::approvals::digest_of;
use super::page::{filtered, page};
use crate::columns::{count, digest, optional_time, parsed, signed, time};
use crate::many::{MANY, for_all, with_rows};
use crate::sql::{FromRow, Query, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

macro_rules! select_release {
    ($rest:literal) => {
        concat!(
            "SELECT release_id, tenant_id, app_id, version, target, package_bytes, package_sha256, modules, signer, ",
            "statement, published_at, revoked_at, revoke_reason FROM published_releases ",
            $rest
        )
    };
}

/// What a list shows: a statement may have a megabyte.
macro_rules! list_releases {
    ($rest:literal) => {
        concat!(
            "SELECT release_id, app_id, version, target, package_bytes, package_sha256, modules, published_at, ",
            "revoked_at, revoke_reason FROM published_releases ",
            $rest
        )
    };
}

const INSERT_MODULES: &str = "INSERT INTO published_modules (app_id, module, release_id) VALUES ";
const ONCE: &str = " ON CONFLICT (app_id, module, release_id) DO NOTHING";

statements! {
    FIND = select_release!("WHERE tenant_id = $1 AND release_id = $2");
    OF_VERSION = select_release!("WHERE app_id = $1 AND version = $2 AND target = $3");
    BY_SIGNER = select_release!("WHERE signer = $1 AND revoked_at IS NULL ORDER BY release_id LIMIT $2");
    LIST = list_releases!("WHERE tenant_id = $1 AND release_id < $2 ORDER BY release_id DESC LIMIT $3");
    LIST_OF_APP = list_releases!(
        "WHERE tenant_id = $1 AND app_id = $4 AND release_id < $2 ORDER BY release_id DESC LIMIT $3"
    );
    INSERT = "INSERT INTO published_releases (release_id, tenant_id, app_id, version, target, package_bytes, \
              package_sha256, modules, signer, statement, published_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    LIST_MODULE = with_rows!(INSERT_MODULES, (1, 1, 3), "", ONCE);
    LIST_MODULES = with_rows!(INSERT_MODULES, (MANY, 1, 3), "", ONCE);
    // Whoever revoked it, or signed it anew, was faster.
    SIGN_ANEW = "UPDATE published_releases SET signer = $3, statement = $4 \
                 WHERE release_id = $1 AND signer = $2 AND revoked_at IS NULL";
    REVOKE = "UPDATE published_releases SET revoked_at = $3, revoke_reason = $4 \
              WHERE tenant_id = $1 AND release_id = $2 AND revoked_at IS NULL";
    FORGET_MODULES = "DELETE FROM published_modules WHERE release_id = $1";
}

/// A release that a vendor published.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct ReleaseRow {
    pub id: ReleaseId,
    pub tenant: TenantId,
    pub listed: ListedRelease,
    /// The update key that signed the statement last.
    pub signer: PublicKey,
    /// The statement's carrier.
    pub statement: Vec<u8>,
}

/// What a list of releases shows of one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct ListedRelease {
    pub id: ReleaseId,
    pub app: AppId,
    pub version: String,
    pub target: String,
    /// The package's length in bytes, and its SHA-256.
    pub length: u64,
    pub sha256: [u8; 32],
    /// How many modules it lists.
    pub modules: u64,
    pub published_at: UnixSeconds,
    pub revoked_at: Option<UnixSeconds>,
    pub revoke_reason: Option<String>,
}

impl FromRow for ListedRelease {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(row, "release_id", |t| ReleaseId::parse(t).ok())?,
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            version: row.get("version")?,
            target: row.get("target")?,
            length: count(row, "package_bytes")?,
            sha256: digest(row, "package_sha256")?,
            modules: count(row, "modules")?,
            published_at: time(row, "published_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
            revoke_reason: row.get("revoke_reason")?,
        })
    }
}

impl FromRow for ReleaseRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let listed = ListedRelease::from_row(row)?;
        Ok(Self {
            id: listed.id,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            signer: parsed(row, "signer", |t| PublicKey::parse(t).ok())?,
            statement: row.get("statement")?,
            listed,
        })
    }
}

/// The tenant's release with this id.
pub async fn find(on: impl Read, tenant: TenantId, id: ReleaseId) -> Result<Option<ReleaseRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(on).await
}

/// The app's release of this version for this target, revoked or not.
pub async fn of_version(
    on: impl Read,
    app: AppId,
    (version, target): (&str, &str),
) -> Result<Option<ReleaseRow>, StoreError> {
    query_as(OF_VERSION).bind(app.to_string()).bind(version).bind(target).fetch_optional(on).await
}

/// Releases that this key signed last and that were not revoked.
pub async fn by_signer(on: impl Read, signer: PublicKey, limit: u32) -> Result<Vec<ReleaseRow>, StoreError> {
    query_as(BY_SIGNER).bind(signer.to_string()).bind(signed(limit.into())).fetch_all(on).await
}

/// The tenant's releases, or those of one app, newest first, starting with those older than `before`.
pub async fn list(
    on: impl Read,
    tenant: TenantId,
    app: Option<AppId>,
    before: Option<ReleaseId>,
    limit: u32,
) -> Result<Vec<ListedRelease>, StoreError> {
    page(filtered(LIST, LIST_OF_APP, app), tenant, before, limit).fetch_all(on).await
}

/// Adds a release with its modules; [`StoreError::Duplicate`] if the app has one of that version for that target.
pub async fn insert(tx: &mut Tx<'_>, release: &ReleaseRow, modules: &[Module]) -> Result<(), StoreError> {
    let (listed, id) = (&release.listed, release.id.to_string());
    let app = listed.app.to_string();
    query(INSERT)
        .bind(&id)
        .bind(release.tenant.to_string())
        .bind(&app)
        .bind(&listed.version)
        .bind(&listed.target)
        .bind(signed(listed.length))
        .bind(listed.sha256.to_vec())
        .bind(signed(listed.modules))
        .bind(release.signer.to_string())
        .bind(release.statement.clone())
        .bind(signed(listed.published_at.get()))
        .execute(&mut *tx)
        .await?;
    let values = |query: Query, some: &[Module]| {
        some.iter().fold(query, |query, module| query.bind(&app).bind(digest_of(module)).bind(&id))
    };
    for_all(tx, [LIST_MODULE, LIST_MODULES], modules, values).await?;
    Ok(())
}

/// Stores the statement as another key signed it; `false` if the release was revoked or signed anew meanwhile.
pub async fn sign_anew(
    tx: &mut Tx<'_>,
    id: ReleaseId,
    (former, signer): (PublicKey, PublicKey),
    statement: &[u8],
) -> Result<bool, StoreError> {
    let query = query(SIGN_ANEW).bind(id.to_string()).bind(former.to_string()).bind(signer.to_string());
    Ok(query.bind(statement.to_vec()).execute(tx).await? > 0)
}

/// Revokes a release: its modules are not approved by it any more. `false` if it was revoked already.
pub async fn revoke(
    tx: &mut Tx<'_>,
    (tenant, id): (TenantId, ReleaseId),
    at: UnixSeconds,
    reason: Option<&str>,
) -> Result<bool, StoreError> {
    let revoke = query(REVOKE).bind(tenant.to_string()).bind(id.to_string()).bind(signed(at.get()));
    if revoke.bind(reason.map(str::to_owned)).execute(&mut *tx).await? == 0 {
        return Ok(false);
    }
    query(FORGET_MODULES).bind(id.to_string()).execute(tx).await?;
    Ok(true)
}
