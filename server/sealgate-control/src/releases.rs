//! Releases: versions of products that the vendor publishes (`spec/activation.md` §8).

use sealgate_artifact::{
    Code, Module, PublicKey, Release, ReleaseId, Unverified, decode_hex, encode_hex, limits,
};
use sealgate_authority::{AuthorityError, Side, as_json};
use sealgate_store::table::{self, AuditRow, KeyScope, ListedRelease, ReleaseRow};
use sealgate_store::{StoreError, Tx, Work};
use sealgate_wire::{AppQuery, Page, PublishRelease, Reason, ReleaseView, SignedStatement, Timestamp};
use serde_json::json;

use crate::desk::Desk;
use crate::keys::KeyChanges;
use crate::page::Part;
use crate::{Caller, check, modules, named, slugged};

/// The largest integer of a statement (`spec/envelope.md` §3).
const MOST_BYTES: u64 = (1 << 53) - 1;

/// The releases of the vendor's apps.
pub struct Releases {
    desk: Desk,
    changes: KeyChanges,
}

impl Releases {
    pub(crate) fn new(changes: KeyChanges) -> Self {
        Self { desk: changes.desk().clone(), changes }
    }

    /// Signs a release with the tenant's update key. The same content published again is the same release.
    pub async fn publish(
        &self,
        caller: &Caller,
        app: &str,
        request: &PublishRelease,
    ) -> Result<ReleaseView, AuthorityError> {
        let modules = modules::parse(&request.modules)?;
        let sha256 = check(request)?;
        let published =
            self.desk.once(caller, || self.prepare(caller, app, (request, sha256), &modules)).await?;
        slugged::named(&self.desk, caller, published).await
    }

    async fn prepare(
        &self,
        caller: &Caller,
        app: &str,
        (request, sha256): (&PublishRelease, [u8; 32]),
        modules: &[Module],
    ) -> Result<Publish, AuthorityError> {
        let app = named::app(&self.desk, caller, app).await?.id;
        let named = (request.version.as_str(), request.target.as_str());
        if let Some(known) = table::published::of_version(&self.desk.db, app, named).await? {
            return same(&known, (request.length, sha256), modules)
                .map(|()| Publish::Known(view(&known.listed)));
        }
        self.desk.ids.clock_watch().may_sign_until(Side::Vendor, None)?;
        let release = Release {
            tenant: caller.tenant,
            app,
            release: self.desk.ids.fresh(ReleaseId::new),
            version: request.version.clone(),
            target: request.target.clone(),
            length: request.length,
            sha256,
            issued_at: self.desk.ids.now(),
            modules: modules.to_vec(),
        };
        let signer = self.changes.signing_update_key(caller.tenant).await?;
        let statement = self.changes.sign(&release, &[signer])?;
        let detail = json!({
            "app": app.to_string(), "version": release.version, "target": release.target,
            "sha256": encode_hex(&sha256), "modules": modules.len(),
        });
        let audit = self.desk.audit(caller, "release.published", release.release.to_string(), &detail);
        Ok(Publish::New(Box::new(NewRelease {
            row: row(release, signer, statement),
            modules: modules.to_vec(),
            audit,
        })))
    }

    /// The tenant's releases, of one app if given, newest first.
    pub async fn list(&self, caller: &Caller, query: &AppQuery) -> Result<Page<ReleaseView>, AuthorityError> {
        let app = match &query.app_id {
            Some(app) => Some(named::app_id(&self.desk, caller, app).await?),
            None => None,
        };
        let list = app.map_or_else(|| "releases".to_owned(), |app| format!("releases-{app}"));
        let part =
            Part::new(list, query.cursor.as_deref(), query.limit, ReleaseId::parse)?.or_count(query.count);
        let rows = |after, most| table::published::list(&self.desk.db, caller.tenant, app, after, most);
        let mut page = part.of_short_rows().read(rows, |row| row.id, |row| Ok(view(row))).await?;
        slugged::name(&self.desk, caller, &mut page.items).await?;
        Ok(page)
    }

    /// The tenant's release of that id.
    pub async fn show(&self, caller: &Caller, id: &str) -> Result<ReleaseView, AuthorityError> {
        let shown = view(&self.find(caller, id).await?.listed);
        slugged::named(&self.desk, caller, shown).await
    }

    /// Its statement with its list of modules, as devices verify it.
    pub async fn statement(&self, caller: &Caller, id: &str) -> Result<SignedStatement, AuthorityError> {
        as_json(self.find(caller, id).await?.statement).map(SignedStatement)
    }

