//! Access lists: which devices and addresses an app answers.

use sealgate_artifact::{AppId, Code, EntryId};
use sealgate_rules::Effect;
use sealgate_store::{AccessRow, AuditRow, Listed, Tx, Work, read, write};
use sealgate_wire::{AccessView, AddAccess, AppQuery, Page, Timestamp};
use serde_json::json;

use super::check;
use super::page::Part;
use crate::{Authority, AuthorityError, Caller};

/// Entries of one app. Every validation looks at all of them.
const ENTRIES: u64 = 1_000;

/// Adds an entry.
pub async fn add_access(
    a: &Authority,
    caller: &Caller,
    wish: &AddAccess,
) -> Result<AccessView, AuthorityError> {
    if let Some(done) = a.answered(caller).await? {
        return Ok(done);
    }
    check::reason(wish.reason.as_deref())?;
    let invalid = |field, why| AuthorityError::Invalid { field, why };
    let effect = Effect::parse(&wish.effect).ok_or_else(|| invalid("effect", "allow or deny"))?;
    if wish.expires_at.is_some_and(|end| end.0 <= a.now()) {
        return Err(invalid("expires_at", "a time in the future"));
    }
    let app = super::apps::find(a, caller, &wish.app_id).await?;
    let (millis, random) = a.new_id();
    let entry = AccessRow {
        id: EntryId::new(millis, random),
        tenant: caller.tenant,
        app: app.id,
        license: None,
        source: AccessRow::VENDOR.to_owned(),
        effect: effect.as_str().to_owned(),
        listed: listed(wish)?,
        reason: wish.reason.clone(),
        created_at: a.now(),
        expires_at: wish.expires_at.map(|t| t.0),
    };
    let view = view(&entry);
    let detail = json!({ "app": view.app_id, "effect": view.effect, "hwid": view.hwid, "ip": view.ip, "reason": view.reason });
    let audit = a.audit_row(caller, "access.added", view.entry_id.clone(), &detail);
    a.commit_once(caller, AddEntry { entry, audit }).await
}

/// The tenant's entries, newest first.
pub async fn list_access(
    a: &Authority,
    caller: &Caller,
    query: &AppQuery,
) -> Result<Page<AccessView>, AuthorityError> {
    let app = query.app_id.as_deref().map(AppId::parse).transpose();
    let app = app.map_err(|_| AuthorityError::Refused(Code::NotFound))?;
    let list = app.map_or_else(|| "access".to_owned(), |app| format!("access-{app}"));
    let part = Part::new(list, query.cursor.as_deref(), query.limit, EntryId::parse)?;
    let rows = read::access::list(&a.db, caller.tenant, app, part.after, part.rows()).await?;
    Ok(part.page(rows, |row| row.id.to_string(), view))
}

/// Takes an entry away and answers it for the last time.
pub async fn remove_access(a: &Authority, caller: &Caller, id: &str) -> Result<AccessView, AuthorityError> {
    let unknown = || AuthorityError::Refused(Code::NotFound);
    let id = EntryId::parse(id).map_err(|_| unknown())?;
    let entry = read::access::find(&a.db, caller.tenant, id).await?.ok_or_else(unknown)?;
    let view = view(&entry);
    let detail = json!({ "app": view.app_id, "effect": view.effect, "hwid": view.hwid, "ip": view.ip });
    let audit = a.audit_row(caller, "access.removed", id.to_string(), &detail);
    a.db.write(RemoveEntry { entry, audit }).await?;
    Ok(view)
}

fn listed(wish: &AddAccess) -> Result<Listed, AuthorityError> {
    let invalid = |field, why| Err(AuthorityError::Invalid { field, why });
    match (&wish.hwid, &wish.ip) {
        (Some(hwid), None) => check::hwid(hwid).map(|_| Listed::Hwid(hwid.clone())),
        (None, Some(ip)) => match sealgate_rules::parse_net(ip) {
            Some(net) => Ok(Listed::Net(net)),
            None => invalid("ip", "an address, or a block whose bits behind the prefix are zero"),
        },
        _ => invalid("hwid", "one of hwid and ip"),
    }
}

fn view(entry: &AccessRow) -> AccessView {
    let (hwid, ip) = match &entry.listed {
        Listed::Hwid(hwid) => (Some(hwid.clone()), None),
        Listed::Net(net) => (None, Some(net.to_string())),
    };
    AccessView {
        entry_id: entry.id.to_string(),
        app_id: entry.app.to_string(),
        license_id: entry.license.map(|id| id.to_string()),
        source: entry.source.clone(),
        effect: entry.effect.clone(),
        hwid,
        ip,
        reason: entry.reason.clone(),
        created_at: Timestamp(entry.created_at),
        expires_at: entry.expires_at.map(Timestamp),
    }
}

struct AddEntry {
    entry: AccessRow,
    audit: AuditRow,
}

impl Work for AddEntry {
    type Output = AccessView;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<AccessView, AuthorityError> {
        let entry = &self.entry;
        if write::access::is_standing(tx, entry, entry.created_at).await? {
            return Err(AuthorityError::Refused(Code::NameTaken));
        }
        if write::access::count(tx, entry.app, AccessRow::VENDOR).await? >= ENTRIES {
            return Err(AuthorityError::Refused(Code::LimitReached));
        }
        write::access::insert(tx, entry).await?;
        write::records::audit(tx, &self.audit).await?;
        Ok(view(&self.entry))
    }
}

struct RemoveEntry {
    entry: AccessRow,
    audit: AuditRow,
}

impl Work for RemoveEntry {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        if !write::access::delete(tx, self.entry.tenant, self.entry.id, self.entry.app).await? {
            return Err(AuthorityError::Refused(Code::NotFound));
        }
        Ok(write::records::audit(tx, &self.audit).await?)
    }
}
