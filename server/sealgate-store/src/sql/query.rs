//! A statement with its values, and what is wanted of it.

use std::marker::PhantomData;

use super::{FromRow, Row, Value};
use crate::StoreError;

/// A statement and its values, on its way to an engine.
pub struct Question {
    pub(super) sql: &'static str,
    pub(super) values: Vec<Value>,
    pub(super) wanted: Wanted,
}

impl Question {
    /// Whether it may change rows.
    pub(crate) fn is_a_change(&self) -> bool {
        !self.sql.starts_with("SELECT")
    }
}

/// How much of an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// What it changed.
    Effect,
    /// Its first row.
    First,
    /// Every row.
    All,
}

/// What came of it.
#[derive(Default)]
pub struct Answer {
    /// Rows that were added, changed or taken away.
    pub(super) changed: u64,
    pub(super) rows: Vec<Row>,
}

impl Answer {
    /// How much was to be done for it, in statements that read or change a row at most.
    pub(crate) fn steps(&self) -> u64 {
        self.changed.max(self.rows.len() as u64).max(1)
    }
}

/// Who can be asked: a connection, a pool of them, an open database, a transaction.
///
/// It is public in a private module, as are its question and answer: others can require it, but not implement it.
pub trait Ask: Send {
    /// Puts a question to the engine.
    fn ask(self, question: Question) -> impl Future<Output = Result<Answer, StoreError>> + Send;
}

/// A statement whose values are being collected.
pub(crate) struct Query<T = Row> {
    sql: &'static str,
    values: Vec<Value>,
    rows: PhantomData<fn() -> T>,
}

/// A statement of this text.
pub(crate) fn query(sql: &'static str) -> Query {
    query_as(sql)
}

/// A statement of this text whose rows are read as `T`.
pub(crate) fn query_as<T: FromRow>(sql: &'static str) -> Query<T> {
    Query { sql, values: Vec::new(), rows: PhantomData }
}

impl<T: FromRow> Query<T> {
    /// Gives the next value: `$1`, then `$2`, …
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// How many rows it changed.
    pub(crate) async fn execute(self, on: impl Ask) -> Result<u64, StoreError> {
        Ok(on.ask(self.wanting(Wanted::Effect)).await?.changed)
    }

    /// Its first row, if it has one.
    pub(crate) async fn fetch_optional(self, on: impl Ask) -> Result<Option<T>, StoreError> {
        on.ask(self.wanting(Wanted::First)).await?.rows.into_iter().next().map(T::from_whole).transpose()
    }

    /// Its first row, which there must be.
    pub(crate) async fn fetch_one(self, on: impl Ask) -> Result<T, StoreError> {
        let none = || StoreError::Corrupt("a row is missing that is always there".to_owned());
        self.fetch_optional(on).await?.ok_or_else(none)
    }

    /// Every row.
    pub(crate) async fn fetch_all(self, on: impl Ask) -> Result<Vec<T>, StoreError> {
        on.ask(self.wanting(Wanted::All)).await?.rows.into_iter().map(T::from_whole).collect()
    }

    fn wanting(self, wanted: Wanted) -> Question {
        Question { sql: self.sql, values: self.values, wanted }
    }
}
