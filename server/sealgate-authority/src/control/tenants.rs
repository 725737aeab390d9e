//! Tenants: vendors that share an installation.

use sealgate_artifact::{Code, KeyRecord, KeyState, KeyUse, PublicKey, TenantId, TenantKeyset};
use sealgate_store::{AuditRow, KeyRow, KeyStage, StoreError, TenantRow, TokenRow, Tx, Work, read, write};
use sealgate_trust::sign_statement;
use sealgate_wire::{CreateTenant, Page, PageQuery, TenantCreated, TenantView, Timestamp, UpdateTenant};
use serde_json::{Value, json};

use super::bootstrap::{INSTALLATION, KEYSET_SECONDS, first_version};
use super::page::Part;
use super::{ATTEMPTS, check, tokens};
use crate::secrets::secret_text;
use crate::{Authority, AuthorityError, Caller, Scope, Scopes};

/// Creates a tenant with keys of its own, a keyset and its owner's token.
pub async fn create_tenant(
    a: &Authority,
    caller: &Caller,
    wish: &CreateTenant,
) -> Result<TenantCreated, AuthorityError> {
    if let Some(done) = a.answered(caller).await? {
        return Ok(done);
    }
    check::name(&wish.name)?;
    if read::tenants::named(&a.db, &wish.name).await?.is_some() {
        return Err(AuthorityError::Refused(Code::NameTaken));
    }
    let token = secret_text("sgt", a.random());
    // Rotations of the authority wait: the keyset is signed by one that goes on signing.
    let _turn = a.key_changes.lock().await;
    for _ in 0..ATTEMPTS {
        let authority = super::keys::signing_authority(a).await?;
        let parts = make_tenant(a, &wish.name, authority, &token, Scopes::of(&[Scope::Owner]))?;
        let detail = json!({ "name": wish.name });
        let audit = a.audit_row(caller, "tenant.created", parts.tenant.id.to_string(), &detail);
        let work = InsertTenant { parts, authority, token: token.clone(), audit };
        match a.commit_once(caller, work).await {
            Err(AuthorityError::Superseded) => {}
            done => return done,
        }
    }
    Err(AuthorityError::Refused(Code::Unavailable))
}

/// The tenant of that id.
pub async fn show_tenant(a: &Authority, _: &Caller, id: &str) -> Result<TenantView, AuthorityError> {
    let unknown = || AuthorityError::Refused(Code::NotFound);
    let id = TenantId::parse(id).map_err(|_| unknown())?;
    read::tenants::find(&a.db, id).await?.as_ref().map(view).ok_or_else(unknown)
}

/// All tenants, newest first.
pub async fn list_tenants(
    a: &Authority,
    _: &Caller,
    query: &PageQuery,
) -> Result<Page<TenantView>, AuthorityError> {
    let part = Part::new("tenants", query.cursor.as_deref(), query.limit, TenantId::parse)?;
    let rows = read::tenants::list(&a.db, part.after, part.rows()).await?;
    Ok(part.page(rows, |row| row.id.to_string(), view))
}

/// Suspends a tenant: its tokens and its apps' clients are refused within a second. Licenses in the field that work
/// without the server go on working.
pub async fn suspend_tenant(a: &Authority, caller: &Caller, id: &str) -> Result<TenantView, AuthorityError> {
    let (own, now) = (caller.tenant, a.now());
    let change = move |tenant: &mut TenantRow| {
        if tenant.id == own {
            let why = "another tenant than your own, which would lock you out";
            return Err(AuthorityError::Invalid { field: "tenant_id", why });
        }
        tenant.suspended_at.get_or_insert(now);
        Ok(())
    };
    change_tenant(a, caller, id, ("tenant.suspended", json!({})), change).await
}

/// Lets a suspended tenant go on.
pub async fn resume_tenant(a: &Authority, caller: &Caller, id: &str) -> Result<TenantView, AuthorityError> {
    let change = |tenant: &mut TenantRow| {
        tenant.suspended_at = None;
        Ok(())
    };
    change_tenant(a, caller, id, ("tenant.resumed", json!({})), change).await
}

/// Changes what a tenant may do.
pub async fn update_tenant(
    a: &Authority,
    caller: &Caller,
    id: &str,
    wish: &UpdateTenant,
) -> Result<TenantView, AuthorityError> {
    let offline = wish.offline;
    let change = move |tenant: &mut TenantRow| {
        tenant.offline = offline.unwrap_or(tenant.offline);
        Ok(())
    };
    change_tenant(a, caller, id, ("tenant.updated", json!({ "offline": offline })), change).await
}

