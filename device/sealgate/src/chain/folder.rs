//! The log in files that only their owner reads.
#![expect(clippy::disallowed_methods, reason = "this is the file adapter")]

use std::any::Any;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::store::{ChainFile, ChainStore};
use crate::private;

/// Keeps the log in `chain.log`, and dead letters in `chain.dead`, in the folder of the state ([`FileStore`](crate::FileStore)). The
/// same holds for these files: mode 0600 in a folder of mode 0700 on Unix, and what may be somebody else's work is refused. One lock
/// of the folder is for all.
#[derive(Debug, Clone)]
pub struct ChainFolder {
    folder: PathBuf,
}

impl ChainFolder {
    /// The log in this folder, which is made when something is first written.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn path(&self, file: ChainFile) -> PathBuf {
        self.folder.join(match file {
            ChainFile::Log => private::CHAIN[0],
            ChainFile::DeadLetters => private::CHAIN[1],
        })
    }

    /// `None` where there is no such file.
    fn opened(&self, file: ChainFile) -> io::Result<Option<File>> {
        match private::open(OpenOptions::new().read(true), &self.path(file)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Whoever reads it knows which folder to look at.
    fn named<T>(&self, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.folder.display())))
    }
}

impl ChainStore for ChainFolder {
    fn lock(&self) -> io::Result<Box<dyn Any>> {
        let made = private::make_folder(&self.folder);
        let locked = made.and_then(|()| private::lock(&self.folder));
        self.named(locked).map(|lock| Box::new(lock) as Box<dyn Any>)
    }

    fn len(&self, file: ChainFile) -> io::Result<u64> {
        let opened = self.named(self.opened(file))?;
        opened.map_or(Ok(0), |opened| self.named(opened.metadata()).map(|there| there.len()))
    }

    fn read(&self, file: ChainFile, range: Range<u64>) -> io::Result<Vec<u8>> {
        let Some(mut opened) = self.named(self.opened(file))? else { return Ok(vec![]) };
        let mut bytes = vec![];
        let sought = opened.seek(SeekFrom::Start(range.start));
        let read = sought.and_then(|_| opened.take(range.end - range.start).read_to_end(&mut bytes));
        self.named(read).map(|_| bytes)
    }

    fn write(&self, file: ChainFile, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.named(
            write(&self.path(file), at, bytes)
                .and_then(|is_new| if is_new { private::sync_folder(&self.folder) } else { Ok(()) }),
        )
    }

    fn replace(&self, file: ChainFile, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(file);
        let staged = path.with_extension("new");
        self.named(replace(&path, &staged, bytes).and_then(|()| private::sync_folder(&self.folder)))
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
