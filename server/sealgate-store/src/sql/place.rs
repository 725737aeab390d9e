//! Where an SQLite database lies: the engine goes on with files that were deleted, replaced or overwritten, and what it writes there
//! is lost.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, OpenFlags};

use crate::StoreError;

/// The database, its log and the index of the log.
const ENDINGS: [&str; 3] = ["", "-wal", "-shm"];

/// The files that were opened.
pub(crate) struct Place {
    path: PathBuf,
    opened: [Option<File>; ENDINGS.len()],
    /// Whether they were not there when somebody looked last.
    is_gone: AtomicBool,
    content: Mutex<Content>,
}

/// What the database's file holds without its log. Only a checkpoint changes it, and never to something older.
struct Content {
    /// When it was changed last, as far as what it holds is known.
    known: Option<Stamp>,
    /// When it was changed last, as somebody saw it who looked last.
    seen: Option<Stamp>,
    /// The last write that it holds.
    last_write: i64,
    /// Whether something older lies there, or what cannot be read.
    is_older: bool,
}

/// When a file was changed last, in nanoseconds, and its size.
#[derive(PartialEq, Eq, Clone, Copy)]
struct Stamp {
    changed: i128,
    bytes: u64,
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
        let known = stamp(path);
        let last_write = last_write_alone(path).unwrap_or(0);
        let content = Mutex::new(Content { known, seen: known, last_write, is_older: false });
        Self { path: path.to_owned(), opened: files(path), is_gone: AtomicBool::new(false), content }
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
        let is_older = self.content.lock().expect("no holder of this lock panics").is_older;
        let is_gone = is_older || files(&self.path) != self.opened;
        match (self.is_gone.swap(is_gone, Ordering::AcqRel), is_gone) {
            (false, true) => tracing::error!(
                database = %self.path.display(),
                "the files of the database were deleted, replaced or overwritten under the server: nothing is written any more. Bring them \
                 back, or stop the server and start it on the files that are meant"
            ),
            (true, false) => tracing::warn!("the files of the database are back"),
            _ => {}
        }
        self.check()
    }

    /// The same, and looks at what the file holds if it was changed and has come to rest: whoever copies an older one onto it
    /// leaves the file where it was. Answers with the last write that the file holds without its log.
    pub(crate) fn look_inside(&self) -> Result<i64, StoreError> {
        let last_write = {
            let mut content = self.content.lock().expect("no holder of this lock panics");
            let (now, before) = (stamp(&self.path), content.seen);
            content.seen = now;
            if now != content.known && now == before {
                let found = last_write_alone(&self.path);
                content.is_older = found.as_ref().map_or(true, |n| *n < content.last_write);
                if let (Ok(n), false) = (found, content.is_older) {
                    (content.known, content.last_write) = (now, n);
                }
            }
            content.last_write
        };
        self.look().map(|()| last_write)
    }

    fn gone(&self) -> StoreError {
        let path = self.path.display();
        StoreError::Unavailable(format!(
            "{path} or its log was deleted, replaced or overwritten under the server"
        ))
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

fn stamp(path: &Path) -> Option<Stamp> {
    let file = std::fs::metadata(path).ok()?;
    let changed = i128::from(file.ctime()) * 1_000_000_000 + i128::from(file.ctime_nsec());
    Some(Stamp { changed, bytes: file.len() })
}

/// Whether a log with changes lies beside the database.
pub(crate) fn has_log(database: &Path) -> bool {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    std::fs::metadata(Path::new(&name)).is_ok_and(|log| log.len() > 0)
}

/// The last write that a file holds without its log; 0 if it has no table that says so, or is not there.
pub(crate) fn last_write_alone(path: &Path) -> Result<i64, StoreError> {
    if std::fs::metadata(path).map_or(0, |file| file.len()) == 0 {
        return Ok(0);
    }
    // Immutable: neither the log nor a lock is looked at, nor made.
    let name = format!("file:{}?immutable=1", escaped(path));
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let file = Connection::open_with_flags(name, flags)?;
    let counts: i64 = file.query_row(HAS_COUNTER, (), |row| row.get(0))?;
    if counts == 0 { Ok(0) } else { Ok(file.query_row(LAST_WRITE, (), |row| row.get(0))?) }
}

/// The number of the last write.
pub(crate) const LAST_WRITE: &str = "SELECT n FROM change_counter WHERE id = 1";
const HAS_COUNTER: &str =
    "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'change_counter'";

/// A path within a URI: every byte that may mean something there is written as a number.
fn escaped(path: &Path) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let one = |byte: &u8| if is_plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    path.as_os_str().as_bytes().iter().map(one).collect()
}
