//! Whether a server can work with its database, told within a second.

use std::time::Duration;

use crate::table::installation;
use crate::{Db, StoreError, work};

/// Health is told within a second, whatever is broken.
const HEALTH: Duration = Duration::from_millis(800);

/// Why a server must not be asked now.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The database does not answer, or refuses to.
    #[error("the database does not answer")]
    Database(#[source] StoreError),
    /// A part of the server that works by itself is missing.
    #[error("a part of the server does not run: {0}")]
    Missing(&'static str),
    /// The schema is there, but not yet the keys and the first tenant.
    #[error("the installation is not set up yet")]
    NotSetUp,
    /// The last changes were not stored, and a new one cannot be.
    #[error("the server cannot write to its database")]
    CannotWrite(#[source] StoreError),
}

impl Db {
    /// Fails when the database does not answer.
    pub async fn check_alive(&self) -> Result<(), StoreError> {
        in_time(installation::is_alive(self)).await
    }

    /// Fails when the database does not answer, or is not set up.
    pub async fn check_reads(&self) -> Result<(), NotReady> {
        match in_time(installation::id(self)).await.map_err(NotReady::Database)? {
            Some(_) => Ok(()),
            None => Err(NotReady::NotSetUp),
        }
    }

    /// Fails when nothing can be written. That is tried only if the last changes were not stored: then a transaction that
    /// changes nothing says whether that is over. Something so small may get through where changes do not, so a change that
    /// was not stored a moment ago speaks against it all the same.
    pub async fn check_writes(&self) -> Result<(), NotReady> {
        if self.progress().is_stuck() {
            return Err(cannot_write("changes have been under way for seconds"));
        }
        if self.progress().failed_last() {
            let nothing = self.write(work((), |(), _| Box::pin(async { Ok::<_, StoreError>(()) })));
            in_time(nothing).await.map_err(NotReady::CannotWrite)?;
        }
        if self.progress().failed_lately() {
            return Err(cannot_write("the last change was not stored"));
        }
        Ok(())
    }

    /// Fails when something of this process does not run that works by itself.
    pub fn check_threads(&self) -> Result<(), NotReady> {
        self.threads().missing().map_or(Ok(()), |name| Err(NotReady::Missing(name)))
    }

    /// An answer of the database, if it comes soon enough for health.
    pub async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, NotReady> {
        in_time(answer).await.map_err(NotReady::Database)
    }
}

fn cannot_write(why: &str) -> NotReady {
    NotReady::CannotWrite(StoreError::Unavailable(why.to_owned()))
}

async fn in_time<T>(answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = || StoreError::Unavailable(format!("no answer within {HEALTH:?}"));
    tokio::time::timeout(HEALTH, answer).await.unwrap_or_else(|_| Err(late()))
}
