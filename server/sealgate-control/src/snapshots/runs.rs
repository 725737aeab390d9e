//! Imports under way: a request that goes away, or takes too long, ends none of them half way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sealgate_artifact::{TenantId, UnixSeconds};
use sealgate_authority::{AuthorityError, broken};
use sealgate_wire::SnapshotImported;
use tokio::sync::watch;

/// How long it is kept what came of one that nobody waited for, in seconds.
const KEPT: u64 = 60 * 60;

type Outcome = Result<SnapshotImported, AuthorityError>;

/// One import of each tenant.
#[derive(Default)]
pub(super) struct Runs(Mutex<HashMap<TenantId, Run>>);

#[derive(Clone)]
struct Run {
    sha256: String,
    began: UnixSeconds,
    outcome: Arc<Mutex<Option<Outcome>>>,
    /// It closes at the end.
    ends: watch::Receiver<()>,
}

impl Run {
    fn is_over(&self) -> bool {
        self.ends.has_changed().is_err()
    }

    /// Whether somebody was told what came of it.
    fn is_told(&self) -> bool {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

impl Runs {
    /// Runs an import of this file beside the request, and says what came of it. The same file again, while it runs or before anybody
    /// was told, waits for the same; another file meanwhile is [`AuthorityError::Busy`].
    pub(super) async fn run<F>(
        &self,
        (tenant, sha256, now): (TenantId, &str, UnixSeconds),
        work: impl FnOnce() -> F,
    ) -> Outcome
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut run = self.join((tenant, sha256, now), work)?;
        // It closes, and says nothing.
        while run.ends.changed().await.is_ok() {}
        let outcome = run.outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
        outcome.unwrap_or(Err(AuthorityError::Busy("another request was told what came of the import")))
    }

    fn join<F>(
        &self,
        (tenant, sha256, now): (TenantId, &str, UnixSeconds),
        work: impl FnOnce() -> F,
    ) -> Result<Run, AuthorityError>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        runs.retain(|_, run| !run.is_over() || !run.is_told() && now < run.began.plus(KEPT));
        match runs.get(&tenant) {
            Some(run) if run.sha256 == sha256 => return Ok(run.clone()),
            Some(run) if !run.is_over() => {
                return Err(AuthorityError::Busy("another import of the tenant is under way"));
            }
            _ => {}
        }
        let (end, ends) = watch::channel(());
        let outcome = Arc::default();
        let run = Run { sha256: sha256.to_owned(), began: now, outcome: Arc::clone(&outcome), ends };
        let (work, failed) = (work(), Arc::clone(&outcome));
        // What ends without a word has panicked, and its log says so.
        *failed.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Err(broken("an import ended half way")));
        tokio::spawn(async move {
            let came = work.await;
            *outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(came);
            drop(end);
        });
        runs.insert(tenant, run.clone());
        Ok(run)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use sealgate_artifact::{Code, TenantId, UnixSeconds};
    use sealgate_authority::AuthorityError;
    use tokio::sync::oneshot;

    use super::{KEPT, Runs};

    fn tenant() -> TenantId {
        TenantId::from_bytes([1; 16])
    }

    fn at(n: u64) -> UnixSeconds {
        UnixSeconds::new(n).expect("in range")
    }

    /// An import that ends, refused with that code, when it is told to.
    fn import(code: Code) -> (oneshot::Sender<()>, impl Future<Output = super::Outcome> + Send + 'static) {
        let (end, ends) = oneshot::channel();
        (end, async move {
            ends.await.expect("it is told");
            Err(AuthorityError::Refused(code))
        })
    }

    fn code(outcome: super::Outcome) -> Code {
        outcome.expect_err("it is refused").code()
    }

    #[tokio::test]
    async fn a_request_that_goes_away_ends_no_import() {
        let runs = Runs::default();
        let (end, first) = import(Code::WrongTenant);
        assert!(runs.run((tenant(), "a", at(0)), || first).now_or_never().is_none(), "it goes away");
        let (_, other) = import(Code::NotFound);
        assert_eq!(
            code(runs.run((tenant(), "b", at(0)), || other).await),
            Code::Unavailable,
            "one at a time"
        );
        let (_, again) = import(Code::NotFound);
        let mut waits = Box::pin(runs.run((tenant(), "a", at(0)), || again));
        assert!((&mut waits).now_or_never().is_none());
        end.send(()).expect("it runs");
        assert_eq!(code(waits.await), Code::WrongTenant, "of the first one");
        let (end, anew) = import(Code::NotFound);
        end.send(()).expect("it waits");
        assert_eq!(code(runs.run((tenant(), "a", at(0)), || anew).await), Code::NotFound, "told once");
    }

    #[tokio::test]
    async fn what_nobody_waited_for_is_kept_for_a_while() {
        for (later, expected) in [(KEPT - 1, Code::WrongTenant), (KEPT, Code::NotFound)] {
            let runs = Runs::default();
            let (end, first) = import(Code::WrongTenant);
            assert!(runs.run((tenant(), "a", at(0)), || first).now_or_never().is_none());
            end.send(()).expect("it runs");
            let mut run = runs.0.lock().expect("no panics")[&tenant()].clone();
            while run.ends.changed().await.is_ok() {}
            let (end, anew) = import(Code::NotFound);
            end.send(()).expect("it waits");
            assert_eq!(code(runs.run((tenant(), "a", at(later)), || anew).await), expected, "{later}");
        }
    }
}
