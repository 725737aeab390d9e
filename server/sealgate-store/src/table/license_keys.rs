//! What foreign and former keys have in common: each is a key of some license.

use sealgate_artifact::{AppId, LicenseId, TenantId};

use crate::StoreError;
use crate::columns::{digest, parsed};
use crate::key_hash::KeyHash;
use crate::sql::{FromRow, Row};

/// A key, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct LicenseKeyRow {
    pub key_hash: KeyHash,
    pub app: AppId,
    pub tenant: TenantId,
    pub license: LicenseId,
}

impl FromRow for LicenseKeyRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            key_hash: KeyHash(digest(row, "key_hash")?),
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            license: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
        })
    }
}
