//! Where an SQLite database lies: the engine goes on with files that were deleted or replaced, and what it writes there is lost.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::StoreError;

/// The database, its log and the index of the log.
const ENDINGS: [&str; 3] = ["", "-wal", "-shm"];

/// The files that were opened.
pub(crate) struct Place {
    path: PathBuf,
    opened: [Option<File>; ENDINGS.len()],
    /// Whether they were not there when somebody looked last.
    is_gone: AtomicBool,
}

/// Which file a path leads to.
#[derive(PartialEq, Eq, Clone, Copy)]
struct File {
    device: u64,
    inode: u64,
}

impl Place {
    /// While a connection holds all of them open.
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), opened: files(path), is_gone: AtomicBool::new(false) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the files are where they were when somebody looked last.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.is_gone.load(Ordering::Acquire) { Err(self.gone()) } else { Ok(()) }
    }

    /// Looks whether the files are where they were.
    pub(crate) fn look(&self) -> Result<(), StoreError> {
        let is_gone = files(&self.path) != self.opened;
        match (self.is_gone.swap(is_gone, Ordering::AcqRel), is_gone) {
            (false, true) => tracing::error!(
                database = %self.path.display(),
                "the files of the database were deleted or replaced under the server: nothing is written any more. Bring them back, or \
                 stop the server and start it on the files that are meant"
            ),
            (true, false) => tracing::warn!("the files of the database are back"),
            _ => {}
        }
        self.check()
    }

    fn gone(&self) -> StoreError {
        let path = self.path.display();
        StoreError::Unavailable(format!("{path} or its log was deleted or replaced under the server"))
    }
}

fn files(path: &Path) -> [Option<File>; ENDINGS.len()] {
    ENDINGS.map(|ending| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        let found = std::fs::metadata(Path::new(&name)).ok()?;
        Some(File { device: found.dev(), inode: found.ino() })
    })
}
