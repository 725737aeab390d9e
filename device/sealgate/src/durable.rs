//! Files of a log in the state folder: read in parts, written over, replaced whole; durable when that returns.
#![expect(clippy::disallowed_methods, reason = "this is the file adapter of logs")]

use std::any::Any;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::private;

/// A folder whose files only their owner reads: mode 0600 in a folder of mode 0700 on Unix, and what may be somebody else's work is
/// refused. One lock of the folder is for all.
#[derive(Debug, Clone)]
pub(crate) struct DurableFolder {
    folder: PathBuf,
}

impl DurableFolder {
    /// The folder is made when something is first written.
    pub(crate) fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Keeps every other process and thread out while what it returns lives.
    pub(crate) fn lock(&self) -> io::Result<Box<dyn Any>> {
        let made = private::make_folder(&self.folder);
        let locked = made.and_then(|()| private::lock(&self.folder));
        self.named(locked).map(|lock| Box::new(lock) as Box<dyn Any>)
    }

    /// How many bytes the file has; 0 where there is none.
    pub(crate) fn len(&self, name: &str) -> io::Result<u64> {
        let opened = self.named(self.opened(name))?;
        opened.map_or(Ok(0), |opened| self.named(opened.metadata()).map(|there| there.len()))
    }

    /// These bytes of the file, or those of them that there are.
    pub(crate) fn read(&self, name: &str, range: Range<u64>) -> io::Result<Vec<u8>> {
        let Some(mut opened) = self.named(self.opened(name))? else { return Ok(vec![]) };
        let mut bytes = vec![];
        let sought = opened.seek(SeekFrom::Start(range.start));
        let read = sought.and_then(|_| opened.take(range.end - range.start).read_to_end(&mut bytes));
        self.named(read).map(|_| bytes)
    }

    /// Writes over what is there from the byte `at` on, then ends the file behind what was written.
    pub(crate) fn write(&self, name: &str, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.named(
            write(&self.folder.join(name), at, bytes)
                .and_then(|is_new| if is_new { private::sync_folder(&self.folder) } else { Ok(()) }),
        )
    }

    /// Replaces the file, whole or not at all.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.folder.join(name);
        let staged = path.with_extension("new");
        self.named(replace(&path, &staged, bytes).and_then(|()| private::sync_folder(&self.folder)))
    }

    /// `None` where there is no such file.
    fn opened(&self, name: &str) -> io::Result<Option<File>> {
        match private::open(OpenOptions::new().read(true), &self.folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Whoever reads it knows which folder to look at.
    fn named<T>(&self, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.folder.display())))
    }
}

/// Says whether a file that was there has grown. Otherwise it is new, or somebody looks at it for the first time: then its name may
/// not be durable yet.
fn write(path: &Path, at: u64, bytes: &[u8]) -> io::Result<bool> {
    let mut options = private::for_owner();
    let mut file = private::open(options.write(true).create(true).truncate(false), path)?;
    let has_grown = at > 0 && !bytes.is_empty() && file.metadata()?.len() == at;
    file.seek(SeekFrom::Start(at))?;
    file.write_all(bytes)?;
    file.set_len(at + bytes.len() as u64)?;
    file.sync_all()?;
    Ok(has_grown)
}

fn replace(path: &Path, staged: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a crash left behind may have another mode.
    match std::fs::remove_file(staged) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private::for_owner().write(true).create_new(true).open(staged)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let replaced = written.and_then(|()| std::fs::rename(staged, path));
    if replaced.is_err() {
        // A file that did not fit would leave no room for anybody. What went wrong first is what is told.
        let _ = std::fs::remove_file(staged);
    }
    replaced
}
