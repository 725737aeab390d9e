//! What bundles say was taken back of their license (`spec/offline.md` §3.5): it counts as if a shard said so.

use std::collections::BTreeSet;

use sealgate_artifact::{Bundle, LicenseId, PublicKey, limits};
use sealgate_trust::Verified;
use serde::{Deserialize, Serialize};

/// Of how many licenses and signers it is remembered, the latest ones. A machine has few; whoever shows it many files fills no disk.
const LISTS: usize = 64;

/// The slots of one license that bundles list which the same keys signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ByBundle {
    license: LicenseId,
    pub(super) keys: Vec<PublicKey>,
    slots: BTreeSet<u64>,
}

impl ByBundle {
    /// Adds what this bundle lists.
    pub(super) fn add(all: &mut Vec<Self>, bundle: &Verified<Bundle>) {
        let (license, keys) = (bundle.get().terms.license, bundle.signed_by());
        let news: BTreeSet<u64> = bundle.get().revoked.iter().copied().collect();
        let same = all.iter().position(|list| list.license == license && list.keys == keys);
        if news.is_empty() || same.is_some_and(|at| all[at].slots.is_superset(&news)) {
            return;
        }
        let before = same.map(|at| all.remove(at).slots).unwrap_or_default();
        let both: BTreeSet<u64> = before.union(&news).copied().collect();
        // A bundle names the newest ones; what it left out has mostly ended.
        let slots = if both.len() > limits::BUNDLE_REVOKED { news } else { both };
        all.push(Self { license, keys: keys.to_vec(), slots });
        let beyond = all.len().saturating_sub(LISTS);
        all.drain(..beyond);
    }

    /// Whether it lists this slot of this license.
    pub(super) fn lists(&self, license: LicenseId, slot: u64) -> bool {
        self.license == license && self.slots.contains(&slot)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ByBundleText {
    license: String,
    keys: Vec<String>,
    slots: Vec<u64>,
}

impl ByBundleText {
    pub(super) fn of(list: &ByBundle) -> Self {
        Self {
            license: list.license.to_string(),
            keys: list.keys.iter().map(PublicKey::to_string).collect(),
            slots: list.slots.iter().copied().collect(),
        }
    }

    pub(super) fn read(self) -> Option<ByBundle> {
        Some(ByBundle {
            license: LicenseId::parse(&self.license).ok()?,
            keys: self.keys.iter().map(|key| PublicKey::parse(key).ok()).collect::<Option<_>>()?,
            slots: self.slots.into_iter().collect(),
        })
    }
}
