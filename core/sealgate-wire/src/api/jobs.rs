//! What the server does by itself (`spec/http.md` §3.21).

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A job: work that is done again and again, once each time however many servers share the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobView {
    /// Its name.
    pub name: String,
    /// How many seconds after one run the next is due.
    pub every: u64,
    /// `waiting` for its first run, `running`, `done`, or `failed` last.
    pub status: String,
    /// When a run began last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_started_at: Option<Timestamp>,
    /// When one was done last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_done_at: Option<Timestamp>,
    /// When one failed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failed_at: Option<Timestamp>,
    /// The code of that failure, if no run was done since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When it is due. While it runs: when another process takes it over if this one dies.
    pub due_at: Timestamp,
    /// Which start of which process runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Whether it has not run for three times as long as `every` says.
    pub late: bool,
}
