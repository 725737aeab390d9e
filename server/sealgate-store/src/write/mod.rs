//! Changing, inside a transaction.

pub mod access;
pub mod answers;
pub mod apps;
pub mod audit;
pub mod installation;
pub mod keys;
pub mod licenses;
pub mod lifetime_files;
pub mod plans;
pub mod records;
pub mod seats;
pub mod servers;
pub mod tenants;
pub mod tokens;
