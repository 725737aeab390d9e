//! Modules of one license: those that wait, and what the vendor decided (`spec/activation.md` §9).

use std::collections::HashSet;

use sealgate_artifact::{AppId, ApprovalId, LicenseId, Module, TenantId, UnixSeconds, encode_hex};
use sha2::{Digest, Sha256};

use super::page::{Part, filtered, readable};
use crate::columns::{digest, optional_time, parsed, signed, time};
use crate::many::{MANY, with_rows};
use crate::sql::{FromRow, Query, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

/// The numbers stand once, in the statements as in [`MOST_PENDING`] and [`MOST_PENDING_OF_APP`].
macro_rules! of_license {
    () => {
        1024
    };
}
macro_rules! of_app {
    () => {
        10000
    };
}

/// Modules of one license that may wait. Whoever has a license's key could else fill the disk.
pub const MOST_PENDING: u64 = of_license!();
/// Modules of one app that may wait.
pub const MOST_PENDING_OF_APP: u64 = of_app!();

macro_rules! select_approval {
    ($rest:literal) => {
        concat!(
            "SELECT approval_id, tenant_id, app_id, license_id, module, name, sha256, version, signer, source, ",
            "submitted_at, status, decided_at, reason FROM approvals ",
            $rest
        )
    };
}

/// Those of the modules that are listed by a release or approved for a license.
const ASKED: &str = "SELECT v.column1 FROM (VALUES ";
const APPROVED_ONES: &str = ") v WHERE EXISTS (SELECT 1 FROM published_modules p WHERE p.app_id = $1 AND p.module = v.column1) \
                             OR EXISTS (SELECT 1 FROM approvals a WHERE a.license_id = $2 AND a.module = v.column1 \
                             AND a.status = 'approved')";
const KNOWN_ONES: &str =
    ") v WHERE EXISTS (SELECT 1 FROM approvals a WHERE a.license_id = $1 AND a.module = v.column1)";

statements! {
    FIND = select_approval!("WHERE license_id = $1 AND approval_id = $2");
    LIST = select_approval!("WHERE tenant_id = $1 AND approval_id < $2 ORDER BY approval_id DESC LIMIT $3");
    LIST_OF_STATUS = select_approval!(
        "WHERE tenant_id = $1 AND status = $4 AND approval_id < $2 ORDER BY approval_id DESC LIMIT $3"
    );
    LIST_OF_LICENSE = select_approval!(
        "WHERE tenant_id = $1 AND license_id = $4 AND approval_id < $2 ORDER BY approval_id DESC LIMIT $3"
    );
    APPROVED = with_rows!(ASKED, (MANY, 3, 1), "", APPROVED_ONES);
    KNOWN = with_rows!(ASKED, (MANY, 2, 1), "", KNOWN_ONES);
    PENDING = concat!(
        "SELECT COUNT(*) FROM (SELECT 1 FROM approvals WHERE license_id = $1 AND status = 'pending' \
         ORDER BY approval_id LIMIT ", of_license!(), ") counted"
    );
    PENDING_OF_APP = concat!(
        "SELECT COUNT(*) FROM (SELECT 1 FROM approvals WHERE app_id = $1 AND status = 'pending' \
         ORDER BY approval_id LIMIT ", of_app!(), ") counted"
    );
    // Without a status: whoever adds a row cannot say that it is approved.
    SUBMIT = "INSERT INTO approvals (approval_id, tenant_id, app_id, license_id, module, name, sha256, version, signer, \
              source, submitted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
              ON CONFLICT (license_id, module) DO NOTHING";
    DECIDE = "UPDATE approvals SET status = $4, decided_at = $5, reason = $6 \
              WHERE license_id = $1 AND approval_id = $2 AND module = $3";
}

/// Where a module of a license stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalStatus {
    /// The vendor did not decide yet.
    Pending,
    /// It counts for this license.
    Approved,
    /// The vendor refused it.
    Rejected,
    /// It was approved, and is not any more.
    Revoked,
}

impl ApprovalStatus {
    /// Every status there is.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Approved, Self::Rejected, Self::Revoked];

    /// The status of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Revoked => "revoked",
        }
    }
}

/// A module of a license.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct ApprovalRow {
    pub id: ApprovalId,
    pub tenant: TenantId,
    pub app: AppId,
    pub license: LicenseId,
    pub module: Module,
    /// [`ApprovalRow::DEVICE`] or [`ApprovalRow::VENDOR`].
    pub source: String,
    pub submitted_at: UnixSeconds,
    pub status: ApprovalStatus,
    pub decided_at: Option<UnixSeconds>,
    pub reason: Option<String>,
}

impl ApprovalRow {
    /// A device had it, and was refused.
    pub const DEVICE: &'static str = "device";
    /// The vendor named it.
    pub const VENDOR: &'static str = "vendor";
    /// Everybody who names modules.
    pub const SOURCES: [&'static str; 2] = [Self::DEVICE, Self::VENDOR];
}

impl FromRow for ApprovalRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let module = Module {
            name: row.get("name")?,
            sha256: digest(row, "sha256")?,
            version: row.get("version")?,
            signer: row.get("signer")?,
        };
        // A license server's database user may add any row: what the vendor sees must be what is approved.
        let digest = digest_of(&module);
        parsed(row, "module", |text| (module.is_well_formed() && text == digest).then_some(()))?;
        Ok(Self {
            id: parsed(row, "approval_id", |t| ApprovalId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            license: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            module,
            source: row.get("source")?,
            submitted_at: time(row, "submitted_at")?,
            status: parsed(row, "status", ApprovalStatus::parse)?,
            decided_at: optional_time(row, "decided_at")?,
            reason: row.get("reason")?,
        })
    }
}

