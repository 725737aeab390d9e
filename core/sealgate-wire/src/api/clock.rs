//! The clock of a server (`spec/http.md` §3.16).

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The clock of the server that answers, as the vendor's side takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClockView {
    /// Whether it was set, and nobody accepted that yet.
    pub in_doubt: bool,
    /// What it shows.
    pub shown: Timestamp,
    /// What it would show if it had not been set.
    pub expected: Timestamp,
    /// By how many seconds it was set ahead, or back if this is negative; 0 if it is not in doubt.
    pub set_by: i64,
    /// The server's id, if it answers running software.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<String>,
}

/// `POST /api/v1/clock/accept`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AcceptClock {
    /// The setting that is accepted, as `GET /api/v1/clock` said it.
    pub set_by: i64,
}
