//! Whose lists are made: a tenant who asks for very many at once waits for itself, and nobody else for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sealgate_artifact::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Caller, Scope};

/// Lists and exports of one tenant that a process makes at once.
const AT_ONCE: usize = 4;

/// Whose turns: a tenant's, or the operator's, who may be the same tenant.
type Whose = (TenantId, bool);

/// The turns of lists.
#[derive(Clone, Default)]
pub struct ListTurns {
    /// Those who have a turn or wait for one.
    places: Arc<Mutex<HashMap<Whose, Weak<Semaphore>>>>,
}

/// A turn, as long as it is kept.
pub struct ListTurn {
    _permit: Option<OwnedSemaphorePermit>,
}

impl ListTurns {
    /// Waits, behind those of the same tenant who came first.
    pub async fn turn(&self, caller: &Caller) -> ListTurn {
        let place = self.place((caller.tenant, caller.scopes.allow(Scope::Installation)));
        // It is never closed.
        ListTurn { _permit: place.acquire_owned().await.ok() }
    }

    fn place(&self, whose: Whose) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(&whose).and_then(Weak::upgrade) {
            return place;
        }
        places.retain(|_, place| place.strong_count() > 0);
        let place = Arc::new(Semaphore::new(AT_ONCE));
        places.insert(whose, Arc::downgrade(&place));
        place
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use sealgate_artifact::TenantId;
    use sealgate_authority::Actor;

    use super::{AT_ONCE, ListTurn, ListTurns};
    use crate::{Caller, Scope, Scopes};

    fn caller(tenant: u64, scope: Scope) -> Caller {
        Caller {
            tenant: TenantId::new(tenant, [0; 10]),
            actor: Actor::System,
            scopes: Scopes::of(&[scope]),
            once: None,
            request_id: String::new(),
        }
    }

    fn poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_fifth_list_waits_for_those_of_its_tenant_and_for_nobody_else() {
        let turns = ListTurns::default();
        let (acme, twin) = (caller(1, Scope::LicensesRead), caller(2, Scope::LicensesRead));
        let take = |who: &Caller| poll(pin!(turns.turn(who)));
        let mut taken: Vec<ListTurn> = (0..4).map(|_| take(&acme).expect("is free")).collect();
        let (mut fifth, mut sixth) = (pin!(turns.turn(&acme)), pin!(turns.turn(&acme)));
        assert!(poll(fifth.as_mut()).is_none() && poll(sixth.as_mut()).is_none());
        assert!(take(&twin).is_some(), "another tenant's");
        assert!(take(&caller(1, Scope::Installation)).is_some(), "the operator's");
        taken.pop();
        assert!(poll(sixth.as_mut()).is_none(), "it came later");
        assert!(poll(fifth.as_mut()).is_some());
        assert!(poll(sixth.as_mut()).is_some(), "the fifth is over");
    }

    #[test]
    fn nothing_is_kept_of_those_who_ask_no_more() {
        let turns = ListTurns::default();
        for tenant in 0..100 {
            let who = caller(tenant, Scope::LicensesRead);
            assert!(poll(pin!(turns.turn(&who))).is_some());
        }
        assert_eq!(turns.places.lock().expect("is whole").len(), 1);
        assert_eq!(AT_ONCE, 4);
    }
}
