//! Modules of one license: those that wait, and what the vendor decides about them (`spec/activation.md` §9).

use std::collections::BTreeSet;

use sealgate_artifact::{ApprovalId, Code, Module, UnixSeconds, encode_hex, limits};
use sealgate_authority::AuthorityError;
use sealgate_store::table::approvals::Which;
use sealgate_store::table::{self, ApprovalRow, ApprovalStatus, AuditRow, EventRow, LicenseRow};
use sealgate_store::{Tx, Work};
use sealgate_wire::{
    ApprovalQuery, ApprovalView, ApprovalsChanged, DecideModules, Page, SubmitModules, Timestamp,
};
use serde_json::json;

use crate::desk::Desk;
use crate::page::{Part, name_of};
use crate::{Caller, check, licenses, modules, named, slugged};

/// Modules that one row of the audit log names.
const AUDITED: usize = 64;

/// What the vendor says about modules of licenses.
pub struct Approvals {
    desk: Desk,
}

impl Approvals {
    pub(crate) fn new(desk: Desk) -> Self {
        Self { desk }
    }

    /// The tenant's modules that wait or were decided about, newest first.
    pub async fn list(
        &self,
        caller: &Caller,
        query: &ApprovalQuery,
    ) -> Result<Page<ApprovalView>, AuthorityError> {
        let status = match query.status.as_deref() {
            Some(word) => Some(ApprovalStatus::parse(word).ok_or(AuthorityError::Invalid {
                field: "status",
                why: "pending, approved, rejected or revoked",
            })?),
            None => None,
        };
        let app = match &query.app_id {
            Some(app) => Some(named::app_id(&self.desk, caller, app).await?),
            None => None,
        };
        let which = match (&query.license_id, status) {
            (Some(id), _) => Which::OfLicense(licenses::find(&self.desk, caller, id).await?.id),
            (None, Some(status)) => Which::OfStatus(status),
            (None, None) => Which::All,
        };
        let list =
            name_of("approvals", &ApprovalQuery { cursor: None, limit: None, count: None, ..query.clone() });
        let part = Part::new(list, query.cursor.as_deref(), query.limit, ApprovalId::parse)?;
        let rows = |after, most| table::approvals::list(&self.desk.db, caller.tenant, which, after, most);
        let is_wanted = |row: &ApprovalRow| {
            status.is_none_or(|status| status == row.status) && app.is_none_or(|app| app == row.app)
        };
        let view = |row: &ApprovalRow| Ok(is_wanted(row).then(|| view(row)));
        let mut page = part.or_count(query.count).of_short_rows().pick(rows, |row| row.id, view).await?;
        slugged::name(&self.desk, caller, &mut page.items).await?;
        Ok(page)
    }

    /// Lets modules wait for a decision about one license.
    pub async fn submit(
        &self,
        caller: &Caller,
        license: &str,
        request: &SubmitModules,
    ) -> Result<ApprovalsChanged, AuthorityError> {
        let modules = modules::parse(&request.modules)?;
        if modules.is_empty() {
            return Err(AuthorityError::Invalid { field: "modules", why: "at least one" });
        }
        self.desk.once(caller, || self.prepare_submission(caller, license, &modules)).await
    }

    async fn prepare_submission(
        &self,
        caller: &Caller,
        license: &str,
        modules: &[Module],
    ) -> Result<Submit, AuthorityError> {
        let license = licenses::find(&self.desk, caller, license).await?;
        let row = |module: &Module| ApprovalRow {
            id: self.desk.ids.fresh(ApprovalId::new),
            tenant: license.tenant,
            app: license.app,
            license: license.id,
            module: module.clone(),
            source: ApprovalRow::VENDOR.to_owned(),
            submitted_at: self.desk.ids.now(),
            status: ApprovalStatus::Pending,
            decided_at: None,
            reason: None,
        };
        let rows = modules.iter().map(row).collect();
        let detail = json!({ "modules": modules.len() });
        let audit = self.desk.audit(caller, "modules.submitted", license.id.to_string(), &detail);
        Ok(Submit { license, rows, audit })
    }

    /// Approves modules for this license, and for no other one.
    pub async fn approve(
        &self,
        caller: &Caller,
        license: &str,
        request: &DecideModules,
    ) -> Result<ApprovalsChanged, AuthorityError> {
        self.decide(caller, license, request, ("modules.approved", "modules_approved")).await
    }

    /// Refuses modules for this license. Those that were approved are not any more.
    pub async fn reject(
        &self,
        caller: &Caller,
        license: &str,
        request: &DecideModules,
    ) -> Result<ApprovalsChanged, AuthorityError> {
        self.decide(caller, license, request, ("modules.rejected", "modules_rejected")).await
    }

