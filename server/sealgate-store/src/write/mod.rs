//! Changing, inside a transaction.

pub mod apps;
pub mod installation;
pub mod keys;
pub mod licenses;
pub mod records;
pub mod tenants;
