//! How old what an answer rests on may be when the answer is given (`spec/http.md` §1.5; `docs/design.md`, "Caches").

use std::sync::Arc;
use std::time::Duration;

use sealgate_authority::{AuthorityError, Ids};
use sealgate_store::Db;

use crate::latest::Read;

/// A change is visible after this long. An answer that took longer, because the process stood still or the database was
/// slow, may say what is not so any more.
const VISIBLE_AFTER: Duration = Duration::from_secs(1);
/// How often a question is decided. A seat that was taken late is there when the question is decided again.
const TRIES: u32 = 3;
const LATE: AuthorityError = AuthorityError::Busy("decisions take longer than they hold");

/// One question, decided until the decision came in time.
pub(crate) struct InTime<'a> {
    db: &'a Db,
    ids: &'a Ids,
    left: u32,
    /// When the last try began, and how old what it rests on was at that time.
    begun: Duration,
    age: Duration,
}

impl<'a> InTime<'a> {
    /// Not tried yet.
    pub(crate) fn new(db: &'a Db, ids: &'a Ids) -> Self {
        Self { db, ids, left: TRIES, begun: Duration::ZERO, age: Duration::ZERO }
    }

    /// Begins to decide, or gives up. Whatever is read from now on is no older than what is in memory now.
    pub(crate) fn begin(&mut self) -> Result<(), AuthorityError> {
        self.left = self.left.checked_sub(1).ok_or(LATE)?;
        // The time first: what comes between makes the decision older, not younger.
        self.begun = self.ids.elapsed();
        self.age = self.db.cache_age().unwrap_or_default();
        Ok(())
    }

    /// What is decided now rests on something that is kept by itself, and so on when its reading began.
    pub(crate) fn rests_on<T>(
        &mut self,
        known: Result<Read<T>, AuthorityError>,
    ) -> Result<Arc<T>, AuthorityError> {
        let (read_at, known) = known?;
        self.age = self.age.max(self.begun.saturating_sub(read_at));
        Ok(known)
    }

    /// Whether what was decided may be said now. A failure says nothing that could be out of date.
    pub(crate) fn is_over<T>(&self, decided: &Result<T, AuthorityError>) -> bool {
        let took = self.ids.elapsed().saturating_sub(self.begun);
        took + self.age <= VISIBLE_AFTER
            || decided.as_ref().is_err_and(|error| !matches!(error, AuthorityError::Refused(_)))
    }

    /// What was made of a decision after that was over, if it may still be said.
    pub(crate) fn at_last<T>(&self, said: Result<T, AuthorityError>) -> Result<T, AuthorityError> {
        if self.is_over(&said) { said } else { Err(LATE) }
    }
}
