//! Events and the audit log, as a vendor looks at them.

use sealgate_artifact::{RecordId, encode_hex};
use sealgate_authority::{AuthorityError, Observed};
use sealgate_store::table::events::Filter;
use sealgate_store::table::{self, AuditRow, EventRow};
use sealgate_store::{Tx, Work};
use sealgate_wire::{
    AuditExport, AuditHead, AuditView, CountedQuery, EventQuery, EventView, ExportQuery, Page, Timestamp,
};
use serde_json::Value;

use crate::desk::Desk;
use crate::page::{self, Part, name_of};
use crate::{Caller, Upkeep, licenses, slugged};

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
        let license = match &query.license_id {
            Some(id) => Some(licenses::find(&self.desk, caller, id).await?.id),
            None => None,
        };
        let filter = match (license, &query.request_id, &query.code) {
            (Some(id), ..) => Filter::License(id),
            (_, Some(id), _) => Filter::Request(id.clone()),
            (.., Some(code)) => Filter::Code(code.clone()),
            _ => Filter::Any,
        };
        let list = name_of("events", &EventQuery { cursor: None, limit: None, count: None, ..query.clone() });
        let part = Part::new(list, query.cursor.as_deref(), query.limit, record)?.or_count(query.count);
        self.observed.write_of(caller.tenant, license).await?;
        let rows = |after, most| table::events::list(&self.desk.db, caller.tenant, &filter, after, most);
        let view = |row: &EventRow| Ok(is_wanted(row, query).then(|| event_view(row)));
        let mut page = part.of_short_rows().pick(rows, |row| row.id.clone(), view).await?;
        slugged::name(&self.desk, caller, &mut page.items).await?;
        Ok(page)
    }

    /// The tenant's audit log, newest first.
    pub async fn audit(
        &self,
        caller: &Caller,
        query: &CountedQuery,
    ) -> Result<Page<AuditView>, AuthorityError> {
        let part = Part::new("audit", query.cursor.as_deref(), query.limit, record)?.or_count(query.count);
        let rows = |after, most| table::audit::list(&self.desk.db, caller.tenant, after, most);
        let mut page = part.read(rows, |row| row.id.clone(), |row| Ok(audit_view(row))).await?;
        slugged::name(&self.desk, caller, &mut page.items).await?;
        Ok(page)
    }

    /// Adds a row about the tenant to its audit log.
    pub(crate) async fn note(
        &self,
        caller: &Caller,
        action: &'static str,
        detail: &Value,
    ) -> Result<(), AuthorityError> {
        let audit = self.desk.audit(caller, action, caller.tenant.to_string(), detail);
        self.desk.write(caller, Note(audit)).await
    }

    /// The same for something that was done: whether the caller may still act does not matter any more.
    pub(crate) async fn note_done(
        &self,
        caller: &Caller,
        action: &'static str,
        detail: &Value,
    ) -> Result<(), AuthorityError> {
        let audit = self.desk.audit(caller, action, caller.tenant.to_string(), detail);
        self.desk.db.write(Note(audit)).await
    }

    /// The same where it concerns all tenants: in the log of the first one, too, whose owner has the installation.
    pub(crate) async fn note_for_all(
        &self,
        caller: &Caller,
        action: &'static str,
        (subject, detail): (&str, &Value),
    ) -> Result<(), AuthorityError> {
        let first = table::tenants::first(&self.desk.db).await?;
        let Some(first) = first.filter(|first| *first != caller.tenant) else { return Ok(()) };
        let by = Caller { tenant: first, ..caller.clone() };
        self.desk.db.write(Note(self.desk.audit(&by, action, subject.to_owned(), detail))).await
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

struct Note(AuditRow);

impl Work for Note {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        table::audit::insert(tx, &self.0).await?;
        Ok(())
    }
}

/// Whether it fulfils what a walk has not asked already.
fn is_wanted(event: &EventRow, query: &EventQuery) -> bool {
    query.request_id.as_ref().is_none_or(|id| *id == event.request_id)
        && query.code.as_ref().is_none_or(|code| Some(code) == event.code.as_ref())
}

fn record(text: &str) -> Result<String, sealgate_artifact::ArtifactError> {
    RecordId::parse(text).map(|id| id.to_string())
}

fn event_view(event: &EventRow) -> EventView {
    let (kind, reason) = match event.kind.split_once(':') {
        Some((kind, reason)) => (kind, Some(reason)),
        None => (&*event.kind, None),
    };
    EventView {
        event_id: event.id.clone(),
        at: Timestamp(event.at),
        kind: kind.to_owned(),
        code: event.code.clone(),
        reason: reason.map(str::to_owned),
        app_id: event.app.map(|id| id.to_string()),
        app: None,
        license_id: event.license.map(|id| id.to_string()),
        device: event.device.clone(),
        moved_from: event.moved_from.clone(),
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
        subject_slug: None,
        detail: row.detail.clone(),
        request_id: row.request_id.clone(),
    }
}