async fn change_tenant<C>(
    a: &Authority,
    caller: &Caller,
    id: &str,
    (action, detail): (&'static str, Value),
    change: C,
) -> Result<TenantView, AuthorityError>
where
    C: Fn(&mut TenantRow) -> Result<(), AuthorityError> + Send + Sync + 'static,
{
    let id = TenantId::parse(id).map_err(|_| AuthorityError::Refused(Code::NotFound))?;
    let audit = a.audit_row(caller, action, id.to_string(), &detail);
    a.db.write(ChangeTenant { id, change, audit }).await
}

/// A tenant that is not stored yet.
pub(super) struct NewTenant {
    pub(super) tenant: TenantRow,
    keyset: (u64, Vec<u8>),
    keys: Vec<KeyRow>,
    token: TokenRow,
}

/// Makes a tenant's keys, its keyset signed by that authority, and the row of its owner's token.
pub(super) fn make_tenant(
    a: &Authority,
    name: &str,
    authority: PublicKey,
    token: &str,
    scopes: Scopes,
) -> Result<NewTenant, AuthorityError> {
    let now = a.now();
    // spec/keys.md §7.1: the next key is published from the first day.
    let [issuer_key, next_issuer] = [a.signer.generate(KeyUse::Issuer)?, a.signer.generate(KeyUse::Issuer)?];
    let (millis, random) = a.new_id();
    let id = TenantId::new(millis, random);
    let record = |public_key| KeyRecord { key_use: KeyUse::Issuer, public_key, state: KeyState::Active };
    let keyset = TenantKeyset {
        tenant: id,
        version: first_version(now),
        issued_at: now,
        expires_at: now.plus(KEYSET_SECONDS),
        keys: vec![record(issuer_key), record(next_issuer)],
    };
    let row = |public_key, state| KeyRow {
        public_key,
        key_use: KeyUse::Issuer,
        scope: id.to_string(),
        state,
        published_at: now,
        ended_at: None,
    };
    Ok(NewTenant {
        keyset: (keyset.version, sign_statement(&*a.signer, &keyset, &[authority])?.encode()),
        keys: vec![row(issuer_key, KeyStage::Active), row(next_issuer, KeyStage::Next)],
        token: tokens::token_row(a, id, "owner", token, scopes, None),
        tenant: TenantRow {
            id,
            name: name.to_owned(),
            issuer_key,
            offline: true,
            suspended_at: None,
            created_at: now,
        },
    })
}

impl NewTenant {
    /// Stores all of it.
    pub(super) async fn insert(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        write::tenants::insert(tx, &self.tenant).await?;
        let scope = self.tenant.id.to_string();
        write::installation::put_keyset(tx, &scope, self.keyset.0, &self.keyset.1).await?;
        for key in &self.keys {
            write::keys::put(tx, key).await?;
        }
        write::tokens::insert(tx, &self.token).await
    }
}

fn view(tenant: &TenantRow) -> TenantView {
    TenantView {
        tenant_id: tenant.id.to_string(),
        name: tenant.name.clone(),
        offline: tenant.offline,
        suspended_at: tenant.suspended_at.map(Timestamp),
        created_at: Timestamp(tenant.created_at),
    }
}

struct InsertTenant {
    parts: NewTenant,
    authority: PublicKey,
    token: String,
    audit: AuditRow,
}

impl Work for InsertTenant {
    type Output = TenantCreated;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<TenantCreated, AuthorityError> {
        if !write::keys::is_active(tx, INSTALLATION, self.authority).await? {
            return Err(AuthorityError::Superseded);
        }
        match self.parts.insert(tx).await {
            Err(StoreError::Duplicate) => return Err(AuthorityError::Refused(Code::NameTaken)),
            done => done?,
        }
        write::records::audit(tx, &self.audit).await?;
        Ok(TenantCreated { tenant_id: self.parts.tenant.id.to_string(), admin_token: self.token.clone() })
    }
}

struct ChangeTenant<C> {
    id: TenantId,
    change: C,
    audit: AuditRow,
}

impl<C> Work for ChangeTenant<C>
where
    C: Fn(&mut TenantRow) -> Result<(), AuthorityError> + Send + Sync + 'static,
{
    type Output = TenantView;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<TenantView, AuthorityError> {
        let before = read::tenants::current(tx, self.id).await?;
        let before = before.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let mut tenant = before.clone();
        (self.change)(&mut tenant)?;
        if tenant != before {
            write::tenants::store(tx, &tenant).await?;
            write::records::audit(tx, &self.audit).await?;
        }
        Ok(view(&tenant))
    }
}
