//! Rows of the audit log and of the events, as use cases write them.

use sealgate_artifact::{RecordId, TenantId, TokenId};
use sealgate_store::table::{AuditRow, EventRow, LicenseRow};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{AuthorityError, Ids, broken};

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Whoever holds an access token.
    Token(TokenId),
    /// Running software that speaks for itself.
    Client,
    /// The server, by itself.
    System,
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Token(id) => write!(f, "token:{id}"),
            Self::Client => f.write_str("client"),
            Self::System => f.write_str("system"),
        }
    }
}

/// What was done to what. `detail` must hold no secret.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The action, as in `license.revoked`.
    pub action: &'static str,
    /// What it was done to.
    pub subject: String,
    /// How, as JSON.
    pub detail: &'a Value,
}

/// A row of the audit log: who did what to what, in which request.
pub fn audit_row(
    ids: &Ids,
    tenant: TenantId,
    (actor, request_id): (&Actor, &str),
    entry: Entry<'_>,
) -> AuditRow {
    AuditRow {
        id: ids.fresh(RecordId::new).to_string(),
        tenant,
        at: ids.now(),
        actor: actor.to_string(),
        action: entry.action.into(),
        subject: entry.subject,
        detail: entry.detail.to_string(),
        request_id: request_id.to_owned(),
        link: None,
    }
}

/// An event: what happened to a license.
pub fn event_row(
    ids: &Ids,
    license: &LicenseRow,
    kind: &'static str,
    device: Option<&str>,
    request_id: &str,
) -> EventRow {
    EventRow {
        id: ids.fresh(RecordId::new).to_string(),
        tenant: license.tenant,
        app: Some(license.app),
        license: Some(license.id),
        device: device.map(str::to_owned),
        at: ids.now(),
        kind: kind.into(),
        code: None,
        request_id: request_id.to_owned(),
        count: 1,
        moved_from: None,
    }
}

/// Reads a column that holds JSON which this program wrote.
pub fn stored<T: DeserializeOwned>(text: &str) -> Result<T, AuthorityError> {
    serde_json::from_str(text).map_err(|error| broken(format!("stored JSON: {error}")))
}
