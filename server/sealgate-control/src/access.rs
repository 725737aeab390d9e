//! Access lists: which devices and addresses an app answers.

use sealgate_artifact::{Code, EntryId, UnixSeconds};
use sealgate_authority::AuthorityError;
use sealgate_rules::Effect;
use sealgate_store::table::access::Place;
use sealgate_store::table::{self, AccessRow, AuditRow, Listed};
use sealgate_store::{Tx, Work};
use sealgate_wire::{AccessView, AddAccess, AppQuery, Page, Timestamp};
use serde_json::json;

use crate::desk::Desk;
use crate::ends::From;
use crate::page::Part;
use crate::{Caller, check, named, slugged};

/// The lists of the vendor's apps.
pub struct AccessLists {
    desk: Desk,
}

impl AccessLists {
    pub(crate) fn new(desk: Desk) -> Self {
        Self { desk }
    }

    /// Adds an entry.
    pub async fn add(&self, caller: &Caller, request: &AddAccess) -> Result<AccessView, AuthorityError> {
        let added = self.desk.once(caller, || self.prepare(caller, request)).await?;
        slugged::named(&self.desk, caller, added).await
    }

    async fn prepare(&self, caller: &Caller, request: &AddAccess) -> Result<AddEntry, AuthorityError> {
        check::reason(request.reason.as_deref())?;
        let invalid = |field, why| AuthorityError::Invalid { field, why };
        let effect = Effect::parse(&request.effect).ok_or_else(|| invalid("effect", "allow or deny"))?;
        let now = self.desk.ids.now();
        let end = request.expires_at.as_ref().map(|when| self.desk.calendar.end(when, (From::now(now), now)));
        let end = end.transpose()?.map(|end| end.at);
        let app = named::app_or_only(&self.desk, caller, request.app_id.as_deref()).await?;
        let entry = AccessRow {
            id: self.desk.ids.fresh(EntryId::new),
            tenant: caller.tenant,
            app: app.id,
            license: None,
            source: AccessRow::VENDOR.to_owned(),
            effect: effect.as_str().to_owned(),
            listed: listed(request)?,
            reason: request.reason.clone(),
            created_at: now,
            expires_at: end,
        };
        let view = view(&entry);
        let detail = json!({ "app": view.app_id, "effect": view.effect, "hwid": view.hwid, "ip": view.ip, "reason": view.reason });
        let audit = self.desk.audit(caller, "access.added", view.entry_id.clone(), &detail);
        Ok(AddEntry { entry, audit })
    }

    /// The tenant's entries, of one app if given: first the vendor's own.
    pub async fn list(&self, caller: &Caller, query: &AppQuery) -> Result<Page<AccessView>, AuthorityError> {
        let app = match &query.app_id {
            Some(app) => Some(named::app_id(&self.desk, caller, app).await?),
            None => None,
        };
        let list = app.map_or_else(|| "access".to_owned(), |app| format!("access-{app}"));
        let place = |text: &str| Place::parse(text).ok_or(());
        let part = Part::new(list, query.cursor.as_deref(), query.limit, place)?.or_count(query.count);
        let rows = |after, most| table::access::list(&self.desk.db, caller.tenant, app, after, most);
        let mut page = part.read(rows, Place::of, |row| Ok(view(row))).await?;
        slugged::name(&self.desk, caller, &mut page.items).await?;
        Ok(page)
    }

    /// Takes an entry away and shows it for the last time.
    pub async fn remove(&self, caller: &Caller, id: &str) -> Result<AccessView, AuthorityError> {
        let unknown = || AuthorityError::Refused(Code::NotFound);
        let id = EntryId::parse(id).map_err(|_| unknown())?;
        let entry = table::access::find(&self.desk.db, caller.tenant, id).await?.ok_or_else(unknown)?;
        let view = view(&entry);
        let detail = json!({ "app": view.app_id, "effect": view.effect, "hwid": view.hwid, "ip": view.ip });
        let audit = self.desk.audit(caller, "access.removed", id.to_string(), &detail);
        self.desk.write(caller, RemoveEntry { entry, at: self.desk.ids.now(), audit }).await?;
        slugged::named(&self.desk, caller, view).await
    }
}

fn listed(request: &AddAccess) -> Result<Listed, AuthorityError> {
    let invalid = |field, why| Err(AuthorityError::Invalid { field, why });
    match (&request.hwid, &request.ip) {
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
        app: None,
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
        if table::access::is_standing(&mut *tx, entry, entry.created_at).await? {
            return Err(AuthorityError::Refused(Code::NameTaken));
        }
        if table::access::count(&mut *tx, entry.app, AccessRow::VENDOR).await? >= table::access::MOST {
            return Err(AuthorityError::Refused(Code::LimitReached));
        }
        table::access::insert(tx, entry).await?;
        table::audit::insert(tx, &self.audit).await?;
        Ok(view(&self.entry))
    }
}

struct RemoveEntry {
    entry: AccessRow,
    at: UnixSeconds,
    audit: AuditRow,
}

impl Work for RemoveEntry {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        if !table::access::delete(tx, self.entry.tenant, self.entry.id, self.entry.app).await? {
            return Err(AuthorityError::Refused(Code::NotFound));
        }
        // spec/http.md §2.9: what a client reported stays away.
        if self.entry.source == AccessRow::SELF_BAN {
            table::pardons::upsert(tx, &self.entry, self.at).await?;
        }
        Ok(table::audit::insert(tx, &self.audit).await?)
    }
}
