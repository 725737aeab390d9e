//! Devices that hold seats.

use sealgate_artifact::{DeviceId, LicenseId, TenantId};

use crate::columns::signed;
use crate::sql::query_as;
use crate::{Db, DeviceRow, StoreError, statements};

macro_rules! select_device {
    ($rest:literal) => {
        concat!("SELECT device_id, tenant_id, license_id, kind, identity, first_seen FROM devices ", $rest)
    };
}

statements! {
    FIND = select_device!("WHERE tenant_id = $1 AND device_id = $2");
    LIST = select_device!("WHERE tenant_id = $1 AND device_id < $2 ORDER BY device_id DESC LIMIT $3");
    LIST_OF_LICENSE = select_device!(
        "WHERE tenant_id = $1 AND license_id = $4 AND device_id < $2 ORDER BY device_id DESC LIMIT $3"
    );
}

/// The tenant's device of that id.
pub async fn find(db: &Db, tenant: TenantId, id: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(&db.pool).await
}

/// The tenant's devices, newest first, from those older than `before` on; of one license if given.
pub async fn list(
    db: &Db,
    tenant: TenantId,
    license: Option<LicenseId>,
    before: Option<DeviceId>,
    limit: u32,
) -> Result<Vec<DeviceRow>, StoreError> {
    let query = query_as(if license.is_some() { LIST_OF_LICENSE } else { LIST });
    let query = query.bind(tenant.to_string()).bind(super::before(before)).bind(signed(limit.into()));
    let query = match license {
        Some(license) => query.bind(license.to_string()),
        None => query,
    };
    query.fetch_all(&db.pool).await
}
