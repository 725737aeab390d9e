//! Where revocation data is kept: a port, and one in memory.

use std::any::Any;
use std::io::{self, Cursor, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::wait;

pub(super) const BUSY: &str = "another import is under way";
/// How often whoever imports asks for a lock that is held, and how long apart: three seconds, in which a file is written.
const TRIES: usize = 30;
const PAUSE: Duration = Duration::from_millis(100);

/// A file that is read from any place.
pub trait RevocationFile: Read + Seek {}

impl<F: Read + Seek> RevocationFile for F {}

/// Keeps one file for all processes of one program on one device. There is nothing secret in it, and what it says is verified anew each
/// time. Whoever deletes or changes it un-revokes nothing: [`Store`](crate::Store) keeps what was found, and what was never looked up gives no
/// right until the data is there again (`spec/revocation.md` §5.5).
pub trait RevocationStore: Send + Sync {
    /// Keeps every other process and thread that imports out while what it returns lives. It waits for nobody: where somebody holds it, the
    /// error is of the kind [`ResourceBusy`](io::ErrorKind::ResourceBusy).
    fn lock(&self) -> io::Result<Box<dyn Any>>;

    /// The file; `None` where there is none. What is read stays the same when the file is replaced meanwhile.
    fn open(&self) -> io::Result<Option<Box<dyn RevocationFile>>>;

    /// Replaces the file by what `write` writes, whole or not at all, durable when this returns.
    fn replace(&self, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()>;

    /// A folder of the program's own, into which a medium is copied before anything of it is used (`spec/container.md` §5.2). It is
    /// made if it is not there.
    fn folder(&self) -> &Path;
}

impl<S: RevocationStore + ?Sized> RevocationStore for Arc<S> {
    fn lock(&self) -> io::Result<Box<dyn Any>> {
        (**self).lock()
    }

    fn open(&self) -> io::Result<Option<Box<dyn RevocationFile>>> {
        (**self).open()
    }

    fn replace(&self, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        (**self).replace(write)
    }

    fn folder(&self) -> &Path {
        (**self).folder()
    }
}

/// Waits for whoever imports now, and not for one who holds the lock for good.
pub(crate) fn lock_in_time(store: &dyn RevocationStore) -> io::Result<Box<dyn Any>> {
    for _ in 0..TRIES {
        let locked = store.lock();
        if !is_busy(&locked) {
            return locked;
        }
        wait::pause(PAUSE);
    }
    store.lock()
}

/// Whether somebody else holds it.
pub(crate) fn is_busy(lock: &io::Result<Box<dyn Any>>) -> bool {
    lock.as_ref().is_err_and(|why| why.kind() == io::ErrorKind::ResourceBusy)
}

/// Keeps it in a file of the state's folder: see [`KeptRevocations::new`].
#[derive(Debug, Clone)]
pub struct KeptRevocations {
    pub(super) folder: PathBuf,
}

/// Forgets everything when it goes, as [`MemoryStore`](crate::MemoryStore) does.
pub struct MemoryRevocations {
    folder: PathBuf,
    file: Mutex<Option<Arc<Vec<u8>>>>,
    /// Held by who imports.
    importing: Arc<Mutex<bool>>,
}

/// Lets the next one import.
struct Importing(Arc<Mutex<bool>>);

impl MemoryRevocations {
    /// Empty. Media are copied into this folder of the program's own; nothing stays there.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), file: Mutex::default(), importing: Arc::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Option<Arc<Vec<u8>>>> {
        // It is replaced as a whole.
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Importing {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }
}

struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl RevocationStore for MemoryRevocations {
    fn lock(&self) -> io::Result<Box<dyn Any>> {
        let mut importing = self.importing.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *importing, true) {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, BUSY));
        }
        Ok(Box::new(Importing(self.importing.clone())))
    }

    fn open(&self) -> io::Result<Option<Box<dyn RevocationFile>>> {
        let file = self.kept().clone().map(|file| Cursor::new(Shared(file)));
        Ok(file.map(|file| Box::new(file) as Box<dyn RevocationFile>))
    }

    fn replace(&self, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut file = vec![];
        write(&mut file)?;
        *self.kept() = Some(Arc::new(file));
        Ok(())
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}
