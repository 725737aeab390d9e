//! Where a request comes from.

use std::net::IpAddr;

/// Where a request comes from, and what the server calls it.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The client's address, as far as that is known.
    pub address: Option<IpAddr>,
    /// Finds the request in the log.
    pub request_id: &'a str,
}
