//! One way to ask either engine: a text with `$1`, `$2`, …, values, and rows.
//!
//! SQLite is a function that is called, PostgreSQL a server that is waited for. A library that offers both as one must
//! make SQLite something to wait for too, by a thread that is woken for each statement; for a new device that was most
//! of the work (`docs/benchmarks.md`). Here SQLite is called where it is asked.

mod connection;
mod patience;
mod place;
mod postgres;
mod query;
mod row;
mod session;
mod sqlite;
mod url;
mod value;

pub use connection::Location;
pub(crate) use connection::{Connection, Pool};
pub(crate) use patience::Pulse;
pub(crate) use place::{LAST_WRITE, has_log, last_write_alone};
pub(crate) use query::{Answer, Ask, Query, Question, query, query_as};
pub(crate) use row::{FromRow, Row};
pub use url::{UrlError, check_postgres_proves_itself, check_postgres_url};
pub(crate) use value::Value;
