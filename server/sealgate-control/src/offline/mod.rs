//! Bundles for machines without a network (`spec/offline.md` §5).

mod digests;
mod file;
mod made;
mod prepare;
mod request;
mod revoke;
mod view;

use std::sync::{Arc, Mutex};

use sealgate_artifact::{BundleId, Code, LicenseId};
use sealgate_authority::{AuthorityError, SharedSecrets};
use sealgate_store::table::{self, BundleRow};
use sealgate_wire::{BundleView, CountedQuery, ExportBundle, Page, RespondOffline};
use serde_json::json;

pub use file::BundleFile;

use crate::desk::Desk;
use crate::keys::LicenseSigner;
use crate::page::Part;
use crate::{Caller, VendorSecrets, licenses};

/// The vendor's bundles.
#[derive(Clone)]
pub struct Offline {
    desk: Desk,
    signer: LicenseSigner,
    shared: Arc<SharedSecrets>,
    secrets: Arc<VendorSecrets>,
}

impl Offline {
    pub(crate) fn new(
        desk: Desk,
        signer: LicenseSigner,
        shared: Arc<SharedSecrets>,
        secrets: Arc<VendorSecrets>,
    ) -> Self {
        Self { desk, signer, shared, secrets }
    }

    /// Signs a bundle of a license. Once, however often it is sent under its idempotency key.
    pub async fn export(
        &self,
        caller: &Caller,
        license: &str,
        request: &ExportBundle,
    ) -> Result<BundleView, AuthorityError> {
        let of = Of::default();
        let made = self.desk.once(caller, || async {
            let license = licenses::find(&self.desk, caller, license).await?;
            of.is(license.id);
            let order = self.order(caller, license, request).await?;
            self.prepare(caller, order).await
        });
        let made = made.await;
        self.note(caller, &of, made).await
    }

    /// Answers a machine's request by a bundle: the same request by the same one, as long as that lives.
    pub async fn respond(
        &self,
        caller: &Caller,
        request: &RespondOffline,
    ) -> Result<BundleView, AuthorityError> {
        let of = Of::default();
        let made = self.desk.once(caller, || async {
            let (license, order) = self.order_of_request(caller, request).await?;
            of.is(license);
            self.prepare(caller, order).await
        });
        let made = made.await;
        self.note(caller, &of, made).await
    }

    /// Writes down that no bundle was made of a license, where that was a decision.
    async fn note<T>(
        &self,
        caller: &Caller,
        of: &Of,
        made: Result<T, AuthorityError>,
    ) -> Result<T, AuthorityError> {
        if let (Err(error), Some(license)) = (&made, of.which())
            && decides(error.code())
        {
            let detail = json!({ "code": error.code().as_str() });
            let audit = self.desk.audit(caller, "offline_export_refused", license.to_string(), &detail);
            self.desk.write(caller, made::Note(audit)).await?;
        }
        made
    }

    /// The bundles of a license, newest first, those that ended among them.
    pub async fn list(
        &self,
        caller: &Caller,
        license: &str,
        query: &CountedQuery,
    ) -> Result<Page<BundleView>, AuthorityError> {
        let license = licenses::find(&self.desk, caller, license).await?.id;
        let list = format!("bundles-{license}");
        let part = Part::new(list, query.cursor.as_deref(), query.limit, BundleId::parse)?;
        let (db, now) = (&self.desk.db, self.desk.ids.now());
        let rows = |before, most| table::bundles::list(db, (caller.tenant, license), before, most);
        let part = part.or_count(query.count).of_short_rows();
        part.read(rows, |row| row.id, |row| Ok(view::view(row, now))).await
    }

    /// One bundle, with the machines that it names.
    pub async fn show(&self, caller: &Caller, id: &str) -> Result<BundleView, AuthorityError> {
        let row = self.find(caller, id).await?;
        let devices = table::bundles::devices(&self.desk.db, row.id).await?;
        let device_keys = devices.iter().map(|device| device.key.to_string()).collect();
        Ok(BundleView { device_keys, ..view::view(&row, self.desk.ids.now()) })
    }

    async fn find(&self, caller: &Caller, id: &str) -> Result<BundleRow, AuthorityError> {
        let unknown = || AuthorityError::Refused(Code::NotFound);
        let id = BundleId::parse(id).map_err(|_| unknown())?;
        table::bundles::find(&self.desk.db, caller.tenant, id).await?.ok_or_else(unknown)
    }
}

/// Of which license a bundle was wanted, once that is known.
#[derive(Default)]
struct Of(Mutex<Option<LicenseId>>);

impl Of {
    fn is(&self, license: LicenseId) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(license);
    }

    fn which(&self) -> Option<LicenseId> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Whether a refusal is a decision about a license, and no fault of the request.
fn decides(code: Code) -> bool {
    matches!(
        code,
        Code::LicenseRevoked
            | Code::Blocked
            | Code::OfflineDisabled
            | Code::LimitReached
            | Code::OutlivesLicense
            | Code::DeviceLimit
            | Code::CustomerDeviceLimit
            | Code::RequestSpent
            | Code::KeyMisuse
    )
}
