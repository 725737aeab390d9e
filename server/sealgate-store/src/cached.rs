//! What validations read again and again: from memory where that is fresh.

use std::sync::Arc;

use moka::sync::Cache;
use sealgate_artifact::{AppId, LicenseId};

use crate::cache::Kept;
use crate::table::{KeyHash, foreign_keys, licenses};
use crate::{AppEntry, Db, LicenseEntry, StoreError};

impl Db {
    /// An app of any tenant, at most a second old.
    pub async fn cached_app(&self, id: AppId) -> Result<Option<Arc<AppEntry>>, StoreError> {
        through(self, &self.caches.apps, id, || self.read_app(id)).await
    }

    async fn read_app(&self, id: AppId) -> Result<Option<AppEntry>, StoreError> {
        let entry = AppEntry::read(self, id).await?;
        if entry.as_ref().is_some_and(|entry| entry.is_crowded) && self.caches.note_crowded(id) {
            tracing::warn!(
                app = %id,
                "the app has more access entries than there may be, and some do not count: somebody else has rights on this table"
            );
        }
        Ok(entry)
    }

    /// An app of any tenant as it was when it was last read, if that was not long ago. For counting only.
    pub fn remembered_app(&self, id: AppId) -> Option<Arc<AppEntry>> {
        self.caches.apps.get(&id)
    }

    /// The app's license of that key with its devices, at most a second old. The time that this takes does not tell the
    /// key of another app from one that nobody has.
    pub async fn cached_license(
        &self,
        app: AppId,
        key: KeyHash,
    ) -> Result<Option<Arc<LicenseEntry>>, StoreError> {
        let read = || LicenseEntry::read(self, app, key);
        through(self, &self.caches.licenses, (app, key), read).await
    }

    /// The same by a key that the license brought along from elsewhere.
    pub async fn cached_license_of_foreign_key(
        &self,
        app: AppId,
        key: KeyHash,
    ) -> Result<Option<Arc<LicenseEntry>>, StoreError> {
        let place = || async move { Ok(foreign_keys::own_key(self, app, key).await?.map(|own| (app, own))) };
        self.kept(&self.caches.of_foreign_keys, (app, key), place).await
    }

    /// The same for callers that do not say as which app they ask.
    pub async fn cached_license_of_key(&self, key: KeyHash) -> Result<Option<Arc<LicenseEntry>>, StoreError> {
        self.kept(&self.caches.of_keys, key, || licenses::app_of(self, key)).await
    }

    /// The same for callers that name the license by its id.
    pub async fn cached_license_of_id(&self, id: LicenseId) -> Result<Option<Arc<LicenseEntry>>, StoreError> {
        self.kept(&self.caches.of_ids, id, || licenses::key_of(self, id)).await
    }

    async fn kept<K: std::hash::Hash + Eq + Send + Sync + 'static, R>(
        &self,
        places: &Cache<K, Kept>,
        name: K,
        read: impl FnOnce() -> R,
    ) -> Result<Option<Arc<LicenseEntry>>, StoreError>
    where
        R: Future<Output = Result<Option<Kept>, StoreError>>,
    {
        if let Some((app, key)) = places.get(&name)
            && let Some(entry) = self.cached_license(app, key).await?
        {
            return Ok(Some(entry));
        }
        // Nobody asked before, or the license got another key meanwhile.
        let place = Box::pin(read()).await?.inspect(|place| places.insert(name, *place));
        let Some((app, key)) = place else { return Ok(None) };
        self.cached_license(app, key).await
    }
}

/// Answers from memory when that is provably fresh, else reads and remembers. What is not found is not remembered, so
/// that guesses cannot push out what customers use. Only a reading takes the room that it needs, in a box.
async fn through<K, V, R>(
    db: &Db,
    cache: &Cache<K, Arc<V>>,
    key: K,
    read: impl FnOnce() -> R,
) -> Result<Option<Arc<V>>, StoreError>
where
    K: std::hash::Hash + Eq + Copy + Send + Sync + 'static,
    V: Send + Sync + 'static,
    R: Future<Output = Result<Option<V>, StoreError>>,
{
    let current = db.cache_is_current();
    if current && let Some(value) = cache.get(&key) {
        return Ok(Some(value));
    }
    let generation = db.cache_generation();
    let Some(value) = Box::pin(read()).await?.map(Arc::new) else {
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
