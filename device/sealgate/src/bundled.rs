//! What a machine without a network keeps of bundles (`spec/offline.md` §4), and the text it is kept as.

use std::collections::BTreeMap;

use sealgate_artifact::{LicenseId, StatementId};
use sealgate_trust::Maximum;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::kept::{bytes_of, json_of};
use crate::maximum::MaximumText;
use crate::statements;

/// Statements are kept as they came, and verified anew each time they are used.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Bundled {
    /// The bundle that was activated last, with what it attaches.
    pub(crate) kept: Option<Vec<u8>>,
    /// The newest bundle of each license that was activated (`spec/offline.md` §4.3).
    pub(crate) newest: BTreeMap<LicenseId, Maximum>,
    /// The request that no bundle has answered yet (`spec/offline.md` §2.5).
    pub(crate) asked: Option<Vec<u8>>,
}

impl Bundled {
    /// The statement id of the bundle that is kept.
    pub(crate) fn kept_id(&self) -> Option<StatementId> {
        statements::id(self.kept.as_deref()?)
    }

    /// The statement id of the request that is kept.
    pub(crate) fn asked_id(&self) -> Option<StatementId> {
        statements::id(self.asked.as_deref()?)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BundledText {
    kept: Option<Box<RawValue>>,
    newest: BTreeMap<String, MaximumText>,
    asked: Option<Box<RawValue>>,
}

impl BundledText {
    /// `None` where nothing is kept.
    pub(crate) fn of(bundled: &Bundled) -> Option<Self> {
        let newest = |(id, newest): (&LicenseId, &Maximum)| (id.to_string(), MaximumText::of(newest));
        (*bundled != Bundled::default()).then(|| Self {
            kept: bundled.kept.as_deref().map(json_of),
            newest: bundled.newest.iter().map(newest).collect(),
            asked: bundled.asked.as_deref().map(json_of),
        })
    }

    pub(crate) fn read(self) -> Option<Bundled> {
        let newest =
            |(id, newest): (String, MaximumText)| Some((LicenseId::parse(&id).ok()?, newest.read()?));
        Some(Bundled {
            kept: self.kept.map(bytes_of),
            newest: self.newest.into_iter().map(newest).collect::<Option<_>>()?,
            asked: self.asked.map(bytes_of),
        })
    }
}
