//! Audit and event rows of a use case.

use sealgate_artifact::PlanId;
use sealgate_store::{AuditRow, EventRow, LicenseRow};

use crate::{Authority, Caller};

impl Authority {
    /// Who did what to what. `detail` must hold no secret.
    pub(crate) fn audit_row(
        &self,
        caller: &Caller,
        action: &'static str,
        subject: String,
        detail: &serde_json::Value,
    ) -> AuditRow {
        AuditRow {
            id: self.record_id(),
            tenant: caller.tenant,
            at: self.now(),
            actor: format!("token:{}", caller.token),
            action,
            subject,
            detail: detail.to_string(),
            request_id: caller.request_id.clone(),
        }
    }

    /// What happened to a license.
    pub(crate) fn event_row(
        &self,
        license: &LicenseRow,
        kind: &'static str,
        device: Option<&str>,
        request_id: &str,
    ) -> EventRow {
        EventRow {
            id: self.record_id(),
            tenant: license.tenant,
            app: license.app,
            license: license.id,
            device: device.map(str::to_owned),
            at: self.now(),
            kind,
            request_id: request_id.to_owned(),
        }
    }

    /// Records are never referred to, so a plan's id type does for the shape of their names.
    fn record_id(&self) -> String {
        let (millis, random) = self.new_id();
        PlanId::new(millis, random).to_string()
    }
}
