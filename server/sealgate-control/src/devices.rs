//! Devices and their seats (`spec/http.md` §3.10).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sealgate_artifact::{Code, Device, DeviceId};
use sealgate_authority::{AuthorityError, Observed};
use sealgate_store::table::{self, AuditRow, DeviceRow, EventRow, LicenseRow};
use sealgate_store::{Tx, Work};
use sealgate_wire::{DeviceQuery, DeviceView, Page, ReleaseDevices, Released, Timestamp, UpdateDevice};
use serde_json::json;

use crate::desk::Desk;
use crate::metadata::metadata;
use crate::page::Part;
use crate::release::{MOST_RELEASED, Release, Releasing, release_seats};
use crate::{Caller, Scope, licenses};

/// The devices that hold seats.
pub struct Devices {
    desk: Desk,
    /// What devices said of themselves and is not written yet.
    observed: Observed,
}

impl Devices {
    pub(crate) fn new(desk: Desk, observed: Observed) -> Self {
        Self { desk, observed }
    }

    /// The tenant's device of that id.
    pub async fn show(&self, caller: &Caller, id: &str) -> Result<DeviceView, AuthorityError> {
        self.observed.write_seen().await?;
        let device = self.find(caller, id).await?;
        let activation = match device.device {
            Device::Key(key) => table::activation_list::of_device(&self.desk.db, device.license, key).await?,
            Device::Hwid(_) => None,
        };
        let activation_id = activation.map(|activation| activation.id.to_string());
        Ok(DeviceView { activation_id, ..view(&device) })
    }

    /// The tenant's devices, newest first; of one license, or with one fingerprint, if given.
    pub async fn list(
        &self,
        caller: &Caller,
        query: &DeviceQuery,
    ) -> Result<Page<DeviceView>, AuthorityError> {
        self.observed.write_seen().await?;
        if let Some(fingerprint) = &query.fingerprint {
            return self.with_fingerprint(caller, query, fingerprint).await;
        }
        let license = match &query.license_id {
            Some(id) => Some(licenses::find(&self.desk, caller, id).await?),
            None => None,
        };
        let list = license.as_ref().map_or_else(|| "devices".to_owned(), |row| format!("devices-{}", row.id));
        let part = Part::new(list, query.cursor.as_deref(), query.limit, DeviceId::parse)?;
        let part = part.or_count(query.count);
        let rows =
            |after, most| table::devices::list(&self.desk.db, caller.tenant, license.as_ref(), after, most);
        part.of_short_rows().read(rows, |row| row.id, |row| Ok(view(row))).await
    }

    async fn with_fingerprint(
        &self,
        caller: &Caller,
        query: &DeviceQuery,
        fingerprint: &str,
    ) -> Result<Page<DeviceView>, AuthorityError> {
        if query.license_id.is_some() {
            let why = "at most one of license_id and fingerprint";
            return Err(AuthorityError::Invalid { field: "query", why });
        }
        let list = format!("devices-fingerprint-{}", URL_SAFE_NO_PAD.encode(fingerprint));
        let part = Part::new(list, query.cursor.as_deref(), query.limit, DeviceId::parse)?;
        let part = part.or_count(query.count);
        let (db, tenant) = (&self.desk.db, caller.tenant);
        let rows = |after, most| table::devices::with_fingerprint(db, tenant, fingerprint, after, most);
        part.of_short_rows().read(rows, |row| row.id, |row| Ok(view(row))).await
    }

    /// Replaces what the vendor notes about a device.
    pub async fn update(
        &self,
        caller: &Caller,
        id: &str,
        request: &UpdateDevice,
    ) -> Result<DeviceView, AuthorityError> {
        let device = self.find(caller, id).await?;
        if let Some(object) = &request.metadata {
            let text = metadata(object)?;
            // What is noted may be personal: the log, which is kept for ever, says only that it was.
            let detail = json!({ "license": device.license.to_string() });
            let audit = self.desk.audit(caller, "device.updated", device.id.to_string(), &detail);
            self.desk.write(caller, NoteDevice { id: device.id, metadata: text, audit }).await?;
        }
        self.show(caller, id).await
    }

