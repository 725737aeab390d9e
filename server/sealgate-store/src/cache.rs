//! What validations read again and again, kept in memory.

use std::sync::Arc;

use moka::sync::Cache;
use sealgate_artifact::{AppId, LicenseId};

use crate::{AccessRow, AppRow, Db, KeyHash, LicenseRow, StoreError};

/// Entries kept at most; about 60 MiB when all of them are long.
const LICENSES: u64 = 120_000;
const APPS: u64 = 10_000;

/// What a cached entry is about. Its text form travels in change records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An app.
    App(AppId),
    /// A license, by the hash of its key.
    License(KeyHash),
}

impl Subject {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("app", id) => AppId::parse(id).ok().map(Self::App),
            ("license", hash) => KeyHash::parse(hash).map(Self::License),
            _ => None,
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::App(id) => write!(f, "app:{id}"),
            Self::License(hash) => write!(f, "license:{hash}"),
        }
    }
}

/// An app with all that decides whether it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppEntry {
    /// The app.
    pub app: AppRow,
    /// Whether its tenant is suspended.
    pub tenant_suspended: bool,
    /// Its access lists.
    pub access: Vec<AccessRow>,
}

/// A license with the devices that hold its seats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenseEntry {
    /// The license.
    pub license: LicenseRow,
    /// Its devices, unless there are more than are worth keeping.
    pub devices: Option<Vec<String>>,
}

pub(crate) struct Caches {
    apps: Cache<AppId, Arc<AppEntry>>,
    licenses: Cache<KeyHash, Arc<LicenseEntry>>,
    /// Under which key a license is kept. A license never gets another key, so this is never forgotten.
    keys: Cache<LicenseId, KeyHash>,
}

impl Default for Caches {
    fn default() -> Self {
        Self { apps: Cache::new(APPS), licenses: Cache::new(LICENSES), keys: Cache::new(LICENSES) }
    }
}

impl Caches {
    pub(crate) fn forget(&self, subject: &Subject) {
        match subject {
            Subject::App(id) => self.apps.invalidate(id),
            Subject::License(hash) => self.licenses.invalidate(hash),
        }
    }

    pub(crate) fn forget_all(&self) {
        self.apps.invalidate_all();
        self.licenses.invalidate_all();
    }
}

impl Db {
    /// An app of any tenant, at most a second old.
    pub async fn cached_app(&self, id: AppId) -> Result<Option<Arc<AppEntry>>, StoreError> {
        through(self, &self.caches.apps, id, crate::read::apps::entry(self, id)).await
    }

    /// A license of any tenant with its devices, at most a second old.
    pub async fn cached_license(&self, key: KeyHash) -> Result<Option<Arc<LicenseEntry>>, StoreError> {
        through(self, &self.caches.licenses, key, crate::read::licenses::entry(self, key)).await
    }

    /// The same for a caller that asks as one app. The time that this takes must not tell the key of another app from
    /// one that nobody has. So a license of another app is no find in memory either: then the database is asked for
    /// something that is not there.
    pub async fn cached_license_of_app(
        &self,
        app: AppId,
        key: KeyHash,
    ) -> Result<Option<Arc<LicenseEntry>>, StoreError> {
        let is_anothers = |entry: Arc<LicenseEntry>| entry.license.app != app;
        let key = if self.caches.licenses.get(&key).is_some_and(is_anothers) { nobodys(key) } else { key };
        let read = crate::read::licenses::entry_of_app(self, app, key);
        through(self, &self.caches.licenses, key, read).await
    }

    /// The same for callers that name the license by its id.
    pub async fn cached_license_of_id(&self, id: LicenseId) -> Result<Option<Arc<LicenseEntry>>, StoreError> {
        let key = match self.caches.keys.get(&id) {
            Some(key) => key,
            None => match crate::read::licenses::key_of(self, id).await? {
                Some(key) => {
                    self.caches.keys.insert(id, key);
                    key
                }
                None => return Ok(None),
            },
        };
        self.cached_license(key).await
    }
}

/// What no license has: two hashes that are each other's complement do not come about.
fn nobodys(key: KeyHash) -> KeyHash {
    KeyHash(key.0.map(|byte| !byte))
}

/// Answers from memory when that is provably fresh, else reads and remembers. What is not found is not remembered, so
/// that guesses cannot push out what customers use.
async fn through<K, V>(
    db: &Db,
    cache: &Cache<K, Arc<V>>,
    key: K,
    read: impl Future<Output = Result<Option<V>, StoreError>>,
) -> Result<Option<Arc<V>>, StoreError>
where
    K: std::hash::Hash + Eq + Copy + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    let current = db.cache_is_current();
    if current && let Some(value) = cache.get(&key) {
        return Ok(Some(value));
    }
    let generation = db.cache_generation();
    let Some(value) = read.await?.map(Arc::new) else {
        return Ok(None);
    };
    // A change that was made while the row was being read may not be in it: then it is used once and not kept. The
    // second look catches a change between the first look and the insertion.
    if current && db.cache_generation() == generation {
        cache.insert(key, Arc::clone(&value));
        if db.cache_generation() != generation {
            cache.invalidate(&key);
        }
    }
    Ok(Some(value))
}