    /// Revokes a release: it approves its modules no more. Those that another release lists stay approved.
    pub async fn revoke(
        &self,
        caller: &Caller,
        id: &str,
        request: &Reason,
    ) -> Result<ReleaseView, AuthorityError> {
        let reason = request.reason.as_deref();
        check::reason(reason)?;
        let release = self.find(caller, id).await?;
        let detail = json!({
            "app": release.listed.app.to_string(), "version": release.listed.version,
            "target": release.listed.target, "reason": reason,
        });
        let audit = self.desk.audit(caller, "release.revoked", release.id.to_string(), &detail);
        let work =
            RevokeRelease { id: release.id, reason: request.reason.clone(), audit, at: self.desk.ids.now() };
        self.desk.write(caller, work).await?;
        self.show(caller, id).await
    }

    async fn find(&self, caller: &Caller, id: &str) -> Result<ReleaseRow, AuthorityError> {
        let unknown = || AuthorityError::Refused(Code::NotFound);
        let id = ReleaseId::parse(id).map_err(|_| unknown())?;
        table::published::find(&self.desk.db, caller.tenant, id).await?.ok_or_else(unknown)
    }
}

/// The package's SHA-256, where the rest of the request can be signed, too.
fn check(request: &PublishRelease) -> Result<[u8; 32], AuthorityError> {
    let invalid = |field, why| AuthorityError::Invalid { field, why };
    for (field, text) in [("version", &request.version), ("target", &request.target)] {
        if !(1..=limits::VERSION_BYTES).contains(&text.len()) || text.chars().any(char::is_control) {
            return Err(invalid(field, "1 to 64 bytes, none of them a control character"));
        }
    }
    if request.length > MOST_BYTES {
        return Err(invalid("length", "0 to 9,007,199,254,740,991"));
    }
    decode_hex(&request.sha256).ok_or_else(|| invalid("sha256", "64 lower-case hexadecimal digits"))
}

/// Refuses what is not the release that has this version and target already: nobody could tell the two apart.
fn same(known: &ReleaseRow, package: (u64, [u8; 32]), modules: &[Module]) -> Result<(), AuthorityError> {
    let listed = Unverified::<Release>::decode(&known.statement)?.danger_peek()?.modules;
    let is_same = (known.listed.length, known.listed.sha256) == package && listed == modules;
    let is_there = known.listed.revoked_at.is_none();
    if is_same && is_there { Ok(()) } else { Err(AuthorityError::Refused(Code::ReleaseExists)) }
}

fn row(release: Release, signer: PublicKey, statement: Vec<u8>) -> ReleaseRow {
    let listed = ListedRelease {
        id: release.release,
        app: release.app,
        version: release.version,
        target: release.target,
        length: release.length,
        sha256: release.sha256,
        modules: release.modules.len() as u64,
        published_at: release.issued_at,
        revoked_at: None,
        revoke_reason: None,
    };
    ReleaseRow { id: release.release, tenant: release.tenant, listed, signer, statement }
}

fn view(release: &ListedRelease) -> ReleaseView {
    ReleaseView {
        release_id: release.id.to_string(),
        app_id: release.app.to_string(),
        app: None,
        version: release.version.clone(),
        target: release.target.clone(),
        length: release.length,
        sha256: encode_hex(&release.sha256),
        modules: release.modules,
        published_at: Timestamp(release.published_at),
        revoked_at: release.revoked_at.map(Timestamp),
        revoke_reason: release.revoke_reason.clone(),
    }
}

enum Publish {
    Known(ReleaseView),
    New(Box<NewRelease>),
}

struct NewRelease {
    row: ReleaseRow,
    modules: Vec<Module>,
    audit: AuditRow,
}

impl Work for Publish {
    type Output = ReleaseView;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<ReleaseView, AuthorityError> {
        let new = match self {
            Self::Known(view) => return Ok(view.clone()),
            Self::New(new) => new,
        };
        // A key that is revoked meanwhile would leave a release that nobody believes.
        if !table::keys::hold_active(tx, KeyScope::Tenant(new.row.tenant), new.row.signer).await? {
            return Err(AuthorityError::Superseded);
        }
        match table::published::insert(tx, &new.row, &new.modules).await {
            Err(StoreError::Duplicate) => return Err(AuthorityError::Superseded),
            done => done?,
        }
        table::audit::insert(tx, &new.audit).await?;
        Ok(view(&new.row.listed))
    }
}

struct RevokeRelease {
    id: ReleaseId,
    reason: Option<String>,
    audit: AuditRow,
    at: sealgate_artifact::UnixSeconds,
}

impl Work for RevokeRelease {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        let named = (self.audit.tenant, self.id);
        if table::published::revoke(tx, named, self.at, self.reason.as_deref()).await? {
            table::audit::insert(tx, &self.audit).await?;
        }
        Ok(())
    }
}
