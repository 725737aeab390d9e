//! What is kept in memory.

use std::hash::Hash;
use std::sync::Arc;

use moka::sync::Cache;
use sealgate_artifact::{AppId, LicenseId};

use crate::entry::{AppEntry, LicenseEntry};
use crate::key_hash::KeyHash;
use crate::subject::Subject;

/// What is kept at most, in bytes: 120,000 licenses as most are sold, or fewer with long terms.
const LICENSE_BYTES: u64 = 80 * 1024 * 1024;
/// The same for apps and their access lists.
const APP_BYTES: u64 = 32 * 1024 * 1024;
/// Names of fixed size that are kept at most.
const LICENSES: u64 = 120_000;
const APPS: u64 = 10_000;

/// Where a license is kept.
pub(crate) type Kept = (AppId, KeyHash);

pub(crate) struct Caches {
    pub(crate) apps: Cache<AppId, Arc<AppEntry>>,
    /// By the app as well: an app that asks for another app's license key misses as it does for an unknown key, and in
    /// the same time.
    pub(crate) licenses: Cache<Kept, Arc<LicenseEntry>>,
    /// Where a license is kept. One that got another key is no longer there, and is looked for again.
    pub(crate) of_keys: Cache<KeyHash, Kept>,
    pub(crate) of_ids: Cache<LicenseId, Kept>,
    /// The same by the app and a key from elsewhere.
    pub(crate) of_foreign_keys: Cache<Kept, Kept>,
    /// Apps of which the log said that they have too many access entries.
    crowded: Cache<AppId, ()>,
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            apps: weighed(APP_BYTES, AppEntry::bytes),
            licenses: weighed(LICENSE_BYTES, LicenseEntry::bytes),
            of_keys: Cache::new(LICENSES),
            of_ids: Cache::new(LICENSES),
            of_foreign_keys: Cache::new(LICENSES),
            crowded: Cache::new(APPS),
        }
    }
}

/// A cache of at most so many bytes: one vendor's long entries must not take the memory of all.
fn weighed<K, V>(most: u64, bytes: fn(&V) -> usize) -> Cache<K, Arc<V>>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    let weigh = move |_: &K, value: &Arc<V>| u32::try_from(bytes(value)).unwrap_or(u32::MAX);
    Cache::builder().max_capacity(most).weigher(weigh).build()
}

impl Caches {
    pub(crate) fn forget(&self, subject: &Subject) {
        match subject {
            Subject::App(id) => self.apps.invalidate(id),
            Subject::AppsOf(tenant) => {
                let theirs = self.apps.iter().filter(|(_, entry)| entry.app.tenant == *tenant);
                theirs.for_each(|(id, _)| self.apps.invalidate(&*id));
            }
            Subject::License(app, hash) => self.licenses.invalidate(&(*app, *hash)),
        }
    }

    /// Whether this was not known of the app.
    pub(crate) fn note_crowded(&self, app: AppId) -> bool {
        let is_new = self.crowded.get(&app).is_none();
        self.crowded.insert(app, ());
        is_new
    }

    pub(crate) fn forget_all(&self) {
        self.apps.invalidate_all();
        self.licenses.invalidate_all();
        // An older database may not know the license.
        self.of_keys.invalidate_all();
        self.of_ids.invalidate_all();
        self.of_foreign_keys.invalidate_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::weighed;

    #[test]
    fn entries_are_kept_by_their_bytes() {
        let cache = weighed::<u32, String>(1_000, String::len);
        for n in 0..100 {
            cache.insert(n, Arc::new("x".repeat(100)));
        }
        cache.run_pending_tasks();
        assert!((1..=10).contains(&cache.entry_count()), "{}", cache.entry_count());
    }
}