    /// Releases one device's seat.
    pub async fn release(
        &self,
        caller: &Caller,
        id: &str,
        request: &ReleaseDevices,
    ) -> Result<Released, AuthorityError> {
        may_override(caller, request)?;
        let prepare = || async {
            let device = self.find(caller, id).await?;
            let license = device.license.to_string();
            self.prepare(caller, (&license, "device.released"), Release::Named(vec![device.id]), request)
                .await
        };
        self.desk.once(caller, prepare).await
    }

    /// Releases every seat of a license, as many as one request releases.
    pub async fn reset(
        &self,
        caller: &Caller,
        license: &str,
        request: &ReleaseDevices,
    ) -> Result<Released, AuthorityError> {
        may_override(caller, request)?;
        let reset = (license, "license.devices_reset");
        let _turn = self.desk.turn(caller, MOST_RELEASED as usize).await;
        self.desk.once(caller, || self.prepare(caller, reset, Release::All, request)).await
    }

    async fn prepare(
        &self,
        caller: &Caller,
        (license, action): (&str, &'static str),
        release: Release,
        request: &ReleaseDevices,
    ) -> Result<ReleaseSeats, AuthorityError> {
        let license = licenses::find(&self.desk, caller, license).await?;
        let overridden = request.override_allowance.unwrap_or(false);
        let detail = json!({ "override_allowance": overridden });
        Ok(ReleaseSeats {
            releasing: Releasing::new(release, overridden, self.desk.ids.now()),
            audit: self.desk.audit(caller, action, license.id.to_string(), &detail),
            event: self.desk.event(caller, &license, "device_released", None),
            license,
        })
    }

    async fn find(&self, caller: &Caller, id: &str) -> Result<DeviceRow, AuthorityError> {
        let unknown = || AuthorityError::Refused(Code::NotFound);
        let id = DeviceId::parse(id).map_err(|_| unknown())?;
        table::devices::find(&self.desk.db, caller.tenant, id).await?.ok_or_else(unknown)
    }
}

/// spec/http.md §3.10: "it gives the license more than its terms, so it also needs `licenses:write`".
fn may_override(caller: &Caller, request: &ReleaseDevices) -> Result<(), AuthorityError> {
    if request.override_allowance == Some(true) { caller.needs(Scope::LicensesWrite) } else { Ok(()) }
}

fn view(device: &DeviceRow) -> DeviceView {
    DeviceView {
        device_id: device.id.to_string(),
        license_id: device.license.to_string(),
        kind: device.device.kind().to_owned(),
        identity: device.device.name().into_owned(),
        first_seen: Timestamp(device.first_seen),
        last_seen: device.last_seen.map(Timestamp),
        name: device.said.name.clone(),
        platform: device.said.platform.clone(),
        product_version: device.said.product_version.clone(),
        fingerprint: device.said.fingerprint.clone(),
        trial_began: device.trial_began.map(Timestamp),
        moved_from: device.moved_from.clone(),
        moved_at: device.moved[0].map(Timestamp),
        lease_until: device.lease_until.map(Timestamp),
        bundle_until: device.bundle_until.map(Timestamp),
        activation_id: None,
        // A row that somebody else wrote is shown like any other.
        metadata: serde_json::from_str(&device.metadata).unwrap_or_default(),
    }
}

struct NoteDevice {
    id: DeviceId,
    metadata: String,
    audit: AuditRow,
}

impl Work for NoteDevice {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        if !table::devices::note(tx, self.audit.tenant, self.id, &self.metadata).await? {
            return Err(AuthorityError::Refused(Code::NotFound));
        }
        table::audit::insert(tx, &self.audit).await?;
        Ok(())
    }
}

struct ReleaseSeats {
    license: LicenseRow,
    releasing: Releasing,
    audit: AuditRow,
    event: EventRow,
}

impl Work for ReleaseSeats {
    type Output = Released;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Released, AuthorityError> {
        let locked = table::licenses::lock(tx, self.license.tenant, self.license.id).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let released = release_seats(tx, &locked, &self.releasing, &self.event).await?;
        if !released.released.is_empty() {
            table::audit::insert(tx, &self.audit).await?;
        }
        Ok(released)
    }
}
