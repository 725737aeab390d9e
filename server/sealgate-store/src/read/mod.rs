//! Looking, without changing.

pub mod access;
pub mod answers;
pub mod apps;
pub mod audit;
pub mod devices;
pub mod events;
pub mod installation;
pub mod keys;
pub mod licenses;
pub mod plans;
pub mod servers;
pub mod tenants;
pub mod tokens;

/// Sorts after every identifier, in the collation of either engine.
const AFTER_ALL: &str = "g";

/// Where a list goes on that is sorted by identifiers, newest first.
fn before(id: Option<impl ToString>) -> String {
    id.map_or_else(|| AFTER_ALL.to_owned(), |id| id.to_string())
}
