//! The state in a file that only its owner reads.
#![expect(clippy::disallowed_methods, reason = "this is the file adapter")]

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::copies::{Copy, CopyKey, HEADER_BYTES};
use crate::private::{COPIES, FIRST, KEY};
use crate::{Store, private, random};

const STAGED: &str = "state.new";
/// A state with the longest chain has about 3 MiB. Blocks memory exhaustion by another file of that name.
const STATE_BYTES: u64 = 32 * 1024 * 1024;
/// More than any key. A file of that name that is longer is refused before it is read.
const KEY_BYTES: u64 = 1024;

/// Keeps the state in a folder of its own. On Unix the folder gets mode 0700, also where it was made before, and the files
/// 0600. What may be somebody else's work is refused before it is read, also if the program runs as root: a folder of another user, a
/// shared one like `/tmp`, one that others may write to with a state in it, a state of another user than this one and root, and one
/// that others may write to. The error names the path and what to do.
///
/// There are two copies, `state.0` and `state.1`, which are written in turn; each has a number and a MAC under `state.key`. The newest
/// whole one counts, so whatever ends the program, or spoils one file, costs the last step at most. Where neither is whole, the state
/// is damaged, and no new device is made in its place. The `state.json` of an earlier version is taken over.
///
/// Processes of one program may share the folder: a lock file keeps them from overwriting each other. The file system
/// must know renames and locks; a local one does.
#[derive(Debug, Clone)]
pub struct FileStore {
    folder: PathBuf,
}

/// What lies in the folder.
enum There {
    Nothing,
    /// A state of the first version.
    First(Zeroizing<Vec<u8>>),
    /// The newest whole copy, in its place, and whether the other one is whole, too.
    Copies {
        newest: Copy,
        place: usize,
        both: bool,
    },
}

impl There {
    fn state(&self) -> Option<&[u8]> {
        match self {
            Self::Nothing => None,
            Self::First(state) | Self::Copies { newest: Copy { state, .. }, .. } => Some(state),
        }
    }
}

