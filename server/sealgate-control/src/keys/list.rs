//! What keys there are.

use sealgate_artifact::KeyUse;
use sealgate_authority::AuthorityError;
use sealgate_store::Db;
use sealgate_store::table::{self, AppRow, KeyRow, KeyScope, KeyStage};
use sealgate_wire::{KeyView, Page, Timestamp};

use crate::Caller;

/// Apps that are read at once.
const PAGE: u32 = 200;

/// The keys of the installation, of the caller's tenant, and of its apps.
pub(super) async fn all(db: &Db, caller: &Caller) -> Result<Page<KeyView>, AuthorityError> {
    let mut rows = vec![];
    for scope in [KeyScope::Installation, KeyScope::Tenant(caller.tenant)] {
        rows.extend(table::keys::of_scope(db, scope).await?);
    }
    rows.extend(table::keys::of_apps(db, caller.tenant).await?);
    let mut before = None;
    loop {
        let apps = table::apps::list(db, caller.tenant, before, PAGE).await?;
        rows.extend(apps.iter().flat_map(of_app));
        match apps.last() {
            Some(app) if apps.len() == PAGE as usize => before = Some(app.id),
            _ => return Ok(Page { items: rows.iter().map(view).collect(), next_cursor: None }),
        }
    }
}

/// Builds embed both (`spec/keys.md` §2.4).
fn of_app(app: &AppRow) -> [KeyRow; 2] {
    [(app.public_key, KeyStage::Active), (app.next_public_key, KeyStage::Next)].map(|(public_key, state)| {
        KeyRow {
            public_key,
            key_use: KeyUse::App,
            scope: KeyScope::App(app.id),
            state,
            published_at: app.created_at,
            ended_at: None,
        }
    })
}

fn view(key: &KeyRow) -> KeyView {
    KeyView {
        keyid: key.public_key.id(key.key_use).to_string(),
        r#use: key.key_use.to_string(),
        scope: key.scope.to_string(),
        public_key: key.public_key.to_string(),
        not_before: Timestamp(key.published_at),
        not_after: key.ended_at.map(Timestamp),
        state: key.state.as_str().to_owned(),
    }
}
