//! Audit and event rows: made by use cases, and looked at.

use sealgate_artifact::{RecordId, TenantId, encode_hex};
use sealgate_store::read::events::Filter;
use sealgate_store::{AuditRow, EventRow, LicenseRow, read};
use sealgate_wire::{
    AuditExport, AuditHead, AuditView, EventQuery, EventView, ExportQuery, Page, PageQuery, Timestamp,
};

use super::page::Part;
use crate::runtime::Source;
use crate::{Authority, AuthorityError, Caller, upkeep};

/// Rows of the chain in one answer.
const EXPORTED: u32 = 1_000;

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
            action: action.into(),
            subject,
            detail: detail.to_string(),
            request_id: caller.request_id.clone(),
            link: None,
        }
    }

    /// What a client did without a token.
    pub(crate) fn client_audit_row(
        &self,
        tenant: TenantId,
        action: &'static str,
        subject: String,
        detail: &serde_json::Value,
        source: Source<'_>,
    ) -> AuditRow {
        AuditRow {
            id: self.record_id(),
            tenant,
            at: self.now(),
            actor: "client".to_owned(),
            action: action.into(),
            subject,
            detail: detail.to_string(),
            request_id: source.request_id.to_owned(),
            link: None,
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
            app: Some(license.app),
            license: Some(license.id),
            device: device.map(str::to_owned),
            at: self.now(),
            kind: kind.into(),
            code: None,
            request_id: request_id.to_owned(),
            count: 1,
        }
    }

    fn record_id(&self) -> String {
        let (millis, random) = self.new_id();
        RecordId::new(millis, random).to_string()
    }
}

/// The tenant's events, newest first.
pub async fn list_events(
    a: &Authority,
    caller: &Caller,
    query: &EventQuery,
) -> Result<Page<EventView>, AuthorityError> {
    let (list, filter) = match (&query.license_id, &query.request_id, &query.code) {
        (None, None, None) => ("events".to_owned(), Filter::Any),
        (Some(id), None, None) => {
            let id = super::licenses::find(a, caller, id).await?.id;
            (format!("events-{id}"), Filter::License(id))
        }
        (None, Some(id), None) => ("events-request".to_owned(), Filter::Request(id.clone())),
        (None, None, Some(code)) => ("events-code".to_owned(), Filter::Code(code.clone())),
        _ => {
            let why = "at most one of license_id, request_id and code";
            return Err(AuthorityError::Invalid { field: "query", why });
        }
    };
    let part = Part::new(list, query.cursor.as_deref(), query.limit, record)?;
    let license = if let Filter::License(id) = filter { Some(id) } else { None };
    a.write_observed_of(caller.tenant, license).await?;
    let rows = read::events::list(&a.db, caller.tenant, &filter, part.after.clone(), part.rows()).await?;
    Ok(part.page(rows, |row| row.id.clone(), event_view))
}

/// The tenant's audit log, newest first.
pub async fn list_audit(
    a: &Authority,
    caller: &Caller,
    query: &PageQuery,
) -> Result<Page<AuditView>, AuthorityError> {
    let part = Part::new("audit", query.cursor.as_deref(), query.limit, record)?;
    let rows = read::audit::list(&a.db, caller.tenant, part.after.clone(), part.rows()).await?;
    Ok(part.page(rows, |row| row.id.clone(), audit_view))
}

/// The tenant's chain from a number on, oldest first (`spec/audit.md` §2). Everything that happened before the question
/// is in it.
pub async fn export_audit(
    a: &Authority,
    caller: &Caller,
    query: &ExportQuery,
) -> Result<AuditExport, AuthorityError> {
    upkeep::number_audit_rows(a).await?;
    // The head first: rows that come after it was read are shown, and none of those before it is missing.
    let (seq, hash) = read::audit::head(&a.db, caller.tenant).await?.unwrap_or((0, [0; 32]));
    let after = query.after.unwrap_or(0).min(seq);
    let rows = read::audit::chain(&a.db, caller.tenant, after, EXPORTED).await?;
    let items = rows.iter().filter(|row| row.link.is_some_and(|(n, _)| n <= seq)).map(audit_view).collect();
    Ok(AuditExport {
        tenant_id: caller.tenant.to_string(),
        items,
        head: AuditHead { seq, hash: encode_hex(&hash) },
    })
}

fn record(text: &str) -> Result<String, sealgate_artifact::ArtifactError> {
    RecordId::parse(text).map(|id| id.to_string())
}

fn event_view(event: &EventRow) -> EventView {
    EventView {
        event_id: event.id.clone(),
        at: Timestamp(event.at),
        kind: event.kind.clone().into_owned(),
        code: event.code.clone(),
        app_id: event.app.map(|id| id.to_string()),
        license_id: event.license.map(|id| id.to_string()),
        device: event.device.clone(),
        request_id: event.request_id.clone(),
        count: event.count,
    }
}

fn audit_view(row: &AuditRow) -> AuditView {
    AuditView {
        audit_id: row.id.clone(),
        seq: row.link.map(|(seq, _)| seq),
        hash: row.link.map(|(_, hash)| encode_hex(&hash)),
        at: Timestamp(row.at),
        actor: row.actor.clone(),
        action: row.action.clone().into_owned(),
        subject: row.subject.clone(),
        detail: row.detail.clone(),
        request_id: row.request_id.clone(),
    }
}