impl FileStore {
    /// The store in this folder, which is made when something is first saved.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn read(&self) -> io::Result<There> {
        private::check_folder(&self.folder)?;
        let mut odd = None;
        // One that can be no copy, such as a folder or a file that is far too large, is as good as a damaged one.
        let files = COPIES.map(|name| match self.file(name, STATE_BYTES + HEADER_BYTES as u64) {
            Err(error) if is_no_state(&error) => {
                odd.get_or_insert(error);
                Ok(Some(Zeroizing::default()))
            }
            file => file,
        });
        let [one, two] = files;
        let (one, two) = (one?, two?);
        if one.is_none() && two.is_none() {
            return Ok(self.file(FIRST, STATE_BYTES)?.map_or(There::Nothing, There::First));
        }
        let key = self.key()?;
        let open = |file: Option<Zeroizing<Vec<u8>>>| key.as_ref()?.open(&file?);
        match (open(one), open(two)) {
            (Some(one), Some(two)) if one.number > two.number => {
                Ok(There::Copies { newest: one, place: 0, both: true })
            }
            (Some(_), Some(two)) => Ok(There::Copies { newest: two, place: 1, both: true }),
            (Some(one), None) => Ok(There::Copies { newest: one, place: 0, both: false }),
            (None, Some(two)) => Ok(There::Copies { newest: two, place: 1, both: false }),
            // A first save that did not come about may have left one.
            (None, None) => match self.file(FIRST, STATE_BYTES)? {
                Some(state) => Ok(There::First(state)),
                None => Err(odd.unwrap_or_else(damaged)),
            },
        }
    }

    fn file(&self, name: &str, most: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let file = match private::open(OpenOptions::new().read(true), &self.folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let there = file.metadata()?;
        if there.is_dir() {
            let why = format!("{name} is a folder: delete it");
            return Err(io::Error::new(io::ErrorKind::IsADirectory, why));
        }
        // Before it is read into memory.
        if there.len() > most {
            return Err(too_large(name));
        }
        let mut bytes = Zeroizing::new(Vec::new());
        file.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(too_large(name));
        }
        Ok(Some(bytes))
    }

    /// `None` where there is none, or another file of that name.
    fn key(&self) -> io::Result<Option<CopyKey>> {
        let bytes = self.file(KEY, KEY_BYTES)?;
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
        Ok(bytes.map(Zeroizing::new).map(CopyKey::new))
    }

    fn exchange(&self, old: Option<&[u8]>, new: &[u8]) -> io::Result<bool> {
        private::make_folder(&self.folder)?;
        let _lock = private::lock(&self.folder)?;
        let there = self.read()?;
        if there.state() != old {
            return Ok(false);
        }
        self.write(&there, new).map(|()| true)
    }

    /// Over the older copy, so that the newest stays whole meanwhile. Then over the other one, where it was none.
    fn write(&self, there: &There, state: &[u8]) -> io::Result<()> {
        let (place, number, both) = match there {
            There::Copies { newest, place, both } => (1 - place, newest.number + 1, *both),
            There::Nothing | There::First(_) => (0, 1, false),
        };
        let key = match there {
            There::Copies { .. } => self.key()?,
            There::Nothing | There::First(_) => None,
        };
        let key = key.map_or_else(|| self.make_key(), Ok)?;
        self.save(COPIES[place], &key.seal(number, state))?;
        if !both {
            self.save(COPIES[1 - place], &key.seal(number + 1, state))?;
        }
        if matches!(there, There::First(_)) {
            // It does not count any more. Where it cannot be removed, it is only in the way.
            let _ = std::fs::remove_file(self.folder.join(FIRST));
        }
        Ok(())
    }

    fn make_key(&self) -> io::Result<CopyKey> {
        let key = CopyKey::new(random::bits().map_err(io::Error::other)?);
        self.save(KEY, key.as_bytes())?;
        Ok(key)
    }

    /// Whole or not at all, and durable.
    fn save(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let staged = self.folder.join(STAGED);
        // What a crash left behind may have another mode.
        match std::fs::remove_file(&staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let replaced = write_new(&staged, bytes).and_then(|()| put(&staged, &self.folder.join(name)));
        if replaced.is_err() {
            // A file that did not fit would leave no room for anybody. What went wrong first is what is told.
            let _ = std::fs::remove_file(&staged);
        }
        replaced?;
        private::sync_folder(&self.folder)
    }

    /// Whoever reads it knows which folder to look at.
    fn named(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.folder.display()))
    }
}

impl Store for FileStore {
    fn load(&self) -> io::Result<Option<Vec<u8>>> {
        self.read().map(|there| there.state().map(<[u8]>::to_vec)).map_err(|error| self.named(&error))
    }

    fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> io::Result<bool> {
        self.exchange(old, new).map_err(|error| self.named(&error))
    }

    fn note(&self) -> io::Result<Option<String>> {
        let there = self.read().map_err(|error| self.named(&error))?;
        let There::Copies { place, both: false, .. } = there else { return Ok(None) };
        let gone = COPIES[1 - place];
        Ok(Some(format!(
            "only one of two copies of the state is left: {gone} was deleted, damaged, or made by another machine, and is written again with the next change"
        )))
    }
}

/// In the place of whatever stands there; of a folder, if it is empty.
fn put(staged: &Path, path: &Path) -> io::Result<()> {
    match std::fs::rename(staged, path) {
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
            std::fs::remove_dir(path).and_then(|()| std::fs::rename(staged, path))
        }
        renamed => renamed,
    }
}

/// Whether what stands there can be no copy of a state, whosever it is.
fn is_no_state(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, InvalidInput, IsADirectory};
    matches!(error.kind(), FileTooLarge | InvalidInput | IsADirectory)
}

fn too_large(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("{name} is larger than any state"))
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "both copies of the state are damaged")
}

fn write_new(staged: &Path, state: &[u8]) -> io::Result<()> {
    let mut file = private::for_owner().write(true).create_new(true).open(staged)?;
    file.write_all(state)?;
    file.sync_all()
}
