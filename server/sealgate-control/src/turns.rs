//! Turns: of each name one at a time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// Turns by name. Clones share them.
pub(crate) struct Turns<K>(Arc<Mutex<HashMap<K, Weak<Turn<()>>>>>);

impl<K> Clone for Turns<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Hash + Eq> Turns<K> {
    /// Waits for the turn of that name, behind those who waited before.
    pub(crate) async fn wait(&self, name: K) -> OwnedMutexGuard<()> {
        self.of(name).lock_owned().await
    }

    /// The turn of that name, unless somebody has it.
    pub(crate) fn take(&self, name: K) -> Option<OwnedMutexGuard<()>> {
        self.of(name).try_lock_owned().ok()
    }

    fn of(&self, name: K) -> Arc<Turn<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // As many stay as there are requests under way.
        turns.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = turns.get(&name).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        turns.insert(name, Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::Turns;

    #[tokio::test]
    async fn a_name_has_one_turn_and_others_do_not_wait_for_it() {
        let turns = Turns::default();
        let first = turns.take("Acme").expect("nobody has it");
        assert!(turns.clone().take("Acme").is_none());
        assert!(turns.wait("Acme").now_or_never().is_none());
        assert!(turns.take("Other").is_some());
        drop(first);
        let again = turns.wait("Acme").now_or_never().expect("it is free");
        assert_eq!(turns.0.lock().expect("sound").len(), 1, "the other one is forgotten");
        drop(again);
    }
}
