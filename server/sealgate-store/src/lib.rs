//! The only SQL: one text for SQLite and PostgreSQL.
//!
//! This crate must never acknowledge a write before it is durable, and never answer from memory what it cannot prove
//! to be at most a second old. It decides nothing: rows come out, rows go in. [`table`] has a module for each table;
//! reads take whatever can be read from ([`Read`]), writes take a [`Tx`], so a function's parameters say what it can do.

mod cache;
mod cached;
mod columns;
mod db;
mod entry;
mod error;
mod feed;
mod group;
mod health;
mod history;
mod hold;
mod key_hash;
mod lock;
mod many;
mod migrate;
mod peek;
mod progress;
mod readable;
mod sql;
mod statements;
mod subject;
pub mod table;
#[cfg(test)]
mod tests;
mod threads;
mod tx;
mod work;
mod written;

pub use db::Db;
pub use entry::{AppEntry, LicenseEntry};
pub use error::StoreError;
pub use feed::WentBack;
pub use health::NotReady;
pub use lock::LockFile;
pub use peek::installation_at;
pub use sql::{Location, UrlError, check_postgres_proves_itself, check_postgres_url};
pub use subject::Subject;
pub use threads::Threads;
pub use tx::{Read, Tx};
pub use work::{Work, work};
