//! How long anybody waits for PostgreSQL.
//!
//! A connection alone cannot tell a server that is slow from one that is gone. All connections of a process together
//! can: the follower of changes asks several times a second, so while the server lives, some connection hears from it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, timeout};

/// Who waits so long while no connection heard anything gives up. It is so short that a question is answered with
/// "unavailable" within two seconds, a second try on a new connection included.
pub(super) const SILENCE: Duration = Duration::from_secs(1);
/// A connection is made within this time, or not at all: five round trips of TLS and password at 150 ms each.
pub(super) const CONNECT: Duration = Duration::from_millis(800);
/// How long the first connection may take at a start: nobody waits for an answer yet.
pub(super) const FIRST: Duration = Duration::from_secs(10);
/// What a statement may take where other connections are answered. It is longer than [`STATEMENT`] lets it run, so that
/// only a connection that is dead by itself gets here.
pub(super) const ANSWER: Duration = Duration::from_secs(16);
/// How long one statement of a writer may run: it holds up every write of every server.
pub(super) const STATEMENT: Duration = Duration::from_secs(15);
/// How long a writer may stand still in a transaction before PostgreSQL ends it, because every other server waits for the
/// change counter. A healthy writer does so for milliseconds; one whose machine was busy tries once more.
pub(super) const IDLE: Duration = Duration::from_secs(2);
/// How long a writer waits for another's lock: longer than [`IDLE`], so that it outlasts one that stands still.
pub(super) const LOCK: Duration = Duration::from_secs(5);
/// For PostgreSQL's own look at the line: after so many seconds of silence it asks, so often, at this distance. A writer
/// whose network is gone is found out even where nothing of its transaction is left to send.
pub(super) const KEEPALIVE: (u32, u32, u32) = (5, 5, 3);
/// How long PostgreSQL keeps a line on which nobody confirms what it sent.
pub(super) const UNCONFIRMED: Duration = Duration::from_secs(20);

/// How often who waits looks whether it is in vain.
const LOOK: Duration = Duration::from_millis(100);

/// When any connection of this process heard from the server last.
pub(crate) struct Pulse {
    start: Instant,
    heard: AtomicU64,
}

impl Pulse {
    /// Heard just now.
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), heard: AtomicU64::new(0) }
    }

    /// Whether nothing was heard for so long that the server must be away.
    pub(crate) fn is_silent(&self) -> bool {
        self.now().saturating_sub(self.heard.load(Ordering::Acquire)) >= millis(SILENCE)
    }

    /// Waits for the server, but neither longer than `limit`, nor in vain.
    pub(super) async fn wait<T>(
        &self,
        limit: Duration,
        exchange: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        let (mut exchange, begun) = (std::pin::pin!(exchange), Instant::now());
        loop {
            if let Ok(answer) = timeout(LOOK, &mut exchange).await {
                if answer.is_ok() || matches!(answer, Err(sqlx::Error::Database(_))) {
                    self.heard.store(self.now(), Ordering::Release);
                }
                return answer;
            }
            let waited = begun.elapsed();
            if waited >= limit || (waited >= SILENCE && self.is_silent()) {
                return Err(no_answer(waited));
            }
        }
    }

    fn now(&self) -> u64 {
        millis(self.start.elapsed())
    }
}

/// What is said in the place of an answer that did not come.
pub(super) fn no_answer(waited: Duration) -> sqlx::Error {
    let why = format!("no answer within {waited:.1?}");
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, why))
}

/// Whether the connection is of no more use: the line broke, or the server ended the session.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    /// Shut down; idle in a transaction or as a whole; a transaction that took too long; no longer the primary.
    const ENDED: [&str; 7] = ["57P01", "57P02", "57P03", "57P05", "25P03", "25P04", "25006"];
    match error {
        sqlx::Error::Database(e) => {
            e.code().is_some_and(|code| code.starts_with("08") || ENDED.contains(&code.as_ref()))
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

/// Whether the server ended the session because a transaction stood still in it.
pub(super) fn ended_idle(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(e) if e.code().as_deref() == Some("25P03"))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