    async fn decide(
        &self,
        caller: &Caller,
        license: &str,
        request: &DecideModules,
        (action, event): (&'static str, &'static str),
    ) -> Result<ApprovalsChanged, AuthorityError> {
        check::reason(request.reason.as_deref())?;
        let unknown = || AuthorityError::Refused(Code::NotFound);
        if !(1..=limits::MODULES).contains(&request.approval_ids.len()) {
            return Err(AuthorityError::Invalid { field: "approval_ids", why: "1 to 1,024" });
        }
        let ids: Result<BTreeSet<ApprovalId>, _> =
            request.approval_ids.iter().map(|id| ApprovalId::parse(id)).collect();
        let ids = ids.map_err(|_| unknown())?;
        let audit =
            |license: &LicenseRow| self.desk.audit(caller, action, license.id.to_string(), &json!({}));
        let prepare = || async {
            let license = licenses::find(&self.desk, caller, license).await?;
            Ok(Decide {
                event: self.desk.event(caller, &license, event, None),
                ids: ids.iter().copied().collect(),
                approves: action == "modules.approved",
                reason: request.reason.clone(),
                at: self.desk.ids.now(),
                audits: (0..ids.len().div_ceil(AUDITED)).map(|_| audit(&license)).collect(),
                license,
            })
        };
        self.desk.once(caller, prepare).await
    }
}

fn view(row: &ApprovalRow) -> ApprovalView {
    let Module { name, sha256, version, signer } = row.module.clone();
    ApprovalView {
        approval_id: row.id.to_string(),
        license_id: row.license.to_string(),
        app_id: row.app.to_string(),
        app: None,
        status: row.status.as_str().to_owned(),
        source: row.source.clone(),
        name,
        sha256: encode_hex(&sha256),
        version,
        signer,
        submitted_at: Timestamp(row.submitted_at),
        decided_at: row.decided_at.map(Timestamp),
        reason: row.reason.clone(),
    }
}

struct Submit {
    license: LicenseRow,
    rows: Vec<ApprovalRow>,
    audit: AuditRow,
}

impl Work for Submit {
    type Output = ApprovalsChanged;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<ApprovalsChanged, AuthorityError> {
        // Nobody else adds modules of this license meanwhile: what is counted stays so.
        table::licenses::lock(tx, self.license.tenant, self.license.id).await?;
        let room = table::approvals::room(tx, self.license.app, self.license.id).await?;
        let mut changed = 0;
        for row in &self.rows {
            changed += u64::from(table::approvals::submit(tx, row).await?);
        }
        if changed > room {
            return Err(AuthorityError::Refused(Code::LimitReached));
        }
        if changed > 0 {
            table::audit::insert(tx, &self.audit).await?;
        }
        Ok(ApprovalsChanged { license_id: self.license.id.to_string(), changed })
    }
}

struct Decide {
    license: LicenseRow,
    ids: Vec<ApprovalId>,
    approves: bool,
    reason: Option<String>,
    at: UnixSeconds,
    /// One for each [`AUDITED`] modules.
    audits: Vec<AuditRow>,
    event: EventRow,
}

impl Decide {
    /// Where a module stands from then on.
    fn status(&self, now: ApprovalStatus) -> ApprovalStatus {
        match (self.approves, now) {
            (true, _) => ApprovalStatus::Approved,
            (false, ApprovalStatus::Pending) => ApprovalStatus::Rejected,
            (false, ApprovalStatus::Approved) => ApprovalStatus::Revoked,
            (false, over) => over,
        }
    }
}

impl Work for Decide {
    type Output = ApprovalsChanged;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<ApprovalsChanged, AuthorityError> {
        let license = self.license.id;
        table::licenses::lock(tx, self.license.tenant, license).await?;
        let mut decided = vec![];
        for id in &self.ids {
            let found = table::approvals::find(&mut *tx, license, *id).await?;
            let row = found.ok_or(AuthorityError::Refused(Code::NotFound))?;
            let status = self.status(row.status);
            if status == row.status {
                continue;
            }
            let row = ApprovalRow { status, decided_at: Some(self.at), reason: self.reason.clone(), ..row };
            if !table::approvals::decide(tx, &row).await? {
                return Err(AuthorityError::Superseded);
            }
            decided.push(json!({ "name": row.module.name, "sha256": encode_hex(&row.module.sha256) }));
        }
        let changed = decided.len() as u64;
        if changed > 0 {
            for (some, audit) in decided.chunks(AUDITED).zip(&self.audits) {
                let detail = json!({ "modules": some, "reason": self.reason }).to_string();
                table::audit::insert(tx, &AuditRow { detail, ..audit.clone() }).await?;
            }
            table::events::insert(tx, &self.event).await?;
        }
        Ok(ApprovalsChanged { license_id: license.to_string(), changed })
    }
}
