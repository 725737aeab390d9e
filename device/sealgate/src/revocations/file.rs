//! Revocation data in a file that only its owner reads.
#![expect(clippy::disallowed_methods, reason = "this is the file adapter")]

use std::any::Any;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::store::{BUSY, KeptRevocations, RevocationFile, RevocationStore};
use crate::private;

const STAGED: &str = "revocations.new";
/// Beside the lock of the state, which changes while somebody imports.
const LOCK: &str = "revocations.lock";

impl KeptRevocations {
    /// In `revocations.sgsnap` in this folder, that of the state ([`FileStore`](crate::FileStore)). The same holds for this file: mode 0600
    /// in a folder of mode 0700 on Unix, and what may be somebody else's work is refused.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(private::REVOCATIONS)
    }

    /// Whoever reads it knows which folder to look at.
    fn named<T>(&self, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.folder.display())))
    }

    fn write(&self, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        private::make_folder(&self.folder)?;
        let staged = self.folder.join(STAGED);
        // What a crash left behind may have another mode.
        match std::fs::remove_file(&staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = private::for_owner().write(true).create_new(true).open(&staged)?;
        let mut file = io::BufWriter::new(file);
        let written = write(&mut file).and_then(|()| file.flush()).and_then(|()| file.get_ref().sync_all());
        let replaced = written.and_then(|()| std::fs::rename(&staged, self.path()));
        if replaced.is_err() {
            // A file that did not fit would leave no room for anybody. What went wrong first is what is told.
            let _ = std::fs::remove_file(&staged);
        }
        replaced?;
        private::sync_folder(&self.folder)
    }
}

impl RevocationStore for KeptRevocations {
    fn lock(&self) -> io::Result<Box<dyn Any>> {
        let made = private::make_folder(&self.folder);
        let locked = made.and_then(|()| private::try_lock(&self.folder, LOCK));
        let locked = locked.map_err(|error| match error.kind() {
            io::ErrorKind::ResourceBusy => io::Error::new(error.kind(), BUSY),
            _ => error,
        });
        self.named(locked).map(|lock| Box::new(lock) as Box<dyn Any>)
    }

    fn open(&self) -> io::Result<Option<Box<dyn RevocationFile>>> {
        match private::open(OpenOptions::new().read(true), &self.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => self.named(opened).map(|file| Some(Box::new(file) as Box<dyn RevocationFile>)),
        }
    }

    fn replace(&self, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        self.named(self.write(write))
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}
