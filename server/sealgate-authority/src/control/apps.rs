//! Apps: what a vendor sells.

use sealgate_artifact::{AppId, Code, KeyUse};
use sealgate_store::{AppRow, AuditRow, StoreError, Tx, Work, read, write};
use serde_json::json;

use super::page;
use crate::secrets::secret_text;
use crate::{Authority, AuthorityError, Caller};

const NAME_CHARS: usize = 64;
/// What cursors of the list of apps begin with.
const LIST: &str = "apps";

/// A new app, with the one sight of its secret.
pub struct NewApp {
    /// The app.
    pub app: AppRow,
    /// The secret for `/auth/*`. Shown now or never.
    pub secret: String,
}

/// Creates an app with two key pairs: one that signs, one that will (`spec/keys.md` §2.4).
pub async fn create_app(a: &Authority, caller: &Caller, name: &str) -> Result<NewApp, AuthorityError> {
    check_name(name)?;
    // Before keys are made for it; the unique name in the table decides between racers.
    if read::apps::is_named(&a.db, caller.tenant, name).await? {
        return Err(AuthorityError::Refused(Code::NameTaken));
    }
    let (millis, random) = a.new_id();
    let secret = secret_text("sgs", a.random());
    let app = AppRow {
        id: AppId::new(millis, random),
        tenant: caller.tenant,
        name: name.to_owned(),
        secret_hash: a.secrets.app_secret(&secret),
        public_key: a.signer.generate(KeyUse::App)?,
        next_public_key: a.signer.generate(KeyUse::App)?,
        created_at: a.now(),
    };
    let audit = a.audit_row(caller, "app.created", app.id.to_string(), &json!({ "name": name }));
    a.db.write(CreateApp { app: app.clone(), audit }).await?;
    Ok(NewApp { app, secret })
}

/// The tenant's app of that id.
pub async fn show_app(a: &Authority, caller: &Caller, id: &str) -> Result<AppRow, AuthorityError> {
    let id = AppId::parse(id).map_err(|_| AuthorityError::Refused(Code::NotFound))?;
    read::apps::find(&a.db, caller.tenant, id).await?.ok_or(AuthorityError::Refused(Code::NotFound))
}

/// The tenant's apps, newest first, after the one that `cursor` names.
pub async fn list_apps(
    a: &Authority,
    caller: &Caller,
    cursor: Option<&str>,
    limit: Option<u32>,
) -> Result<(Vec<AppRow>, Option<String>), AuthorityError> {
    let before = page::after(LIST, cursor, AppId::parse)?;
    let size = page::size(limit);
    let mut apps = read::apps::list(&a.db, caller.tenant, before, size + 1).await?;
    let next =
        (apps.len() > size as usize).then(|| page::cursor(LIST, &apps[size as usize - 1].id.to_string()));
    apps.truncate(size as usize);
    Ok((apps, next))
}

struct CreateApp {
    app: AppRow,
    audit: AuditRow,
}

impl Work for CreateApp {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        match write::apps::insert(tx, &self.app).await {
            Err(StoreError::Duplicate) => return Err(AuthorityError::Refused(Code::NameTaken)),
            done => done?,
        }
        Ok(write::records::audit(tx, &self.audit).await?)
    }
}

fn check_name(name: &str) -> Result<(), AuthorityError> {
    let chars = name.chars().count();
    if !(1..=NAME_CHARS).contains(&chars) || name.chars().any(char::is_control) || name.trim() != name {
        return Err(AuthorityError::Invalid {
            field: "name",
            why: "1 to 64 characters, none of them a control character, no space at the ends",
        });
    }
    Ok(())
}
