//! Requests that may be repeated under a name and are carried out once (`spec/http.md` §3.7).

use std::sync::Arc;

use sealgate_artifact::{Code, UnixSeconds};
use sealgate_authority::{AuthorityError, BUSY, Ids, broken};
use sealgate_store::table::{self, AnswerRow};
use sealgate_store::{Db, StoreError, Tx, Work};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::VendorSecrets;
use crate::caller::Caller;
use crate::standing::{Asked, may_act};

/// How long an answer is kept (`spec/http.md` §3.7). A queue that was stopped over a weekend or a holiday goes on without
/// selling twice.
const KEPT_SECONDS: u64 = 8 * 24 * 60 * 60;

/// Keeps answers, sealed, so that a repeated request gets the same one.
#[derive(Clone)]
pub(crate) struct Answers {
    db: Db,
    ids: Ids,
    secrets: Arc<VendorSecrets>,
}

impl Answers {
    pub(crate) fn new(db: Db, ids: Ids, secrets: Arc<VendorSecrets>) -> Self {
        Self { db, ids, secrets }
    }

    /// The answer that this request got before, if it is a repetition.
    pub(crate) async fn before<T: DeserializeOwned>(
        &self,
        caller: &Caller,
    ) -> Result<Option<T>, AuthorityError> {
        let Some(once) = &caller.once else { return Ok(None) };
        let asked_by = caller.actor.to_string();
        let found = table::answers::find(&self.db, caller.tenant, (&asked_by, &once.key)).await?;
        let Some(row) = found else { return Ok(None) };
        // spec/http.md §3.7: "nor does a token that was revoked meanwhile". The answer may hold secrets.
        may_act(&self.db, caller, self.ids.now()).await?;
        if row.request != once.request {
            return Err(AuthorityError::Refused(Code::IdempotencyKeyReused));
        }
        let text = self.secrets.open_answer(&row.answer, (&row.caller, &row.key));
        let answer = text.and_then(|text| serde_json::from_slice(&text).ok());
        answer.map(Some).ok_or_else(|| broken("a kept answer does not open"))
    }

    /// Does the work for a caller who may still act, and keeps its answer, in one transaction. When two requests with the same
    /// key race, one of them does the work and both get its answer.
    pub(crate) async fn commit<W>(&self, caller: &Caller, work: W) -> Result<W::Output, AuthorityError>
    where
        W: Work<Error = AuthorityError> + Sync,
        W::Output: Serialize + DeserializeOwned,
    {
        let keep = caller.once.as_ref().map(|once| Keep {
            secrets: Arc::clone(&self.secrets),
            nonce: self.ids.random(),
            row: AnswerRow {
                tenant: caller.tenant,
                caller: caller.actor.to_string(),
                key: once.key.clone(),
                request: once.request,
                answer: vec![],
                at: self.ids.now(),
            },
        });
        match self.db.write(Asked::by(caller, &self.ids, Kept { work, keep })).await {
            Err(AuthorityError::Answered) => self.before(caller).await?.ok_or(BUSY),
            done => done,
        }
    }
}

struct Keep {
    secrets: Arc<VendorSecrets>,
    nonce: [u8; 24],
    row: AnswerRow,
}

struct Kept<W> {
    work: W,
    keep: Option<Keep>,
}

impl<W> Work for Kept<W>
where
    W: Work<Error = AuthorityError> + Sync,
    W::Output: Serialize,
{
    type Output = W::Output;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<W::Output, AuthorityError> {
        let Some(Keep { secrets, nonce, row }) = &self.keep else { return self.work.run(tx).await };
        // First: the work would refuse what its twin has done already. Of groups of units, one comes after the other.
        if table::answers::find(&mut *tx, row.tenant, (&row.caller, &row.key)).await?.is_some() {
            return Err(AuthorityError::Answered);
        }
        let answer = self.work.run(tx).await?;
        let text = serde_json::to_vec(&answer).expect("answers can be written");
        let sealed = secrets.seal_answer(&text, (&row.caller, &row.key), *nonce);
        table::answers::insert(tx, &AnswerRow { answer: sealed, ..row.clone() }).await?;
        Ok(answer)
    }
}

/// Forgets answers that have been kept long enough. `true` if there may be more.
pub(crate) async fn forget(tx: &mut Tx<'_>, now: UnixSeconds) -> Result<bool, StoreError> {
    table::answers::forget(tx, now.minus(KEPT_SECONDS)).await
}
