//! The newest snapshot of a tenant, for anybody (`spec/revocation.md` §7.2).

use std::net::IpAddr;

use sealgate_artifact::{AppId, Code, TenantId};
use sealgate_store::Db;
use sealgate_store::table::{SnapshotRow, snapshots};

use crate::{AuthorityError, Limiter};

/// Hands out containers as they were stored.
#[derive(Clone)]
pub struct SnapshotFiles {
    db: Db,
    limiter: Limiter,
}

/// A container in the database.
#[derive(Debug, Clone)]
pub struct SnapshotFile {
    tenant: TenantId,
    /// What is known of it.
    pub row: SnapshotRow,
}

impl SnapshotFiles {
    /// Those of this database.
    pub fn new(db: Db, limiter: Limiter) -> Self {
        Self { db, limiter }
    }

    /// The newest snapshot of that app's tenant. A question counts for its address like any other.
    pub async fn newest(&self, app: &str, address: Option<IpAddr>) -> Result<SnapshotFile, AuthorityError> {
        self.limiter.address(address)?;
        let unknown = || AuthorityError::Refused(Code::NotFound);
        let app = AppId::parse(app).map_err(|_| unknown())?;
        let tenant = self.db.cached_app(app).await?.ok_or_else(unknown)?.app.tenant;
        let row = snapshots::newest(&self.db, tenant).await?;
        Ok(SnapshotFile { tenant, row: row.ok_or(AuthorityError::Busy("no snapshot was signed yet"))? })
    }

    /// A part of it; `None` behind the last one, or where it is not kept any more.
    pub async fn part(&self, file: &SnapshotFile, part: u64) -> Result<Option<Vec<u8>>, AuthorityError> {
        Ok(snapshots::part(&self.db, file.tenant, (&file.row.container, part)).await?)
    }
}
