//! Imports under way: a request that goes away, or takes too long, ends none of them half way.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealgate_artifact::{Code, TenantId};
use sealgate_authority::{AuthorityError, Ids, broken};
use sealgate_wire::SnapshotImported;
use tokio::sync::watch;

/// How long it is kept what came of one: whoever was told may have been gone before he heard it.
const KEPT: Duration = Duration::from_hours(1);

type Outcome = Result<SnapshotImported, AuthorityError>;

/// What makes two requests the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) tenant: TenantId,
    pub(super) sha256: String,
    pub(super) source: Option<String>,
    /// How often the database came back older: what was done before that is to be done again.
    pub(super) times_back: u64,
}

/// One import of each tenant.
pub(super) struct Runs {
    ids: Ids,
    runs: Mutex<HashMap<TenantId, Run>>,
}

#[derive(Clone)]
struct Run {
    request: Request,
    ended: watch::Receiver<Option<Arc<Ended>>>,
}

/// What came of a run.
struct Ended {
    at: Duration,
    outcome: Outcome,
    is_told: AtomicBool,
}

impl Ended {
    /// Whether the same request hears it, too. What could not be done is tried again once somebody was told.
    fn is_kept(&self, now: Duration) -> bool {
        let is_whole = matches!(&self.outcome, Ok(came) if came.failed.is_empty());
        now < self.at + KEPT && (is_whole || !self.is_told.load(Ordering::SeqCst))
    }

    fn tell(&self) -> Outcome {
        self.is_told.store(true, Ordering::SeqCst);
        match &self.outcome {
            Ok(came) => Ok(came.clone()),
            Err(error) if !error.is_failure() => Err(AuthorityError::Refused(error.code())),
            Err(error) if error.code() == Code::Unavailable => {
                Err(AuthorityError::Busy("the import could not be done now, and the log says why"))
            }
            Err(error) => Err(broken(format!("the import failed: {error}"))),
        }
    }
}

impl Run {
    /// What came of it, once it is over.
    fn ended(&self) -> Option<Arc<Ended>> {
        self.ended.borrow().clone()
    }
}

impl Runs {
    pub(super) fn new(ids: Ids) -> Self {
        Self { ids, runs: Mutex::default() }
    }

