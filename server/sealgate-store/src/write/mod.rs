//! Changing, inside a transaction.

pub mod apps;
pub mod installation;
pub mod licenses;
pub mod records;
pub mod tenants;
