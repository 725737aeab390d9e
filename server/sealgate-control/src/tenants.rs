//! Tenants: vendors that share an installation.

use sealgate_artifact::{Code, KeyRecord, KeyState, KeyUse, PublicKey, TenantId, TenantKeyset};
use sealgate_authority::AuthorityError;
use sealgate_store::table::keysets::KeysetRow;
use sealgate_store::table::{self, AuditRow, KeyRow, KeyScope, KeyStage, TenantRow};
use sealgate_store::{StoreError, Tx, Work};
use sealgate_wire::{CountedQuery, CreateTenant, Page, TenantCreated, TenantView, Timestamp, UpdateTenant};
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::keys::{KeyChanges, ROOM_FOR_SERVERS, first_version, keyset_end};
use crate::page::Part;
use crate::tokens::{NewToken, Tokens};
use crate::{Caller, Scope, Scopes, check};

/// The tenants of the installation.
#[derive(Clone)]
pub struct Tenants {
    desk: Desk,
    changes: KeyChanges,
    tokens: Tokens,
}

impl Tenants {
    pub(crate) fn new(desk: Desk, changes: KeyChanges, tokens: Tokens) -> Self {
        Self { desk, changes, tokens }
    }

    /// Creates a tenant with keys of its own, a keyset and its owner's token.
    pub async fn create(
        &self,
        caller: &Caller,
        request: &CreateTenant,
    ) -> Result<TenantCreated, AuthorityError> {
        // Rotations of the authority wait: it must still sign when the keyset is stored.
        let _turn = self.changes.installations_turn().await;
        self.desk.once(caller, || self.prepare(caller, request)).await
    }

    async fn prepare(&self, caller: &Caller, request: &CreateTenant) -> Result<InsertTenant, AuthorityError> {
        let name = check::name(&request.name)?;
        if table::tenants::named(&self.desk.db, &name).await?.is_some() {
            return Err(AuthorityError::Refused(Code::NameTaken));
        }
        let authority = self.changes.signing_authority().await?;
        let maker = self.tokens.maker(caller).await?;
        // One that is approved meanwhile is added like to those of all other tenants.
        let mut servers = table::activation_keys::all(&self.desk.db).await?;
        servers.retain(|key| key.signs_since.is_some());
        let servers: Vec<PublicKey> = servers.iter().map(|key| key.public_key).collect();
        let mut parts = self.new_tenant(&name, (authority, &servers), Scopes::of(&[Scope::Owner]))?;
        parts.owner.row.expires_at = maker.and_then(|maker| maker.expires_at);
        let detail = json!({ "name": name });
        let audit = self.desk.audit(caller, "tenant.created", parts.tenant.id.to_string(), &detail);
        Ok(InsertTenant { parts, authority, audit })
    }

    /// The tenant of that id.
    pub async fn show(&self, _: &Caller, id: &str) -> Result<TenantView, AuthorityError> {
        let unknown = || AuthorityError::Refused(Code::NotFound);
        let id = TenantId::parse(id).map_err(|_| unknown())?;
        table::tenants::find(&self.desk.db, id).await?.as_ref().map(view).ok_or_else(unknown)
    }

    /// All tenants, newest first.
    pub async fn list(&self, _: &Caller, query: &CountedQuery) -> Result<Page<TenantView>, AuthorityError> {
        let part = Part::new("tenants", query.cursor.as_deref(), query.limit, TenantId::parse)?
            .or_count(query.count);
        let rows = |after, most| table::tenants::list(&self.desk.db, after, most);
        part.of_short_rows().read(rows, |row| row.id, |row| Ok(view(row))).await
    }

    /// Suspends a tenant: its tokens and its apps' clients are refused within a second. Licenses in the field that
    /// work without the server go on working.
    pub async fn suspend(&self, caller: &Caller, id: &str) -> Result<TenantView, AuthorityError> {
        let (own, now) = (caller.tenant, self.desk.ids.now());
        let change = move |tenant: &mut TenantRow| {
            if tenant.id == own {
                let why = "another tenant than your own, which would lock you out";
                return Err(AuthorityError::Invalid { field: "tenant_id", why });
            }
            tenant.suspended_at.get_or_insert(now);
            Ok(())
        };
        self.change(caller, id, ("tenant.suspended", json!({})), change).await
    }

    /// Lets a suspended tenant go on.
    pub async fn resume(&self, caller: &Caller, id: &str) -> Result<TenantView, AuthorityError> {
        let change = |tenant: &mut TenantRow| {
            tenant.suspended_at = None;
            Ok(())
        };
        self.change(caller, id, ("tenant.resumed", json!({})), change).await
    }

    /// Changes what a tenant may do.
    pub async fn update(
        &self,
        caller: &Caller,
        id: &str,
        request: &UpdateTenant,
    ) -> Result<TenantView, AuthorityError> {
        let offline = request.offline;
        let change = move |tenant: &mut TenantRow| {
            tenant.offline = offline.unwrap_or(tenant.offline);
            Ok(())
        };
        self.change(caller, id, ("tenant.updated", json!({ "offline": offline })), change).await
    }

