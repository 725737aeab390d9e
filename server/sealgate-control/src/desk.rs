//! What every use case of the vendor's side works with: the database, the time, and answers that are given once.

use std::sync::Arc;

use sealgate_artifact::TenantId;
use sealgate_authority::{AuthorityError, BUSY, Entry, Ids, audit_row, event_row};
use sealgate_store::table::{AuditRow, EventRow, LicenseRow};
use sealgate_store::{Db, Work};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answers::Answers;
use crate::ends::Calendar;
use crate::standing::Asked;
use crate::turns::{Turn, Turns};
use crate::{Caller, VendorSecrets};

/// How often a use case is tried when others change what it is based on.
const ATTEMPTS: u32 = 8;
/// Licenses or seats of one tenant that may be written at the same time. A request with more of them is the only one then.
const ROOM: u32 = 100;

/// Reads, writes and records for a caller.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) db: Db,
    pub(crate) ids: Ids,
    pub(crate) calendar: Calendar,
    answers: Answers,
    overtaken: Turns<TenantId>,
    large: Turns<TenantId>,
}

impl Desk {
    pub(crate) fn new(db: Db, ids: Ids, secrets: Arc<VendorSecrets>, calendar: Calendar) -> Self {
        let answers = Answers::new(db.clone(), ids.clone(), secrets);
        Self { db, ids, calendar, answers, overtaken: Turns::default(), large: Turns::with_room(ROOM) }
    }

    /// Carries out a request once, however often it is sent under its idempotency key. `prepare` checks the request
    /// and says what to write. It runs again when somebody changed what it was based on.
    pub(crate) async fn once<W, F>(
        &self,
        caller: &Caller,
        prepare: impl Fn() -> F,
    ) -> Result<W::Output, AuthorityError>
    where
        F: Future<Output = Result<W, AuthorityError>>,
        W: Work<Error = AuthorityError> + Sync,
        W::Output: Serialize + DeserializeOwned,
    {
        // Before anything that depends on the time.
        if let Some(done) = self.answers.before(caller).await? {
            return Ok(done);
        }
        match self.attempt(caller, &prepare).await {
            Err(AuthorityError::Superseded) => {}
            done => return done,
        }
        // In a row, those of a tenant who were overtaken do not overtake each other: however many there are, each gets its turn.
        let _turn = self.overtaken.wait(caller.tenant).await;
        for _ in 1..ATTEMPTS {
            match self.attempt(caller, &prepare).await {
                Err(AuthorityError::Superseded) => {}
                done => return done,
            }
        }
        Err(BUSY)
    }

    async fn attempt<W, F>(
        &self,
        caller: &Caller,
        prepare: impl Fn() -> F,
    ) -> Result<W::Output, AuthorityError>
    where
        F: Future<Output = Result<W, AuthorityError>>,
        W: Work<Error = AuthorityError> + Sync,
        W::Output: Serialize + DeserializeOwned,
    {
        match prepare().await {
            Ok(work) => self.answers.commit(caller, work).await,
            Err(failure) if failure.is_failure() => Err(failure),
            // What stands in its way may be what its twin has done meanwhile.
            Err(refusal) => self.answers.before(caller).await?.ok_or(refusal),
        }
    }

    /// Writes for a caller who may still act then.
    pub(crate) async fn write<W>(&self, caller: &Caller, work: W) -> Result<W::Output, AuthorityError>
    where
        W: Work<Error = AuthorityError> + Sync,
    {
        self.db.write(Asked::by(caller, &self.ids, work)).await
    }

    /// Writes for a caller who may still act then, or for the server itself.
    pub(crate) async fn write_for<W>(
        &self,
        caller: Option<&Caller>,
        work: W,
    ) -> Result<W::Output, AuthorityError>
    where
        W: Work<Error = AuthorityError> + Sync,
    {
        match caller {
            Some(caller) => self.write(caller, work).await,
            None => self.db.write(work).await,
        }
    }

    /// The turn of a request that writes so many licenses or seats. Many such of one tenant would lie before what others
    /// write, and everybody would wait for all of them.
    pub(crate) async fn turn(&self, caller: &Caller, many: usize) -> Turn {
        self.large.wait_for(caller.tenant, many).await
    }

    /// Writes what `prepare` says, and prepares again when somebody changed what it was based on.
    pub(crate) async fn retry<W, F>(&self, prepare: impl Fn() -> F) -> Result<W::Output, AuthorityError>
    where
        F: Future<Output = Result<W, AuthorityError>>,
        W: Work<Error = AuthorityError>,
    {
        for _ in 0..ATTEMPTS {
            match self.db.write(prepare().await?).await {
                Err(AuthorityError::Superseded) => {}
                done => return done,
            }
        }
        Err(BUSY)
    }

    /// The same for a caller who may still act then.
    pub(crate) async fn retry_for<W, F>(
        &self,
        caller: &Caller,
        prepare: impl Fn() -> F,
    ) -> Result<W::Output, AuthorityError>
    where
        F: Future<Output = Result<W, AuthorityError>>,
        W: Work<Error = AuthorityError> + Sync,
    {
        let asked = async |work: F| Ok(Asked::by(caller, &self.ids, work.await?));
        self.retry(|| asked(prepare())).await
    }

    /// The audit row of what the caller does.
    pub(crate) fn audit(
        &self,
        caller: &Caller,
        action: &'static str,
        subject: String,
        detail: &Value,
    ) -> AuditRow {
        audit_row(
            &self.ids,
            caller.tenant,
            (&caller.actor, &caller.request_id),
            Entry { action, subject, detail },
        )
    }

    /// The event of what the caller does to a license.
    pub(crate) fn event(
        &self,
        caller: &Caller,
        license: &LicenseRow,
        kind: &'static str,
        device: Option<&str>,
    ) -> EventRow {
        event_row(&self.ids, license, kind, device, &caller.request_id)
    }
}
