//! Apps: what a vendor sells.

use sealgate_artifact::{AppId, Code, KeyUse, UnixSeconds, encode_base64};
use sealgate_store::{AppRow, AuditRow, KeyRow, KeyStage, StoreError, Tx, Work, read, write};
use sealgate_wire::{
    AppCreated, AppView, CreateApp, CreditsView, GrantCredits, Nothing, Page, PageQuery, RotateSecret,
    SecretRotated, Timestamp, UpdateApp, Variables,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::check;
use super::page::Part;
use crate::secrets::secret_text;
use crate::{Authority, AuthorityError, Caller};

/// How long a former secret is taken when nobody says otherwise.
const KEEP_FORMER: u32 = 24 * 60 * 60;
const KEEP_FORMER_MOST: u32 = 30 * 24 * 60 * 60;
const GRANT_MOST: u32 = 1_000_000_000;
/// More would be a mistake, and sums stay far below what the columns hold.
const BALANCE_MOST: u64 = 1_000_000_000_000;

/// Creates an app with two key pairs: one that signs, one that will (`spec/keys.md` §2.4).
pub async fn create_app(
    a: &Authority,
    caller: &Caller,
    wish: &CreateApp,
) -> Result<AppCreated, AuthorityError> {
    if let Some(done) = a.answered(caller).await? {
        return Ok(done);
    }
    check::name(&wish.name)?;
    // Before keys are made for it; the unique name in the table decides between racers.
    if read::apps::is_named(&a.db, caller.tenant, &wish.name).await? {
        return Err(AuthorityError::Refused(Code::NameTaken));
    }
    let (millis, random) = a.new_id();
    let secret = secret_text("sgs", a.random());
    let app = AppRow {
        id: AppId::new(millis, random),
        tenant: caller.tenant,
        name: wish.name.clone(),
        secret_hash: a.secrets.app_secret(&secret),
        former_secret: None,
        public_key: a.signer.generate(KeyUse::App)?,
        next_public_key: a.signer.generate(KeyUse::App)?,
        variables: "{}".to_owned(),
        credits: None,
        require_secret: false,
        lifetime_files: false,
        disabled_at: None,
        created_at: a.now(),
    };
    let audit = a.audit_row(caller, "app.created", app.id.to_string(), &json!({ "name": wish.name }));
    a.commit_once(caller, InsertApp { app, secret, audit }).await
}

/// The tenant's app of that id.
pub async fn show_app(a: &Authority, caller: &Caller, id: &str) -> Result<AppView, AuthorityError> {
    find(a, caller, id).await.map(|app| view(&app))
}

/// The tenant's apps, newest first.
pub async fn list_apps(
    a: &Authority,
    caller: &Caller,
    query: &PageQuery,
) -> Result<Page<AppView>, AuthorityError> {
    let part = Part::new("apps", query.cursor.as_deref(), query.limit, AppId::parse)?;
    let rows = read::apps::list(&a.db, caller.tenant, part.after, part.rows()).await?;
    Ok(part.page(rows, |row| row.id.to_string(), view))
}

/// Changes what the app demands and hands out.
pub async fn update_app(
    a: &Authority,
    caller: &Caller,
    id: &str,
    wish: &UpdateApp,
) -> Result<AppView, AuthorityError> {
    let detail = serde_json::to_value(wish).expect("a wish can be written");
    let wish = wish.clone();
    let change = move |app: &mut AppRow| {
        app.require_secret = wish.require_secret.unwrap_or(app.require_secret);
        app.lifetime_files = wish.danger_lifetime_files.unwrap_or(app.lifetime_files);
        Ok(())
    };
    a.db.write(ChangeApp::new(a, caller, id, ("app.updated", detail), change, view)?).await
}

/// Gives the app a new secret. The former one is taken for a while, so that builds can be exchanged.
pub async fn rotate_secret(
    a: &Authority,
    caller: &Caller,
    id: &str,
    wish: &RotateSecret,
) -> Result<SecretRotated, AuthorityError> {
    if let Some(done) = a.answered(caller).await? {
        return Ok(done);
    }
    let keep = wish.keep_former_seconds.unwrap_or(KEEP_FORMER);
    if keep > KEEP_FORMER_MOST {
        return Err(AuthorityError::Invalid { field: "keep_former_seconds", why: "0 to 2,592,000" });
    }
    let secret = secret_text("sgs", a.random());
    let (hash, until) = (a.secrets.app_secret(&secret), a.now().plus(keep.into()));
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
    let detail = json!({ "former_secret_until": until.get() });
    a.commit_once(caller, ChangeApp::new(a, caller, id, ("app.secret_rotated", detail), change, answer)?)
        .await
}

/// Lets the published next key sign from now on (`spec/keys.md` §2.4).
pub async fn rotate_app_key(
    a: &Authority,
    caller: &Caller,
    id: &str,
    _: &Nothing,
) -> Result<AppView, AuthorityError> {
    if let Some(done) = a.answered(caller).await? {
        return Ok(done);
    }
    // Before a key is made for it.
    find(a, caller, id).await?;
    let fresh = a.signer.generate(KeyUse::App)?;
    let change = move |app: &mut AppRow| {
        app.public_key = std::mem::replace(&mut app.next_public_key, fresh);
        Ok(())
    };
    let work = ChangeApp::new(a, caller, id, ("app.key_rotated", json!({})), change, view)?;
    a.commit_once(caller, RotateKey { work, at: a.now() }).await
}

/// Switches an app off: its clients are refused within a second.
pub async fn disable_app(a: &Authority, caller: &Caller, id: &str) -> Result<AppView, AuthorityError> {
    let now = a.now();
    let change = move |app: &mut AppRow| {
        app.disabled_at.get_or_insert(now);
        Ok(())
    };
    a.db.write(ChangeApp::new(a, caller, id, ("app.disabled", json!({})), change, view)?).await
}

/// Switches an app on again.
pub async fn enable_app(a: &Authority, caller: &Caller, id: &str) -> Result<AppView, AuthorityError> {
    let change = |app: &mut AppRow| {
        app.disabled_at = None;
        Ok(())
    };
    a.db.write(ChangeApp::new(a, caller, id, ("app.enabled", json!({})), change, view)?).await
}

/// What the app hands to running software.
pub async fn app_variables(a: &Authority, caller: &Caller, id: &str) -> Result<Variables, AuthorityError> {
    variables(&find(a, caller, id).await?.variables)
}

/// Replaces what the app hands to running software.
pub async fn set_app_variables(
    a: &Authority,
    caller: &Caller,
    id: &str,
    wish: &Variables,
) -> Result<Variables, AuthorityError> {
    let text = check::variables(&wish.variables)?;
    let change = move |app: &mut AppRow| {
        app.variables.clone_from(&text);
        Ok(())
    };
    let detail = json!({ "names": wish.variables.keys().collect::<Vec<_>>() });
    let work = ChangeApp::new(a, caller, id, ("app.variables_set", detail), change, |app: &AppRow| {
        app.variables.clone()
    })?;
    variables(&a.db.write(work).await?)
}

/// Adds credits. The first grant switches counting on.
pub async fn grant_credits(
    a: &Authority,
    caller: &Caller,
    id: &str,
    wish: &GrantCredits,
) -> Result<CreditsView, AuthorityError> {
    if let Some(done) = a.answered(caller).await? {
        return Ok(done);
    }
    let amount = wish.amount;
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
    a.commit_once(caller, ChangeApp::new(a, caller, id, ("credits.granted", detail), change, answer)?).await
}

/// The app's credits.
pub async fn show_credits(a: &Authority, caller: &Caller, id: &str) -> Result<CreditsView, AuthorityError> {
    find(a, caller, id).await.map(|app| CreditsView { balance: app.credits })
}

/// The tenant's app of that id, as it is stored.
pub(super) async fn find(a: &Authority, caller: &Caller, id: &str) -> Result<AppRow, AuthorityError> {
    let unknown = || AuthorityError::Refused(Code::NotFound);
    let id = AppId::parse(id).map_err(|_| unknown())?;
    read::apps::find(&a.db, caller.tenant, id).await?.ok_or_else(unknown)
}

/// What was stored as JSON.
pub(super) fn variables(text: &str) -> Result<Variables, AuthorityError> {
    let variables = serde_json::from_str(text).map_err(|_| AuthorityError::Refused(Code::SystemError))?;
    Ok(Variables { variables })
}

fn view(app: &AppRow) -> AppView {
    AppView {
        app_id: app.id.to_string(),
        name: app.name.clone(),
        public_key: app.public_key.to_string(),
        next_public_key: app.next_public_key.to_string(),
        public_key_spki: encode_base64(&app.public_key.to_spki()),
        credits: app.credits,
        require_secret: app.require_secret,
        danger_lifetime_files: app.lifetime_files,
        former_secret_until: app.former_secret.map(|(_, until)| Timestamp(until)),
        disabled_at: app.disabled_at.map(Timestamp),
        created_at: Timestamp(app.created_at),
    }
}

struct InsertApp {
    app: AppRow,
    secret: String,
    audit: AuditRow,
}

impl Work for InsertApp {
    type Output = AppCreated;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<AppCreated, AuthorityError> {
        match write::apps::insert(tx, &self.app).await {
            Err(StoreError::Duplicate) => return Err(AuthorityError::Refused(Code::NameTaken)),
            done => done?,
        }
        write::records::audit(tx, &self.audit).await?;
        Ok(AppCreated {
            app_id: self.app.id.to_string(),
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
    fn new(
        a: &Authority,
        caller: &Caller,
        id: &str,
        (action, detail): (&'static str, Value),
        change: C,
        answer: V,
    ) -> Result<Self, AuthorityError> {
        let id = AppId::parse(id).map_err(|_| AuthorityError::Refused(Code::NotFound))?;
        Ok(Self { id, change, answer, audit: a.audit_row(caller, action, id.to_string(), &detail) })
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
        let before = read::apps::current(tx, self.audit.tenant, self.id).await?;
        let before = before.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let mut app = before.clone();
        (self.change)(&mut app)?;
        if app != before {
            write::apps::store(tx, &app).await?;
            write::records::audit(tx, &self.audit).await?;
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
        let before = read::apps::current(tx, self.work.audit.tenant, self.work.id).await?;
        let before = before.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let retired = KeyRow {
            public_key: before.public_key,
            key_use: KeyUse::App,
            scope: before.id.to_string(),
            state: KeyStage::Retired,
            published_at: before.created_at,
            ended_at: Some(self.at),
        };
        write::keys::put(tx, &retired).await?;
        self.work.run(tx).await
    }
}