    async fn change<C>(
        &self,
        caller: &Caller,
        id: &str,
        (action, detail): (&'static str, Value),
        change: C,
    ) -> Result<TenantView, AuthorityError>
    where
        C: Fn(&mut TenantRow) -> Result<(), AuthorityError> + Send + Sync + 'static,
    {
        let id = TenantId::parse(id).map_err(|_| AuthorityError::Refused(Code::NotFound))?;
        let audit = self.desk.audit(caller, action, id.to_string(), &detail);
        self.desk.write(caller, ChangeTenant { id, change, audit }).await
    }

    /// Makes a tenant's keys, its keyset signed by that authority, which lists these keys of servers as far as there is room, and its
    /// owner's token.
    pub(crate) fn new_tenant(
        &self,
        name: &str,
        (authority, servers): (PublicKey, &[PublicKey]),
        scopes: Scopes,
    ) -> Result<NewTenant, AuthorityError> {
        // Before keys are made that nothing would refer to.
        let (now, expires_at) = (self.desk.ids.now(), keyset_end(&self.desk.ids, None)?);
        // spec/keys.md §7.1: the next key is published from the first day.
        let [issuer_key, next_issuer] =
            [self.changes.generate(KeyUse::Issuer)?, self.changes.generate(KeyUse::Issuer)?];
        let [update_key, next_update] =
            [self.changes.generate(KeyUse::Update)?, self.changes.generate(KeyUse::Update)?];
        let [snapshot_key, next_snapshot] =
            [self.changes.generate(KeyUse::Snapshot)?, self.changes.generate(KeyUse::Snapshot)?];
        let id = self.desk.ids.fresh(TenantId::new);
        let row = |public_key, key_use, state| KeyRow {
            public_key,
            key_use,
            scope: KeyScope::Tenant(id),
            state,
            published_at: now,
            ended_at: None,
        };
        let mut keys = vec![
            row(issuer_key, KeyUse::Issuer, KeyStage::Active),
            row(next_issuer, KeyUse::Issuer, KeyStage::Next),
            row(update_key, KeyUse::Update, KeyStage::Active),
            row(next_update, KeyUse::Update, KeyStage::Next),
            row(snapshot_key, KeyUse::Snapshot, KeyStage::Active),
            row(next_snapshot, KeyUse::Snapshot, KeyStage::Next),
        ];
        let room = ROOM_FOR_SERVERS - keys.len();
        let servers = servers.iter().take(room);
        keys.extend(servers.map(|key| row(*key, KeyUse::Activation, KeyStage::Active)));
        let record = |key: &KeyRow| KeyRecord {
            key_use: key.key_use,
            public_key: key.public_key,
            state: KeyState::Active,
        };
        let keyset = TenantKeyset {
            tenant: id,
            version: first_version(now),
            issued_at: now,
            expires_at,
            keys: keys.iter().map(record).collect(),
        };
        Ok(NewTenant {
            keyset: KeysetRow {
                version: keyset.version,
                expires_at,
                envelope: self.changes.sign(&keyset, &[authority])?,
            },
            keys,
            owner: self.tokens.new_token(id, "owner", scopes),
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
}

/// A tenant that is not stored yet.
pub(crate) struct NewTenant {
    tenant: TenantRow,
    keyset: KeysetRow,
    keys: Vec<KeyRow>,
    pub(crate) owner: NewToken,
}

impl NewTenant {
    /// Stores all of it.
    pub(crate) async fn insert(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        table::tenants::insert(tx, &self.tenant).await?;
        let scope = KeyScope::Tenant(self.tenant.id);
        table::keysets::upsert(tx, scope, &self.keyset).await?;
        for key in &self.keys {
            table::keys::upsert(tx, key).await?;
        }
        table::tokens::insert(tx, &self.owner.row).await
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
    audit: AuditRow,
}

impl Work for InsertTenant {
    type Output = TenantCreated;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<TenantCreated, AuthorityError> {
        if !table::keys::is_active(&mut *tx, KeyScope::Installation, self.authority).await? {
            return Err(AuthorityError::Superseded);
        }
        for key in self.parts.keys.iter().filter(|key| key.key_use == KeyUse::Activation) {
            let found = table::activation_keys::find(&mut *tx, key.public_key).await?;
            if found.is_none_or(|key| key.signs_since.is_none()) {
                return Err(AuthorityError::Superseded);
            }
        }
        match self.parts.insert(tx).await {
            Err(StoreError::Duplicate) => return Err(AuthorityError::Refused(Code::NameTaken)),
            done => done?,
        }
        table::audit::insert(tx, &self.audit).await?;
        Ok(TenantCreated {
            tenant_id: self.parts.tenant.id.to_string(),
            admin_token: self.parts.owner.token.clone(),
        })
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
        let before = table::tenants::find(&mut *tx, self.id).await?;
        let before = before.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let mut tenant = before.clone();
        (self.change)(&mut tenant)?;
        if tenant != before {
            table::tenants::store(tx, &tenant).await?;
            table::audit::insert(tx, &self.audit).await?;
        }
        Ok(view(&tenant))
    }
}