    /// Runs an import beside the request, and says what came of it. The same request waits for the same, and hears the same for an hour
    /// if all was done. Another one meanwhile is [`AuthorityError::Busy`]. Whoever has waited for so long hears
    /// [`Code::ImportRunning`].
    pub(super) async fn run<F>(&self, request: Request, wait: Duration, work: impl FnOnce() -> F) -> Outcome
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut run = self.join(request, work)?;
        let ended = tokio::time::timeout(wait, run.ended.wait_for(Option::is_some)).await;
        let Ok(ended) = ended else { return Err(AuthorityError::Refused(Code::ImportRunning)) };
        let ended = ended.ok().and_then(|ended| ended.clone());
        ended.map_or_else(|| Err(broken("an import ended half way")), |ended| ended.tell())
    }

    fn join<F>(&self, request: Request, work: impl FnOnce() -> F) -> Result<Run, AuthorityError>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let now = self.ids.elapsed();
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.retain(|_, run| run.ended().is_none_or(|ended| ended.is_kept(now)));
        match runs.get(&request.tenant) {
            Some(run) if run.request == request => return Ok(run.clone()),
            Some(run) if run.ended().is_none() => {
                return Err(AuthorityError::Busy("another import of the tenant is under way"));
            }
            _ => {}
        }
        let (tell, ended) = watch::channel(None);
        let run = Run { request, ended };
        let (work, ids) = (tokio::spawn(work()), self.ids.clone());
        tokio::spawn(async move {
            // What ends without a word has panicked, and its log says so.
            let outcome = work.await.unwrap_or_else(|_| Err(broken("an import ended half way")));
            if let Err(error) = &outcome
                && error.is_failure()
            {
                tracing::error!(%error, "a snapshot could not be taken over");
            }
            tell.send_replace(Some(Arc::new(Ended { at: ids.elapsed(), outcome, is_told: false.into() })));
        });
        runs.insert(run.request.tenant, run.clone());
        Ok(run)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use sealgate_artifact::{Code, TenantId, UnixSeconds};
    use sealgate_authority::ports::{Clock, System};
    use sealgate_authority::{AuthorityError, Ids};
    use sealgate_wire::{NotDone, SnapshotImported, Timestamp};
    use tokio::sync::oneshot;

    use super::{KEPT, Outcome, Request, Runs};

    const LONG: Duration = Duration::from_mins(1);

    #[derive(Default)]
    struct SetClock(AtomicU64);

    impl Clock for SetClock {
        fn unix_millis(&self) -> u64 {
            1_800_000_000_000
        }

        fn elapsed(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::SeqCst))
        }
    }

    fn runs() -> (Runs, Arc<SetClock>) {
        let clock = Arc::<SetClock>::default();
        (Runs::new(Ids::new(clock.clone(), Arc::new(System))), clock)
    }

    fn of(file: &str) -> Request {
        let tenant = TenantId::from_bytes([1; 16]);
        Request { tenant, sha256: file.to_owned(), source: None, times_back: 0 }
    }

    fn came(version: u64, failed: Vec<NotDone>) -> SnapshotImported {
        SnapshotImported {
            version,
            issued_at: Timestamp(UnixSeconds::new(0).expect("in range")),
            sha256: String::new(),
            revoked: 0,
            listed: 0,
            shards: 0,
            unknown: 0,
            licenses_suspended: vec![],
            devices_released: vec![],
            servers_revoked: vec![],
            keys_revoked: vec![],
            keys_retired: vec![],
            failed,
        }
    }

    async fn once(runs: &Runs, request: Request, outcome: Outcome) -> Result<u64, Code> {
        let outcome = runs.run(request, LONG, || async move { outcome }).await;
        outcome.map(|came| came.version).map_err(|error| error.code())
    }

    #[tokio::test]
    async fn a_request_that_goes_away_ends_no_import() {
        let (runs, _) = runs();
        let (end, ends) = oneshot::channel();
        let first = async move { ends.await.expect("it is told") };
        let gone = runs.run(of("a"), Duration::ZERO, || first).await;
        assert_eq!(gone.expect_err("it waited in vain").code(), Code::ImportRunning);
        assert_eq!(once(&runs, of("b"), Ok(came(2, vec![]))).await, Err(Code::Unavailable), "one at a time");
        let waits = [(); 2].map(|()| once(&runs, of("a"), Ok(came(3, vec![]))));
        end.send(Ok(came(1, vec![]))).expect("it runs");
        let [one, other] = waits;
        assert_eq!(tokio::join!(one, other), (Ok(1), Ok(1)), "both wait for the first one");
    }

    #[tokio::test]
    async fn what_was_done_is_told_for_an_hour() {
        let (runs, clock) = runs();
        assert_eq!(once(&runs, of("a"), Ok(came(1, vec![]))).await, Ok(1));
        clock.0.store(KEPT.as_secs() - 1, Ordering::SeqCst);
        assert_eq!(once(&runs, of("a"), Ok(came(2, vec![]))).await, Ok(1), "whoever was told may be gone");
        clock.0.store(KEPT.as_secs(), Ordering::SeqCst);
        assert_eq!(once(&runs, of("a"), Ok(came(3, vec![]))).await, Ok(3));
        assert_eq!(once(&runs, of("b"), Ok(came(4, vec![]))).await, Ok(4), "another file");
        let other = Request { source: Some("a stick".to_owned()), ..of("b") };
        assert_eq!(once(&runs, other, Ok(came(5, vec![]))).await, Ok(5), "another source");
        let later = Request { times_back: 1, ..of("b") };
        assert_eq!(once(&runs, later, Ok(came(6, vec![]))).await, Ok(6), "it is undone");
    }

    #[tokio::test]
    async fn what_was_not_done_is_told_and_then_tried_again() {
        let failed = || vec![NotDone { id: "a key".to_owned(), code: "unavailable".to_owned() }];
        let refused = || Err(AuthorityError::Refused(Code::WrongTenant));
        let outcomes: [(Outcome, _); 3] = [
            (Ok(came(1, failed())), Ok(1)),
            (refused(), Err(Code::WrongTenant)),
            (Err(AuthorityError::Busy("it is away")), Err(Code::Unavailable)),
        ];
        for (outcome, told) in outcomes {
            let (runs, _) = runs();
            let (end, ends) = oneshot::channel();
            let first = async move { ends.await.expect("it is told") };
            assert!(runs.run(of("a"), Duration::ZERO, || first).await.is_err(), "it goes on");
            end.send(outcome).expect("it runs");
            assert_eq!(once(&runs, of("a"), Ok(came(2, vec![]))).await, told, "nobody was told yet");
            assert_eq!(once(&runs, of("a"), Ok(came(2, vec![]))).await, Ok(2));
        }
    }

    #[tokio::test]
    async fn an_import_that_panics_ends() {
        let (runs, _) = runs();
        let panics = runs.run(of("a"), LONG, || async { panic!("on purpose") }).await;
        assert_eq!(panics.expect_err("it ended").code(), Code::SystemError);
        assert_eq!(once(&runs, of("a"), Ok(came(2, vec![]))).await, Ok(2));
    }
}
