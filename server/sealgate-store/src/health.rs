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

    /// Fails when anything is missing that this process needs. Whether it can write is tried only if the last changes were
    /// not stored: then a transaction that changes nothing says whether that is over. Something so small may get through where
    /// changes do not, so a change that was not stored a moment ago speaks against it all the same.
    pub async fn check_ready(&self) -> Result<(), NotReady> {
        if let Some(name) = self.threads().missing() {
            return Err(NotReady::Missing(name));
        }
        if self.progress().is_stuck() {
            let why = "changes have been under way for seconds".to_owned();
            return Err(NotReady::CannotWrite(StoreError::Unavailable(why)));
        }
        if self.progress().failed_last() {
            let nothing = self.write(work((), |(), _| Box::pin(async { Ok::<_, StoreError>(()) })));
            in_time(nothing).await.map_err(NotReady::CannotWrite)?;
        }
        if self.progress().failed_lately() {
            let why = "the last change was not stored".to_owned();
            return Err(NotReady::CannotWrite(StoreError::Unavailable(why)));
        }
        match in_time(installation::id(self)).await.map_err(NotReady::Database)? {
            Some(_) => Ok(()),
            None => Err(NotReady::NotSetUp),
        }
    }
}

async fn in_time<T>(answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = || StoreError::Unavailable(format!("no answer within {HEALTH:?}"));
    tokio::time::timeout(HEALTH, answer).await.unwrap_or_else(|_| Err(late()))
}
