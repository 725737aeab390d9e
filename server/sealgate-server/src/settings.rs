//! What an operator may set about serving.

use crate::connections::Connections;

/// What an operator may set about serving.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// About requests.
    pub http: sealgate_http::Settings,
    /// About connections.
    pub connections: Connections,
}
