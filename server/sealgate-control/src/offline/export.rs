//! A bundle is made: by an order of the vendor's, or in answer to a machine's request (`spec/offline.md` §5.1, §5.4).

use std::sync::Mutex;

use sealgate_artifact::{Code, LicenseId};
use sealgate_authority::AuthorityError;
use sealgate_wire::{BundleView, ExportBundle, RespondOffline};
use serde_json::json;

use super::bundles::Offline;
use super::made;
use crate::{Caller, licenses};

impl Offline {
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
