//! Apps: what a vendor sells.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealgate_artifact::{AppId, Code, KeyUse, Slug, TenantId, UnixSeconds, encode_base64};
use sealgate_authority::secrets::secret_text;
use sealgate_authority::{AuthorityError, SharedSecrets, stored};
use sealgate_store::table::{self, AppRow, AuditRow, KeyRow, KeyScope, KeyStage};
use sealgate_store::{StoreError, Tx, Work};
use sealgate_trust::{Message, Signer};
use sealgate_wire::{
    AppCreated, AppView, ChangeVariables, CountedQuery, CreateApp, CreditsView, GrantCredits, Nothing, Page,
    RotateSecret, SecretRotated, Timestamp, UpdateApp, Variable, Variables,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::fresh_key::FreshKey;
use crate::page::Part;
use crate::slugs::{self, Among, NewSlug};
use crate::turns::Turns;
use crate::{Caller, check, named, sets};

/// How long a former secret is taken when nobody says otherwise.
const KEEP_FORMER: u32 = 24 * 60 * 60;
const KEEP_FORMER_MOST: u32 = 30 * 24 * 60 * 60;
const GRANT_MOST: u32 = 1_000_000_000;
/// More would be a mistake, and sums stay far below what the columns hold.
const BALANCE_MOST: u64 = 1_000_000_000_000;

/// The vendor's apps.
pub struct Apps {
    desk: Desk,
    signer: Arc<dyn Signer>,
    secrets: Arc<SharedSecrets>,
    /// One request of a tenant makes keys of apps at a time: whoever would be overtaken sees it before it makes them.
    making: Turns<TenantId>,
}

impl Apps {
    pub(crate) fn new(desk: Desk, signer: Arc<dyn Signer>, secrets: Arc<SharedSecrets>) -> Self {
        Self { desk, signer, secrets, making: Turns::default() }
    }

    /// Creates an app with two key pairs: one that signs, and one that will (`spec/keys.md` §2.4).
    pub async fn create(&self, caller: &Caller, request: &CreateApp) -> Result<AppCreated, AuthorityError> {
        let _turn = self.making.wait(caller.tenant).await;
        let keys = [FreshKey::default(), FreshKey::default()];
        self.desk.once(caller, || self.prepare(caller, request, &keys)).await
    }

    async fn prepare(
        &self,
        caller: &Caller,
        request: &CreateApp,
        [signing, next]: &[FreshKey; 2],
    ) -> Result<InsertApp, AuthorityError> {
        let name = check::name(&request.name)?;
        let slug = NewSlug::of(request.slug.as_deref(), &name)?;
        // Before keys are made for it. Between racers, the unique name and slug in the table decide.
        if table::apps::is_named(&self.desk.db, caller.tenant, &name).await? {
            return Err(AuthorityError::Refused(Code::NameTaken));
        }
        if let NewSlug::Given(Some(slug)) = &slug
            && table::apps::by_slug(&self.desk.db, caller.tenant, slug).await?.is_some()
        {
            return Err(AuthorityError::Taken { field: "slug" });
        }
        let secret = secret_text("sgs", self.desk.ids.random());
        let app = AppRow {
            id: self.desk.ids.fresh(AppId::new),
            tenant: caller.tenant,
            name,
            slug: None,
            secret_hash: self.secrets.app_secret(&secret),
            former_secret: None,
            public_key: signing.make(&*self.signer, KeyUse::App)?,
            next_public_key: next.make(&*self.signer, KeyUse::App)?,
            variables: "{}".to_owned(),
            credits: None,
            require_secret: false,
            lifetime_files: false,
            list_reported_addresses: false,
            show_labels: false,
            disabled_at: None,
            created_at: self.desk.ids.now(),
        };
        let detail = json!({ "name": request.name });
        let audit = self.desk.audit(caller, "app.created", app.id.to_string(), &detail);
        Ok(InsertApp { app, slug, secret, audit })
    }

    /// The tenant's app of that id.
    pub async fn show(&self, caller: &Caller, id: &str) -> Result<AppView, AuthorityError> {
        named::app(&self.desk, caller, id).await.map(|app| view(&app))
    }

    /// The tenant's apps, newest first.
    pub async fn list(&self, caller: &Caller, query: &CountedQuery) -> Result<Page<AppView>, AuthorityError> {
        let part = Part::new("apps", query.cursor.as_deref(), query.limit, AppId::parse)?;
        let part = part.or_count(query.count);
        let rows = |after, most| table::apps::list(&self.desk.db, caller.tenant, after, most);
        part.read(rows, |row| row.id, |row| Ok(view(row))).await
    }

    /// Changes what the app demands and hands out.
    pub async fn update(
        &self,
        caller: &Caller,
        id: &str,
        request: &UpdateApp,
    ) -> Result<AppView, AuthorityError> {
        let detail = serde_json::to_value(request).expect("a request can be written");
        let slug = request.slug.as_deref().map(slugs::given).transpose()?;
        let request = request.clone();
        let change = move |app: &mut AppRow| {
            app.slug = slug.clone().unwrap_or_else(|| app.slug.clone());
            app.require_secret = request.require_secret.unwrap_or(app.require_secret);
            app.lifetime_files = request.danger_lifetime_files.unwrap_or(app.lifetime_files);
            let list = request.list_reported_addresses;
            app.list_reported_addresses = list.unwrap_or(app.list_reported_addresses);
            app.show_labels = request.show_labels.unwrap_or(app.show_labels);
            Ok(())
        };
        self.change(caller, id, ("app.updated", detail), change).await
    }

    /// Gives the app a new secret. The former one is accepted for a while, so that builds can be exchanged.
    pub async fn rotate_secret(
        &self,
        caller: &Caller,
        id: &str,
        request: &RotateSecret,
    ) -> Result<SecretRotated, AuthorityError> {
        self.desk.once(caller, || self.new_secret(caller, id, request)).await
    }

    async fn new_secret(
        &self,
        caller: &Caller,
        id: &str,
        request: &RotateSecret,
    ) -> Result<impl Work<Output = SecretRotated, Error = AuthorityError> + Sync + use<>, AuthorityError>
    {
        let keep = request.keep_former_seconds.unwrap_or(KEEP_FORMER);
        if keep > KEEP_FORMER_MOST {
            return Err(AuthorityError::Invalid { field: "keep_former_seconds", why: "0 to 2,592,000" });
        }
        let secret = secret_text("sgs", self.desk.ids.random());
        let (hash, until) = (self.secrets.app_secret(&secret), self.desk.ids.now().plus(keep.into()));
        let change = move |app: &mut AppRow| {
            app.former_secret = Some((app.secret_hash, until));
            app.secret_hash = hash;
            Ok(())
        };
        let answer = move |app: &AppRow| SecretRotated {
            app_id: app.id.to_string(),
            app_secret: secret.clone(),
            former_secret_until: Timestamp(until),
        };
        let detail = json!({ "former_secret_until": Timestamp(until) });
        ChangeApp::new(&self.desk, caller, id, ("app.secret_rotated", detail), change, answer).await
    }

    /// Lets the published next key sign from now on (`spec/keys.md` §2.4).
    pub async fn rotate_key(
        &self,
        caller: &Caller,
        id: &str,
        _: &Nothing,
    ) -> Result<AppView, AuthorityError> {
        let _turn = self.making.wait(caller.tenant).await;
        let fresh = FreshKey::default();
        self.desk.once(caller, || self.next_key(caller, id, &fresh)).await
    }

    async fn next_key(
        &self,
        caller: &Caller,
        id: &str,
        fresh: &FreshKey,
    ) -> Result<impl Work<Output = AppView, Error = AuthorityError> + Sync + use<>, AuthorityError> {
        // Before a key is made for it, and before anything says that it signs: a key store may be older than the database.
        let next = named::app(&self.desk, caller, id).await?.next_public_key;
        // Nobody ever sees this signature, and what it signs is no answer.
        self.signer.sign(next.id(KeyUse::App), Message::AppAnswer(""))?;
        let fresh = fresh.make(&*self.signer, KeyUse::App)?;
        let change = move |app: &mut AppRow| {
            if app.next_public_key != next {
                return Err(AuthorityError::Superseded);
            }
            app.public_key = std::mem::replace(&mut app.next_public_key, fresh);
            Ok(())
        };
        let work =
            ChangeApp::new(&self.desk, caller, id, ("app.key_rotated", json!({})), change, view).await?;
        Ok(RotateKey { work, at: self.desk.ids.now() })
    }

    /// Switches an app off: its clients are refused within a second.
    pub async fn disable(&self, caller: &Caller, id: &str) -> Result<AppView, AuthorityError> {
        let now = self.desk.ids.now();
        let change = move |app: &mut AppRow| {
            app.disabled_at.get_or_insert(now);
            Ok(())
        };
        self.change(caller, id, ("app.disabled", json!({})), change).await
    }

    /// Switches an app on again.
    pub async fn enable(&self, caller: &Caller, id: &str) -> Result<AppView, AuthorityError> {
        let change = |app: &mut AppRow| {
            app.disabled_at = None;
            Ok(())
        };
        self.change(caller, id, ("app.enabled", json!({})), change).await
    }

    async fn change<C>(
        &self,
        caller: &Caller,
        id: &str,
        entry: (&'static str, Value),
        change: C,
    ) -> Result<AppView, AuthorityError>
    where
        C: Fn(&mut AppRow) -> Result<(), AuthorityError> + Send + Sync + 'static,
    {
        self.desk.write(caller, ChangeApp::new(&self.desk, caller, id, entry, change, view).await?).await
    }

    /// What the app hands to running software.
    pub async fn variables(&self, caller: &Caller, id: &str) -> Result<Variables, AuthorityError> {
        variables(&named::app(&self.desk, caller, id).await?.variables)
    }

    /// Replaces what the app hands to running software.
    pub async fn set_variables(
        &self,
        caller: &Caller,
        id: &str,
        request: &Variables,
    ) -> Result<Variables, AuthorityError> {
        let text = check::variables(&request.variables)?;
        let change = move |app: &mut AppRow| {
            app.variables.clone_from(&text);
            Ok(())
        };
        let detail = json!({ "names": request.variables.keys().collect::<Vec<_>>() });
        let answer = |app: &AppRow| app.variables.clone();
        let work =
            ChangeApp::new(&self.desk, caller, id, ("app.variables_set", detail), change, answer).await?;
        variables(&self.desk.write(caller, work).await?)
    }

    /// Changes some of what the app hands to running software, and says what it hands out now.
    pub async fn change_variables(
        &self,
        caller: &Caller,
        id: &str,
        request: &ChangeVariables,
    ) -> Result<Variables, AuthorityError> {
        let (entry, request) = (("app.variables_set", named(request)), request.clone());
        let change = move |app: &mut AppRow| {
            app.variables = sets::variables(&app.variables, &variable_changes(&request))?;
            Ok(())
        };
        let answer = |app: &AppRow| app.variables.clone();
        let work = ChangeApp::new(&self.desk, caller, id, entry, change, answer).await?;
        variables(&self.desk.write(caller, work).await?)
    }

    /// Adds credits. The first grant switches counting on.
    pub async fn grant_credits(
        &self,
        caller: &Caller,
        id: &str,
        request: &GrantCredits,
    ) -> Result<CreditsView, AuthorityError> {
        self.desk.once(caller, || self.grant(caller, id, request.amount)).await
    }

    async fn grant(
        &self,
        caller: &Caller,
        id: &str,
        amount: u32,
    ) -> Result<impl Work<Output = CreditsView, Error = AuthorityError> + Sync + use<>, AuthorityError> {
        if !(1..=GRANT_MOST).contains(&amount) {
            return Err(AuthorityError::Invalid { field: "amount", why: "1 to 1,000,000,000" });
        }
        let change = move |app: &mut AppRow| {
            let balance = app.credits.unwrap_or(0) + u64::from(amount);
            if balance > BALANCE_MOST {
                return Err(AuthorityError::Refused(Code::LimitReached));
            }
            app.credits = Some(balance);
            Ok(())
        };
        let answer = |app: &AppRow| CreditsView { balance: app.credits };
        let detail = json!({ "amount": amount });
        ChangeApp::new(&self.desk, caller, id, ("credits.granted", detail), change, answer).await
    }

    /// The app's credits.
    pub async fn credits(&self, caller: &Caller, id: &str) -> Result<CreditsView, AuthorityError> {
        named::app(&self.desk, caller, id).await.map(|app| CreditsView { balance: app.credits })
    }
}

/// Variables as they are stored.
pub(crate) fn variables(text: &str) -> Result<Variables, AuthorityError> {
    Ok(Variables { variables: stored(text)? })
}

/// What a request does to variables.
pub(crate) fn variable_changes(request: &ChangeVariables) -> sets::Change<'_, BTreeMap<String, Variable>> {
    sets::Change {
        merge: request.variables.as_ref(),
        remove: request.remove_variables.as_deref(),
        replace: None,
    }
}

/// The same for the audit log, which names variables and not what they hold.
pub(crate) fn named(request: &ChangeVariables) -> Value {
    let names: Vec<_> = request.variables.iter().flatten().map(|(name, _)| name).collect();
    json!({ "names": names, "removed": request.remove_variables })
}

fn view(app: &AppRow) -> AppView {
    AppView {
        app_id: app.id.to_string(),
        name: app.name.clone(),
        slug: app.slug.as_ref().map(Slug::to_string),
        public_key: app.public_key.to_string(),
        next_public_key: app.next_public_key.to_string(),
        public_key_spki: encode_base64(&app.public_key.to_spki()),
        credits: app.credits,
        require_secret: app.require_secret,
        danger_lifetime_files: app.lifetime_files,
        list_reported_addresses: app.list_reported_addresses,
        show_labels: app.show_labels,
        former_secret_until: app.former_secret.map(|(_, until)| Timestamp(until)),
        disabled_at: app.disabled_at.map(Timestamp),
        created_at: Timestamp(app.created_at),
    }
}

struct InsertApp {
    /// Without its slug.
    app: AppRow,
    slug: NewSlug,
    secret: String,
    audit: AuditRow,
}

impl Work for InsertApp {
    type Output = AppCreated;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<AppCreated, AuthorityError> {
        let tenant = self.app.tenant;
        if table::apps::is_named(&mut *tx, tenant, &self.app.name).await? {
            return Err(AuthorityError::Refused(Code::NameTaken));
        }
        let app = AppRow { slug: self.slug.choose(tx, Among::Apps(tenant)).await?, ..self.app.clone() };
        match table::apps::insert(tx, &app).await {
            // Another process was faster, with the name or the slug.
            Err(StoreError::Duplicate) => return Err(AuthorityError::Superseded),
            done => done?,
        }
        table::audit::insert(tx, &self.audit).await?;
        Ok(AppCreated {
            app_id: self.app.id.to_string(),
            slug: app.slug.map(|slug| slug.to_string()),
            app_secret: self.secret.clone(),
            public_key: self.app.public_key.to_string(),
            next_public_key: self.app.next_public_key.to_string(),
            public_key_spki: encode_base64(&self.app.public_key.to_spki()),
        })
    }
}

/// Changes the app as it is at that moment, and answers from what it became. What changes nothing leaves no trace.
struct ChangeApp<C, V> {
    id: AppId,
    change: C,
    answer: V,
    audit: AuditRow,
}

impl<C, V> ChangeApp<C, V> {
    async fn new(
        desk: &Desk,
        caller: &Caller,
        id: &str,
        (action, detail): (&'static str, Value),
        change: C,
        answer: V,
    ) -> Result<Self, AuthorityError> {
        let id = named::app_id(desk, caller, id).await?;
        Ok(Self { id, change, answer, audit: desk.audit(caller, action, id.to_string(), &detail) })
    }
}

impl<C, V, T> Work for ChangeApp<C, V>
where
    C: Fn(&mut AppRow) -> Result<(), AuthorityError> + Send + Sync + 'static,
    V: Fn(&AppRow) -> T + Send + Sync + 'static,
    T: Send,
{
    type Output = T;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<T, AuthorityError> {
        let before = table::apps::find(&mut *tx, self.audit.tenant, self.id).await?;
        let before = before.ok_or_else(|| AuthorityError::unknown("app", &self.id.to_string()))?;
        let mut app = before.clone();
        (self.change)(&mut app)?;
        if app.slug != before.slug {
            Among::Apps(app.tenant).unless_taken(tx, app.slug.as_ref()).await?;
        }
        if app != before {
            match table::apps::store(tx, &app).await {
                Err(StoreError::Duplicate) => return Err(AuthorityError::Taken { field: "slug" }),
                done => done?,
            }
            table::audit::insert(tx, &self.audit).await?;
        }
        Ok((self.answer)(&app))
    }
}

/// Also keeps the key that signed until now: it verifies what builds hold.
struct RotateKey<W> {
    work: W,
    at: UnixSeconds,
}

impl<C, V, T> Work for RotateKey<ChangeApp<C, V>>
where
    C: Fn(&mut AppRow) -> Result<(), AuthorityError> + Send + Sync + 'static,
    V: Fn(&AppRow) -> T + Send + Sync + 'static,
    T: Send + Serialize,
{
    type Output = T;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<T, AuthorityError> {
        let before = table::apps::find(&mut *tx, self.work.audit.tenant, self.work.id).await?;
        let before = before.ok_or_else(|| AuthorityError::unknown("app", &self.work.id.to_string()))?;
        let retired = KeyRow {
            public_key: before.public_key,
            key_use: KeyUse::App,
            scope: KeyScope::App(before.id),
            state: KeyStage::Retired,
            published_at: before.created_at,
            ended_at: Some(self.at),
        };
        table::keys::upsert(tx, &retired).await?;
        self.work.run(tx).await
    }
}
