//! The newest version that was accepted of something, as the text that it is kept as.

use sealgate_artifact::{PublicKey, StatementId};
use sealgate_trust::Maximum;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MaximumText {
    version: u64,
    statement: String,
    raised_by: Vec<String>,
}

impl MaximumText {
    pub(crate) fn of(maximum: &Maximum) -> Self {
        Self {
            version: maximum.version,
            statement: maximum.statement.to_string(),
            raised_by: maximum.raised_by.iter().map(PublicKey::to_string).collect(),
        }
    }

    pub(crate) fn read(self) -> Option<Maximum> {
        Some(Maximum {
            version: self.version,
            statement: StatementId::parse(&self.statement)?,
            raised_by: self.raised_by.iter().map(|key| PublicKey::parse(key).ok()).collect::<Option<_>>()?,
        })
    }
}
