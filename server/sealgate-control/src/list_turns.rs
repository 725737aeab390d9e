//! Whose lists are made: a tenant who asks for very many at once waits for itself, and nobody else for it.

use sealgate_artifact::TenantId;

use crate::turns::{Turn, Turns};
use crate::{Caller, Scope};

/// Lists and exports of one tenant that a process makes at once.
const AT_ONCE: u32 = 4;

/// The turns of lists: a tenant's, or the operator's, who may be the same tenant.
#[derive(Clone)]
pub struct ListTurns(Turns<(TenantId, bool)>);

/// A turn, as long as it is kept.
pub struct ListTurn {
    _turn: Turn,
}

impl ListTurns {
    pub(crate) fn new() -> Self {
        Self(Turns::with_room(AT_ONCE))
    }

    /// Waits, behind those of the same tenant who came first.
    pub async fn turn(&self, caller: &Caller) -> ListTurn {
        let whose = (caller.tenant, caller.scopes.allow(Scope::Installation));
        ListTurn { _turn: self.0.wait(whose).await }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use sealgate_artifact::TenantId;
    use sealgate_authority::Actor;

    use super::{ListTurn, ListTurns};
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

    #[tokio::test]
    async fn a_fifth_list_waits_for_those_of_its_tenant_and_for_nobody_else() {
        let turns = ListTurns::new();
        let (acme, twin) = (caller(1, Scope::LicensesRead), caller(2, Scope::LicensesRead));
        let take = |who: &Caller| turns.turn(who).now_or_never();
        let mut taken: Vec<ListTurn> = (0..4).map(|_| take(&acme).expect("is free")).collect();
        assert!(take(&acme).is_none());
        assert!(take(&twin).is_some(), "another tenant's");
        assert!(take(&caller(1, Scope::Installation)).is_some(), "the operator's");
        taken.pop();
        assert!(take(&acme).is_some());
    }
}
