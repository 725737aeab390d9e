//! The only SQL: one text for SQLite and PostgreSQL.
//!
//! This crate must never acknowledge a write before it is durable, and never answer from memory what it cannot prove
//! to be at most a second old. `read::*` takes a [`Db`], `write::*` takes a [`Tx`], so that a look at the parameters
//! tells what a function can do. It decides nothing: rows come out, rows go in.

mod cache;
mod columns;
mod db;
mod error;
mod feed;
mod group;
mod lock;
mod migrate;
pub mod read;
mod row;
mod sql;
#[cfg(test)]
mod tests;
pub mod write;

pub use cache::{AppEntry, LicenseEntry, Subject};
pub use db::{Db, Location};
pub use error::StoreError;
pub use group::{Tx, Work};
pub use row::{
    AccessRow, AnswerRow, AppRow, AuditRow, CertificateRow, DeviceRow, EventRow, KeyHash, KeyRow, KeyStage,
    LicenseRow, LifetimeFileRow, Listed, PlanRow, ServerRow, TenantRow, Terms, TokenRow,
};

/// Makes named statements and the list of them that a test prepares on both engines.
macro_rules! statements {
    ($($name:ident = $sql:expr;)*) => {
        $(const $name: &str = $sql;)*
        /// Every statement of this module.
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[&str] = &[$($name),*];
    };
}
pub(crate) use statements;
