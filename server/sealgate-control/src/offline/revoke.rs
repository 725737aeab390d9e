//! Taking a bundle back, as far as that goes (`spec/offline.md` §5.5).

use sealgate_artifact::{Code, UnixSeconds};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{self, AuditRow, BundleRow, EventRow};
use sealgate_store::{Tx, Work};
use sealgate_wire::{BundleView, Reason};
use serde_json::json;

use super::bundles::Offline;
use crate::{Caller, check, licenses};

impl Offline {
    /// Lists a bundle's slot. It frees no seat before the bundle's end. Doing it again changes nothing and succeeds.
    pub async fn revoke(
        &self,
        caller: &Caller,
        id: &str,
        request: &Reason,
    ) -> Result<BundleView, AuthorityError> {
        check::reason(request.reason.as_deref())?;
        let row = self.find(caller, id).await?;
        let license = licenses::find(&self.desk, caller, &row.license.to_string()).await?;
        let detail = json!({ "license": license.id.to_string(), "reason": request.reason });
        let work = RevokeBundle {
            event: self.desk.event(caller, &license, "offline_bundle_revoked", None),
            audit: self.desk.audit(caller, "offline_bundle_revoked", row.id.to_string(), &detail),
            at: self.desk.ids.now(),
            reason: request.reason.clone(),
            row,
        };
        self.desk.write(caller, work).await?;
        self.show(caller, id).await
    }
}

struct RevokeBundle {
    row: BundleRow,
    at: UnixSeconds,
    reason: Option<String>,
    event: EventRow,
    audit: AuditRow,
}

impl Work for RevokeBundle {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        let row = &self.row;
        let locked = table::licenses::lock(tx, row.tenant, row.license).await?;
        locked.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let why = (self.at, self.reason.as_deref());
        if !table::bundles::revoke(tx, (row.tenant, row.id), why).await? {
            return Ok(());
        }
        table::listings::list_version(tx, row.app, Some(row.slot), self.at).await?;
        table::events::insert(tx, &self.event).await?;
        table::audit::insert(tx, &self.audit).await?;
        Ok(())
    }
}
