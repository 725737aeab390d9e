//! What is kept in memory.

use std::sync::Arc;

use moka::sync::Cache;
use sealgate_artifact::{AppId, LicenseId};

use crate::entry::{AppEntry, LicenseEntry};
use crate::key_hash::KeyHash;
use crate::subject::Subject;

/// Entries kept at most; about 60 MiB when all of them are long.
const LICENSES: u64 = 120_000;
const APPS: u64 = 10_000;

/// Where a license is kept.
pub(crate) type Kept = (AppId, KeyHash);

pub(crate) struct Caches {
    pub(crate) apps: Cache<AppId, Arc<AppEntry>>,
    /// By the app as well: an app that asks for another app's license key misses as it does for an unknown key, and in
    /// the same time.
    pub(crate) licenses: Cache<Kept, Arc<LicenseEntry>>,
    /// Where a license is kept. It never gets another app or key, so no change makes this forgotten.
    pub(crate) of_keys: Cache<KeyHash, Kept>,
    pub(crate) of_ids: Cache<LicenseId, Kept>,
    /// Apps of which the log said that they have too many access entries.
    crowded: Cache<AppId, ()>,
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            apps: Cache::new(APPS),
            licenses: Cache::new(LICENSES),
            of_keys: Cache::new(LICENSES),
            of_ids: Cache::new(LICENSES),
            crowded: Cache::new(APPS),
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
    }
}
