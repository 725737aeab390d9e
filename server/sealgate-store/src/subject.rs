//! Names of cached entries.

use sealgate_artifact::{AppId, TenantId};

use crate::key_hash::KeyHash;

/// What a cached entry is about. Its text form travels in change records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An app.
    App(AppId),
    /// Every app of a tenant.
    AppsOf(TenantId),
    /// A license, by its app and the hash of its key.
    License(AppId, KeyHash),
}

impl Subject {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("app", id) => AppId::parse(id).ok().map(Self::App),
            ("apps-of", id) => TenantId::parse(id).ok().map(Self::AppsOf),
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
            Self::AppsOf(id) => write!(f, "apps-of:{id}"),
            Self::License(app, hash) => write!(f, "license:{app}:{hash}"),
        }
    }
}
