//! Who changes keys when: no tenant keeps the installation's owner, or another tenant, from it.

use std::sync::Arc;

use sealgate_artifact::TenantId;
use sealgate_authority::AuthorityError;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::turns::{self, Turns};

/// Turns to change keys in this process. Clones share them.
#[derive(Clone, Default)]
pub(super) struct KeyTurns {
    /// Whoever changes what all share has it alone; whoever waits for that is overtaken by nobody.
    installation: Arc<RwLock<()>>,
    tenants: Turns<TenantId>,
}

/// A turn, until it is dropped.
#[expect(dead_code, reason = "it is held, not read")]
pub(crate) enum Turn<'a> {
    Installation(RwLockWriteGuard<'a, ()>),
    Tenant(turns::Turn),
}

impl KeyTurns {
    /// Waits for what is being published: one change of each tenant at most, however many they ask for.
    pub(super) async fn installation(&self) -> Turn<'_> {
        Turn::Installation(self.installation.write().await)
    }

    /// One change of a tenant's keys is under way at a time. Whoever asks for another one does not wait, and is told so: there
    /// may be any number of them.
    pub(super) fn tenant(&self, tenant: TenantId) -> Result<Turn<'static>, AuthorityError> {
        let turn = self.tenants.take(tenant).map(Turn::Tenant);
        turn.ok_or(AuthorityError::Busy("another change of the tenant's keys is under way"))
    }

    /// Waits until nobody changes what all share. Whoever does would be overtaken again and again by a tenant that publishes
    /// meanwhile.
    pub(super) async fn beside_others(&self) -> RwLockReadGuard<'_, ()> {
        self.installation.read().await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use sealgate_artifact::TenantId;

    use super::KeyTurns;

    #[tokio::test]
    async fn the_installation_waits_for_no_tenants_turn() {
        let (turns, acme) = (KeyTurns::default(), TenantId::from_bytes([1; 16]));
        let turn = turns.tenant(acme).expect("nobody has it");
        assert!(turns.tenant(acme).is_err(), "one at a time");
        assert!(turns.tenant(TenantId::from_bytes([2; 16])).is_ok(), "others have their own");
        assert!(turns.installation().now_or_never().is_some());
        drop(turn);
        assert!(turns.tenant(acme).is_ok());
    }

    #[tokio::test]
    async fn nobody_overtakes_the_installation() {
        let turns = KeyTurns::default();
        let (one, two) = (turns.beside_others().await, turns.beside_others().now_or_never());
        let mut waiting = Box::pin(turns.installation());
        assert!((&mut waiting).now_or_never().is_none(), "something is being published");
        assert!(turns.beside_others().now_or_never().is_none(), "it comes first");
        drop((one, two));
        let turn = waiting.await;
        assert!(turns.beside_others().now_or_never().is_none());
        drop(turn);
    }
}
