//! What keys there are.

use sealgate_artifact::{KeyId, KeyUse, PublicKey, UnixSeconds};
use sealgate_store::{AppRow, KeyRow, KeyStage, read};

use super::super::bootstrap::INSTALLATION;
use crate::{Authority, AuthorityError, Caller};

/// Apps that are read at once.
const PAGE: u32 = 200;

/// A key as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// Its name.
    pub keyid: KeyId,
    /// What it is for.
    pub key_use: KeyUse,
    /// `installation`, the tenant's id, or an app's.
    pub scope: String,
    /// The key.
    pub public_key: PublicKey,
    /// When it was published.
    pub not_before: UnixSeconds,
    /// When it was retired or revoked.
    pub not_after: Option<UnixSeconds>,
    /// Where it is in its life.
    pub state: KeyStage,
}

/// The keys of the installation, of the caller's tenant, and of its apps.
pub async fn list_keys(a: &Authority, caller: &Caller) -> Result<Vec<ListedKey>, AuthorityError> {
    let mut listed = vec![];
    for scope in [INSTALLATION, &caller.tenant.to_string()] {
        listed.extend(read::keys::of_scope(&a.db, scope).await?.into_iter().map(of_row));
    }
    let mut before = None;
    loop {
        let apps = read::apps::list(&a.db, caller.tenant, before, PAGE).await?;
        listed.extend(apps.iter().flat_map(of_app));
        match apps.last() {
            Some(app) if apps.len() == PAGE as usize => before = Some(app.id),
            _ => return Ok(listed),
        }
    }
}

fn of_row(key: KeyRow) -> ListedKey {
    ListedKey {
        keyid: key.public_key.id(key.key_use),
        key_use: key.key_use,
        scope: key.scope,
        public_key: key.public_key,
        not_before: key.published_at,
        not_after: key.ended_at,
        state: key.state,
    }
}

/// Builds embed both (`spec/keys.md` §2.4).
fn of_app(app: &AppRow) -> [ListedKey; 2] {
    [(app.public_key, KeyStage::Active), (app.next_public_key, KeyStage::Next)].map(|(public_key, state)| {
        ListedKey {
            keyid: public_key.id(KeyUse::App),
            key_use: KeyUse::App,
            scope: app.id.to_string(),
            public_key,
            not_before: app.created_at,
            not_after: None,
            state,
        }
    })
}
