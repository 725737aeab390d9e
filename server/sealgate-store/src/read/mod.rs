//! Looking, without changing.

pub mod apps;
pub mod installation;
pub mod keys;
pub mod licenses;
pub mod tenants;
pub mod tokens;
