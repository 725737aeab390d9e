//! Transactions, and what can be read from.

use crate::StoreError;
use crate::sql::{Answer, Ask, Connection, Question};
use crate::subject::Subject;

/// What rows can be read from: an open database, as `&Db`, or a transaction under way, as `&mut Tx`, which sees what it
/// wrote itself. Nothing outside this crate can be.
pub trait Read: Ask {}

/// A transaction under way.
pub struct Tx<'c> {
    pub(crate) connection: &'c mut Connection,
    pub(crate) changed: Vec<Subject>,
    /// Whether a statement failed. To PostgreSQL the transaction is over then, so it is over on either engine.
    pub(crate) failed: bool,
    /// Whether one failed for want of room.
    pub(crate) full: bool,
    /// Whether a statement was to change rows.
    pub(crate) wrote: bool,
    /// Statements, or rows that they returned or changed, whichever are more: how long this held up others who write.
    pub(crate) steps: u64,
}

impl<'c> Tx<'c> {
    /// The transaction that was begun on this connection.
    pub(crate) fn on(connection: &'c mut Connection) -> Self {
        Self { connection, changed: Vec::new(), failed: false, full: false, wrote: false, steps: 0 }
    }

    /// Notes that caches must forget this subject once the transaction is durable.
    pub(crate) fn changes(&mut self, subject: Subject) {
        if !self.changed.contains(&subject) {
            self.changed.push(subject);
        }
    }
}

impl Ask for &mut Tx<'_> {
    async fn ask(self, question: Question) -> Result<Answer, StoreError> {
        self.wrote |= question.is_a_change();
        let answer = self.connection.ask(question).await.inspect_err(|error| {
            self.failed = true;
            self.full |= matches!(error, StoreError::Full(_));
        });
        self.steps += answer.as_ref().map_or(1, Answer::steps);
        answer
    }
}

impl Read for &mut Tx<'_> {}
