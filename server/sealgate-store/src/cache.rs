//! What validations read again and again, kept in memory.

use std::sync::Arc;

use moka::sync::Cache;
use sealgate_artifact::{AppId, Device, LicenseId};

use crate::table::{AccessRow, AppRow, KeyHash, LicenseRow, apps, licenses};
use crate::{Db, StoreError};

/// Entries kept at most; about 60 MiB when all of them are long.
const LICENSES: u64 = 120_000;
const APPS: u64 = 10_000;

/// What a cached entry is about. Its text form travels in change records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An app.
    App(AppId),
    /// A license, by its app and the hash of its key.
    License(AppId, KeyHash),
}

impl Subject {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("app", id) => AppId::parse(id).ok().map(Self::App),
            ("license", names) => {
                let (app, hash) = names.split_once(':')?;
                Some(Self::License(AppId::parse(app).ok()?, KeyHash::parse(hash)?))
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::App(id) => write!(f, "app:{id}"),
            Self::License(app, hash) => write!(f, "license:{app}:{hash}"),
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
    pub devices: Option<Vec<Device>>,
}

/// Where a license is kept.
type Kept = (AppId, KeyHash);

pub(crate) struct Caches {
    apps: Cache<AppId, Arc<AppEntry>>,
    /// By the app as well: one that asks for the key of another finds as little as for one that nobody has, and in the
    /// same time.
    licenses: Cache<Kept, Arc<LicenseEntry>>,
    /// Where a license is kept. It never gets another app or key, so this is never forgotten.
    of_keys: Cache<KeyHash, Kept>,
    of_ids: Cache<LicenseId, Kept>,
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            apps: Cache::new(APPS),
            licenses: Cache::new(LICENSES),
            of_keys: Cache::new(LICENSES),
            of_ids: Cache::new(LICENSES),
        }
    }
}

impl Caches {
    pub(crate) fn forget(&self, subject: &Subject) {
        match subject {
            Subject::App(id) => self.apps.invalidate(id),
            Subject::License(app, hash) => self.licenses.invalidate(&(*app, *hash)),
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
        through(self, &self.caches.apps, id, apps::entry(self, id)).await
    }

    /// The app's license of that key with its devices, at most a second old. The time that this takes does not tell the
    /// key of another app from one that nobody has.
    pub async fn cached_license(
        &self,
        app: AppId,
        key: KeyHash,
    ) -> Result<Option<Arc<LicenseEntry>>, StoreError> {
        let read = licenses::entry(self, app, key);
        through(self, &self.caches.licenses, (app, key), read).await
    }

    /// The same for callers that do not say as which app they ask.
    pub async fn cached_license_of_key(&self, key: KeyHash) -> Result<Option<Arc<LicenseEntry>>, StoreError> {
        self.kept(&self.caches.of_keys, key, licenses::app_of(self, key)).await
    }

    /// The same for callers that name the license by its id.
    pub async fn cached_license_of_id(&self, id: LicenseId) -> Result<Option<Arc<LicenseEntry>>, StoreError> {
        self.kept(&self.caches.of_ids, id, licenses::key_of(self, id)).await
    }

    async fn kept<K: std::hash::Hash + Eq + Send + Sync + 'static>(
        &self,
        places: &Cache<K, Kept>,
        name: K,
        read: impl Future<Output = Result<Option<Kept>, StoreError>>,
    ) -> Result<Option<Arc<LicenseEntry>>, StoreError> {
        let place = match places.get(&name) {
            Some(place) => Some(place),
            None => read.await?.inspect(|place| places.insert(name, *place)),
        };
        let Some((app, key)) = place else { return Ok(None) };
        self.cached_license(app, key).await
    }
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
