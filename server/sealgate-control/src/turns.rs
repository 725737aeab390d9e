//! Turns: of each name so much at a time. Whoever asks for much at once waits for itself, and nobody else for it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A turn, until it is dropped.
pub(crate) type Turn = OwnedSemaphorePermit;

/// Turns by name. Clones share them.
pub(crate) struct Turns<K> {
    room: u32,
    places: Arc<Mutex<HashMap<K, Weak<Semaphore>>>>,
}

impl<K> Clone for Turns<K> {
    fn clone(&self) -> Self {
        Self { room: self.room, places: Arc::clone(&self.places) }
    }
}

impl<K> Default for Turns<K> {
    /// Of each name one at a time.
    fn default() -> Self {
        Self::with_room(1)
    }
}

impl<K> Turns<K> {
    /// Of each name as many at a time as there is room for.
    pub(crate) fn with_room(room: u32) -> Self {
        Self { room, places: Arc::default() }
    }
}

impl<K: Hash + Eq> Turns<K> {
    /// Waits for room, behind those of the same name who came first.
    pub(crate) async fn wait(&self, name: K) -> Turn {
        self.wait_for(name, 1).await
    }

    /// Waits for so much room, or for all of it where that is less.
    pub(crate) async fn wait_for(&self, name: K, much: usize) -> Turn {
        let much = u32::try_from(much).unwrap_or(self.room).clamp(1, self.room);
        self.of(name).acquire_many_owned(much).await.expect("nobody closes it")
    }

    /// Room, unless others have all of it.
    pub(crate) fn take(&self, name: K) -> Option<Turn> {
        self.of(name).try_acquire_owned().ok()
    }

    fn of(&self, name: K) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(&name).and_then(Weak::upgrade) {
            return place;
        }
        // As many stay as there are requests under way.
        places.retain(|_, place| place.strong_count() > 0);
        let place = Arc::new(Semaphore::new(self.room as usize));
        places.insert(name, Arc::downgrade(&place));
        place
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::Turns;

    #[tokio::test]
    async fn a_name_waits_for_itself_and_no_other_for_it() {
        let turns = Turns::with_room(100);
        let at_once = |name: &'static str, much| turns.wait_for(name, much).now_or_never();
        let large = at_once("a", 1_000);
        assert!(large.is_some() && at_once("a", 2).is_none());
        let small = at_once("b", 60);
        assert!(small.is_some(), "another name");
        assert!(at_once("b", 41).is_none());
        assert!(at_once("b", 40).is_some());
        drop(large);
        assert!(at_once("a", 1_000).is_some());
        drop(small);
        assert!(at_once("c", 1).is_some());
        assert_eq!(
            turns.places.lock().expect("no panics").len(),
            1,
            "who has nothing under way is forgotten"
        );
    }

    #[tokio::test]
    async fn who_came_first_is_first() {
        let turns = Turns::default();
        let first = turns.wait("a").await;
        let (mut second, mut third) = (Box::pin(turns.wait("a")), Box::pin(turns.wait("a")));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        drop(first);
        assert!(third.as_mut().now_or_never().is_none());
        let second = second.as_mut().now_or_never().expect("its turn");
        drop(second);
        assert!(third.as_mut().now_or_never().is_some());
    }
}
