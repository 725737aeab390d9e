//! Events and the audit log, as a vendor looks at them.

use sealgate_artifact::{RecordId, encode_hex};
use sealgate_authority::{AuthorityError, Observed};
use sealgate_store::table::events::Filter;
use sealgate_store::table::{self, AuditRow, EventRow};
use sealgate_wire::{
    AuditExport, AuditHead, AuditView, EventQuery, EventView, ExportQuery, Page, PageQuery, Timestamp,
};

use crate::desk::Desk;
use crate::page::{self, Part};
use crate::{Caller, Upkeep, licenses};

/// The most rows of the chain in one answer.
const EXPORTED: u32 = 200;

/// The vendor's view of what happened and who did what.
pub struct Records {
    desk: Desk,
    observed: Observed,
    upkeep: Upkeep,
}

impl Records {
    pub(crate) fn new(desk: Desk, observed: Observed) -> Self {
        let upkeep = Upkeep::new(desk.db.clone(), desk.ids.clone());
        Self { desk, observed, upkeep }
    }

    /// The tenant's events, newest first.
    pub async fn events(
        &self,
        caller: &Caller,
        query: &EventQuery,
    ) -> Result<Page<EventView>, AuthorityError> {
        let (list, filter) = self.events_wanted(caller, query).await?;
        let part = Part::new(list, query.cursor.as_deref(), query.limit, record)?;
        let license = if let Filter::License(id) = filter { Some(id) } else { None };
        self.observed.write_of(caller.tenant, license).await?;
        let rows = |after, most| table::events::list(&self.desk.db, caller.tenant, &filter, after, most);
        part.of_short_rows().read(rows, |row| row.id.clone(), |row| Ok(event_view(row))).await
    }

    /// The name of the list, and what is in it.
    async fn events_wanted(
        &self,
        caller: &Caller,
        query: &EventQuery,
    ) -> Result<(String, Filter), AuthorityError> {
        match (&query.license_id, &query.request_id, &query.code) {
            (None, None, None) => Ok(("events".to_owned(), Filter::Any)),
            (Some(id), None, None) => {
                let id = licenses::find(&self.desk, caller, id).await?.id;
                Ok((format!("events-{id}"), Filter::License(id)))
            }
            (None, Some(id), None) => Ok(("events-request".to_owned(), Filter::Request(id.clone()))),
            (None, None, Some(code)) => Ok(("events-code".to_owned(), Filter::Code(code.clone()))),
            _ => {
                let why = "at most one of license_id, request_id and code";
                Err(AuthorityError::Invalid { field: "query", why })
            }
        }
    }

    /// The tenant's audit log, newest first.
    pub async fn audit(&self, caller: &Caller, query: &PageQuery) -> Result<Page<AuditView>, AuthorityError> {
        let part = Part::new("audit", query.cursor.as_deref(), query.limit, record)?;
        let rows = |after, most| table::audit::list(&self.desk.db, caller.tenant, after, most);
        part.read(rows, |row| row.id.clone(), |row| Ok(audit_view(row))).await
    }

    /// The tenant's chain from a number on, oldest first (`spec/audit.md` §2). It holds everything that happened
    /// before the request.
    pub async fn export(&self, caller: &Caller, query: &ExportQuery) -> Result<AuditExport, AuthorityError> {
        self.upkeep.number_audit_rows_of(caller.tenant).await?;
        // The head first: rows that come after it was read are shown, and none of those before it is missing.
        let head = table::audit::head(&self.desk.db, caller.tenant).await?;
        let (seq, hash) = head.unwrap_or((0, [0; 32]));
        let after = query.after.unwrap_or(0).min(seq);
        let rows = |after: Option<u64>, most| {
            table::audit::chain(&self.desk.db, caller.tenant, (after.unwrap_or(0), seq), most)
        };
        let number = |row: &AuditRow| row.link.map_or(seq, |(n, _)| n);
        let items = page::read_after(after, EXPORTED, rows, number, |row| Ok(audit_view(row))).await?;
        Ok(AuditExport {
            tenant_id: caller.tenant.to_string(),
            items,
            head: AuditHead { seq, hash: encode_hex(&hash) },
        })
    }
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
