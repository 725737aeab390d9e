//! What a validation needs to know, put together from several tables.

use sealgate_artifact::AppId;

use crate::table::{
    AccessRow, AppRow, KeyHash, LicenseRow, Seated, access, apps, devices, licenses, tenants,
};
use crate::{Read, StoreError};

/// More devices than this are not kept in memory.
const DEVICES_KEPT: u32 = 64;

/// An app with all that decides whether it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppEntry {
    /// The app.
    pub app: AppRow,
    /// Whether its tenant is suspended.
    pub tenant_suspended: bool,
    /// Its access lists: all that the vendor listed, and as many reports as there may be.
    pub access: Vec<AccessRow>,
    /// Whether there are more rows than that, which no server of ours writes.
    pub is_crowded: bool,
}

/// A license with the devices that hold its seats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenseEntry {
    /// The license.
    pub license: LicenseRow,
    /// Its devices, unless there are more than are worth keeping.
    pub devices: Option<Vec<Seated>>,
}

/// What an entry needs beside its texts, the cache's own part included.
const ENTRY_BYTES: usize = 512;
/// What a device or an access entry needs, its name included.
const PART_BYTES: usize = 256;

impl AppEntry {
    /// About how much memory it needs.
    pub(crate) fn bytes(&self) -> usize {
        let reason = |row: &AccessRow| row.reason.as_ref().map_or(0, String::len);
        let access: usize = self.access.iter().map(|row| PART_BYTES + reason(row)).sum();
        ENTRY_BYTES + self.app.variables.len() + access
    }

    /// The app of any tenant with this id.
    pub(crate) async fn read(on: impl Read + Copy, id: AppId) -> Result<Option<Self>, StoreError> {
        let Some(app) = apps::of_any_tenant(on, id).await? else {
            return Ok(None);
        };
        let tenant = tenants::find(on, app.tenant).await?;
        let tenant_suspended = tenant.is_none_or(|tenant| tenant.suspended_at.is_some());
        let (access, is_crowded) = access::of_app(on, id).await?;
        Ok(Some(Self { app, tenant_suspended, access, is_crowded }))
    }
}

impl LicenseEntry {
    /// About how much memory it needs.
    pub(crate) fn bytes(&self) -> usize {
        let LicenseRow { terms, variables, key_sealed, label, licensee, external_id, .. } = &self.license;
        let named: usize = [label, external_id].into_iter().flatten().map(String::len).sum();
        let devices = self.devices.as_ref().map_or(0, |devices| devices.len() * PART_BYTES);
        ENTRY_BYTES
            + terms.features.len()
            + terms.limits.len()
            + variables.len()
            + licensee.len()
            + key_sealed.len()
            + named
            + devices
    }

    /// The license with this key, if the key is one of this app's.
    pub(crate) async fn read(
        on: impl Read + Copy,
        app: AppId,
        key: KeyHash,
    ) -> Result<Option<Self>, StoreError> {
        match licenses::of_app_by_key(on, app, key).await? {
            Some(license) => Self::with_devices(on, license).await.map(Some),
            None => Ok(None),
        }
    }

    async fn with_devices(on: impl Read, mut license: LicenseRow) -> Result<Self, StoreError> {
        if license.devices_used == 0 {
            return Ok(Self { license, devices: Some(Vec::new()) });
        }
        let devices = devices::few(on, license.id, DEVICES_KEPT).await?;
        if let Some(devices) = &devices {
            // Somebody may have taken a seat since the row was read; number and names must not contradict each other.
            license.devices_used = devices.len() as u64;
        }
        Ok(Self { license, devices })
    }
}
