//! A connection to PostgreSQL of somebody's own.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, Executor, PgConnection};

use super::patience::{
    ANSWER, CONNECT, FIRST, IDLE, KEEPALIVE, LOCK, Pulse, STATEMENT, UNCONFIRMED, ended_idle, is_lost,
    no_answer,
};
use super::postgres;
use super::query::{Answer, Question};

/// PostgreSQL answers COMMIT of a transaction in which a statement failed with ROLLBACK and no error, and the driver does
/// not show that word. A statement before it fails in such a transaction, and then COMMIT is not looked at. This one is
/// useful besides: a time limit would make PostgreSQL call a commit done for which its replicas have not answered.
const COMMIT: &str = "SET LOCAL statement_timeout = 0; COMMIT";

/// What every writer tells PostgreSQL about itself, with the limits of `patience.rs`.
static LIMITS: LazyLock<String> = LazyLock::new(|| {
    let (idle, interval, count) = KEEPALIVE;
    let limits = [
        ("idle_in_transaction_session_timeout", IDLE.as_millis()),
        ("lock_timeout", LOCK.as_millis()),
        ("statement_timeout", STATEMENT.as_millis()),
        ("tcp_keepalives_idle", idle.into()),
        ("tcp_keepalives_interval", interval.into()),
        ("tcp_keepalives_count", count.into()),
        ("tcp_user_timeout", UNCONFIRMED.as_millis()),
    ];
    limits.map(|(name, value)| format!("SET {name} = {value};")).concat()
});

/// See the module.
pub(crate) struct Session {
    connection: PgConnection,
    /// [`None`] while nobody else is connected: then a long silence is no news.
    pulse: Option<Arc<Pulse>>,
    lost: bool,
    /// Whether the server ended the transaction while it stood idle, so that nothing sent later was looked at.
    ended_idle: bool,
    /// Whether COMMIT was sent and its answer has not come.
    committing: bool,
}

impl Session {
    /// For the first connection, which may have much to do and holds nobody up.
    pub(super) async fn open(options: &PgConnectOptions) -> Result<Self, sqlx::Error> {
        let connection = within(FIRST, PgConnection::connect_with(options)).await?;
        Ok(Self::new(connection, None))
    }

    /// For the writer, with all limits.
    pub(super) async fn open_writer(
        options: &PgConnectOptions,
        pulse: &Arc<Pulse>,
    ) -> Result<Self, sqlx::Error> {
        let connect = async {
            let mut connection = PgConnection::connect_with(options).await?;
            connection.execute(AssertSqlSafe(LIMITS.as_str())).await?;
            Ok(connection)
        };
        let connection = within(CONNECT, connect).await?;
        Ok(Self::new(connection, Some(Arc::clone(pulse))))
    }

    fn new(connection: PgConnection, pulse: Option<Arc<Pulse>>) -> Self {
        Self { connection, pulse, lost: false, ended_idle: false, committing: false }
    }

    /// Whether the connection is of no more use, and its transaction was certainly not committed.
    pub(super) fn lost_before_commit(&self) -> bool {
        self.lost && (self.ended_idle || !self.committing)
    }

    pub(super) async fn ask(&mut self, question: Question) -> Result<Answer, sqlx::Error> {
        let exchange = postgres::ask(&mut self.connection, question);
        let answer = match &self.pulse {
            Some(pulse) => pulse.wait(ANSWER, exchange).await,
            None => exchange.await,
        };
        self.note(answer)
    }

    pub(super) async fn command(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        let exchange = self.connection.execute(sql);
        let done = match &self.pulse {
            Some(pulse) => pulse.wait(ANSWER, exchange).await,
            None => exchange.await,
        };
        self.note(done.map(drop))
    }

    /// Makes the transaction durable, or fails.
    pub(super) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        self.committing = true;
        let done = self.command(COMMIT).await;
        self.committing = done.is_err();
        done
    }

    pub(super) async fn close(self) -> Result<(), sqlx::Error> {
        within(CONNECT, self.connection.close()).await
    }

    /// The driver's own connection.
    #[cfg(test)]
    pub(crate) fn driver(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    fn note<T>(&mut self, answer: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if let Err(error) = &answer {
            self.lost |= is_lost(error);
            self.ended_idle |= ended_idle(error);
        }
        answer
    }
}

async fn within<T>(
    limit: Duration,
    exchange: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::time::timeout(limit, exchange).await.unwrap_or_else(|_| Err(no_answer(limit)))
}
