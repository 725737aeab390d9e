//! Where the client keeps what must not be lost: a port, and a store in memory.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

/// Keeps one blob of bytes for one program on one device.
///
/// The blob holds the device's private key: keep it from other users, and out of backups that travel. Losing it makes
/// the machine a new device; putting an older one back makes the client forget what it accepted since.
pub trait Store: Send + Sync {
    /// What was saved last; `None` before the first time.
    fn load(&self) -> io::Result<Option<Vec<u8>>>;

    /// Replaces exactly `old` by `new`, whole or not at all, durable when this returns.
    ///
    /// Says `false` and changes nothing where something else than `old` is there: another process of the program was
    /// faster, and what it learned is not overwritten.
    fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> io::Result<bool>;

    /// What is odd about what is there, though it reads, in a sentence for people; `None`: nothing.
    fn note(&self) -> io::Result<Option<String>> {
        Ok(None)
    }
}

impl<S: Store + ?Sized> Store for std::sync::Arc<S> {
    fn load(&self) -> io::Result<Option<Vec<u8>>> {
        (**self).load()
    }

    fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> io::Result<bool> {
        (**self).replace(old, new)
    }

    fn note(&self) -> io::Result<Option<String>> {
        (**self).note()
    }
}

/// Forgets everything when it goes: for tests, and for programs that count as a new device at every start.
#[derive(Default)]
pub struct MemoryStore(Mutex<Option<Zeroizing<Vec<u8>>>>);

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, Option<Zeroizing<Vec<u8>>>> {
        // Nothing here can leave the blob half written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn load(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(self.state().as_ref().map(|state| state.to_vec()))
    }

    fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> io::Result<bool> {
        let mut state = self.state();
        if state.as_ref().map(|state| state.as_slice()) != old {
            return Ok(false);
        }
        *state = Some(Zeroizing::new(new.to_vec()));
        Ok(true)
    }
}