/// What stands for a module where all four parts must be equal.
pub(super) fn digest_of(module: &Module) -> String {
    encode_hex(&Sha256::digest(Module::text_of_list(std::slice::from_ref(module))))
}

/// The license's module with this id.
pub async fn find(
    on: impl Read,
    license: LicenseId,
    id: ApprovalId,
) -> Result<Option<ApprovalRow>, StoreError> {
    query_as(FIND).bind(license.to_string()).bind(id.to_string()).fetch_optional(on).await
}

/// Which modules are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All of the tenant's.
    All,
    /// Those that stand there.
    OfStatus(ApprovalStatus),
    /// Those of one license.
    OfLicense(LicenseId),
}

/// The tenant's modules, newest first, starting with those older than `before`.
pub async fn list(
    on: impl Read + Copy,
    tenant: TenantId,
    which: Which,
    before: Option<ApprovalId>,
    limit: u32,
) -> Result<Vec<ApprovalRow>, StoreError> {
    let listing = match which {
        Which::All => (LIST, None),
        Which::OfStatus(status) => filtered(LIST, LIST_OF_STATUS, Some(status.as_str())),
        Which::OfLicense(license) => filtered(LIST, LIST_OF_LICENSE, Some(license)),
    };
    let part = Part { tenant, before: before.map(|id| id.to_string()), limit };
    readable(listing, part, on, "approvals").await
}

/// Those of the modules that are not approved for the license (`spec/activation.md` §9.1, §9.2).
pub async fn unapproved(
    on: impl Read + Copy,
    (app, license): (AppId, LicenseId),
    modules: &[Module],
) -> Result<Vec<Module>, StoreError> {
    let first = [app.to_string(), license.to_string()];
    without(on, (APPROVED, &first), modules).await
}

/// Those of the modules that the license has no row of.
pub async fn unknown(
    on: impl Read + Copy,
    license: LicenseId,
    modules: &[Module],
) -> Result<Vec<Module>, StoreError> {
    without(on, (KNOWN, &[license.to_string()]), modules).await
}

/// The modules without those that the statement finds.
async fn without(
    on: impl Read + Copy,
    (statement, first): (&'static str, &[String]),
    modules: &[Module],
) -> Result<Vec<Module>, StoreError> {
    let mut left = vec![];
    for some in modules.chunks(MANY) {
        let digests: Vec<String> = some.iter().map(digest_of).collect();
        let query = first.iter().fold(query(statement), Query::bind);
        // The statement has a place for each: the last one is asked for again.
        let asked = digests.iter().chain(std::iter::repeat(&digests[digests.len() - 1])).take(MANY);
        let rows = asked.fold(query, Query::bind).fetch_all(on).await?;
        let found: HashSet<String> = rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
        let lacks = some.iter().zip(&digests).filter(|(_, digest)| !found.contains(*digest));
        left.extend(lacks.map(|(module, _)| module.clone()));
    }
    Ok(left)
}

/// How many more modules may wait, of this license and of its app.
pub async fn room(tx: &mut Tx<'_>, app: AppId, license: LicenseId) -> Result<u64, StoreError> {
    let counted = async |statement, of: String, tx: &mut Tx<'_>| {
        let row = query(statement).bind(of).fetch_one(tx).await?;
        Ok::<u64, StoreError>(row.get::<i64>(0)?.unsigned_abs())
    };
    let of_license = counted(PENDING, license.to_string(), &mut *tx).await?;
    let of_app = counted(PENDING_OF_APP, app.to_string(), tx).await?;
    Ok(MOST_PENDING.saturating_sub(of_license).min(MOST_PENDING_OF_APP.saturating_sub(of_app)))
}

/// Lets a module wait for the vendor, whatever the row's status is; `false` if the license has it already.
pub async fn submit(tx: &mut Tx<'_>, row: &ApprovalRow) -> Result<bool, StoreError> {
    let query = query(SUBMIT)
        .bind(row.id.to_string())
        .bind(row.tenant.to_string())
        .bind(row.app.to_string())
        .bind(row.license.to_string())
        .bind(digest_of(&row.module))
        .bind(&row.module.name)
        .bind(row.module.sha256.to_vec())
        .bind(row.module.version.clone())
        .bind(row.module.signer.clone())
        .bind(&row.source)
        .bind(signed(row.submitted_at.get()));
    Ok(query.execute(tx).await? > 0)
}

/// Stores what the vendor decided about a module as it was shown.
pub async fn decide(tx: &mut Tx<'_>, row: &ApprovalRow) -> Result<bool, StoreError> {
    let query = query(DECIDE)
        .bind(row.license.to_string())
        .bind(row.id.to_string())
        .bind(digest_of(&row.module))
        .bind(row.status.as_str())
        .bind(row.decided_at.map(|at| signed(at.get())))
        .bind(row.reason.clone());
    Ok(query.execute(tx).await? > 0)
}
