//! What a loaded file is, and whether it may be there.

use std::ffi::OsStr;
use std::io::SeekFrom;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sealgate_artifact::{Module, ModuleNote};
use sha2::{Digest, Sha256};

use super::earlier::Earlier;
use super::error::IntegrityError;
use super::machine::{Machine, Opened, ReadSeek};
use super::maps::Mapped;

/// Where libraries of the system are.
const SYSTEM: [&str; 7] =
    ["/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib"];
/// Variables by which the dynamic linker loads something that the program did not ask for.
const PRELOADING: [&[u8]; 2] = [b"LD_PRELOAD=", b"LD_AUDIT="];

/// A file that is loaded as code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The vendor's: it is compared with what the vendor approved.
    Vendor {
        /// Where it is.
        path: PathBuf,
        /// What it is.
        module: Module,
    },
    /// The system's. It is reported, and compared with nothing.
    System {
        /// Where it is.
        path: PathBuf,
    },
    /// Neither: an `unapproved_module`.
    Foreign {
        /// Where it is, as the system says.
        path: PathBuf,
        /// Why it is neither.
        why: Why,
    },
}

/// Why a file is neither the vendor's nor the system's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// It was deleted, or never had a name: nobody can look at what is loaded.
    Gone,
    /// Another file has its name now.
    Replaced,
    /// It cannot be read.
    Unreadable,
    /// Its path is not absolute.
    Relative,
    /// It lies neither below the install root nor in a folder of the system.
    Elsewhere,
    /// Somebody else than the administrator could have written it.
    Writable,
    /// The program did not ask for it.
    Preloaded,
    /// It has a name that no module can have.
    Name,
}

/// What is loaded compared with what the vendor approved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement {
    /// The vendor's modules that the vendor did not approve.
    pub unapproved: Vec<Module>,
    /// Files that are neither the vendor's nor the system's.
    pub foreign: Vec<(PathBuf, Why)>,
    /// The system's.
    pub system: Vec<PathBuf>,
}

impl Judgement {
    /// Whether everything that is loaded may be there. If not, the code is `unapproved_module`.
    pub fn is_approved(&self) -> bool {
        self.unapproved.is_empty() && self.foreign.is_empty()
    }
}

/// Compares what was found (`spec/activation.md` §2.5) with what the vendor approved: what the proof lists, and what a release
/// lists (§9.1). All four parts are equal.
pub fn judge(found: &[Found], approved: &[Module]) -> Judgement {
    let mut judgement = Judgement::default();
    for found in found {
        match found {
            Found::Vendor { module, .. } if approved.contains(module) => {}
            Found::Vendor { module, .. } => judgement.unapproved.push(module.clone()),
            Found::System { path } => judgement.system.push(path.clone()),
            Found::Foreign { path, why } => judgement.foreign.push((path.clone(), *why)),
        }
    }
    judgement
}

/// What somebody has loaded into the program.
pub(super) struct Preloaded {
    /// Whole paths, as they really are, and names that the linker looks for.
    files: Vec<PathBuf>,
}

impl Preloaded {
    pub(super) fn of(machine: &dyn Machine) -> Result<Self, IntegrityError> {
        let environment = machine.environment()?;
        let variables = environment.split(|byte| *byte == 0);
        let mut lists: Vec<Vec<u8>> = variables
            .filter_map(|variable| PRELOADING.iter().find_map(|name| variable.strip_prefix(*name)))
            .map(<[u8]>::to_vec)
            .collect();
        lists.push(machine.preloaded_everywhere()?);
        let is_between = |byte: &u8| matches!(byte, b':' | b' ' | b'\n' | b'\t');
        let names = lists.iter().flat_map(|list| list.split(is_between)).filter(|name| !name.is_empty());
        let file = |name: &[u8]| {
            let path = Path::new(OsStr::from_bytes(name));
            if name.contains(&b'/') {
                machine.real_path(path).unwrap_or_else(|_| path.to_owned())
            } else {
                path.to_owned()
            }
        };
        Ok(Self { files: names.map(file).collect() })
    }

    /// By its name alone, too: the linker replaces words such as `$LIB` in a path.
    fn has(&self, path: &Path) -> bool {
        self.files.iter().any(|file| file == path || file.file_name() == path.file_name())
    }
}

/// What a mapped file is.
pub(super) fn classify(
    (machine, earlier): (&dyn Machine, &mut Earlier),
    (root, signers): (&Path, &[&str]),
    preloaded: &Preloaded,
    mapped: &Mapped,
) -> Found {
    let why = match open(machine, mapped) {
        Ok((path, opened)) => {
            let path = machine.real_path(&path).map_err(|_| Why::Unreadable);
            let found = path.and_then(|path| {
                classify_opened((machine, earlier), (root, signers), preloaded, mapped, (path, opened))
            });
            return found.unwrap_or_else(|why| foreign(mapped, why));
        }
        Err(why) => why,
    };
    if let Some(path) = earlier.system(mapped) {
        return Found::System { path };
    }
    let Some(gone) = earlier.take_module(mapped).or_else(|| executable(machine, mapped)) else {
        return foreign(mapped, why);
    };
    // It is no file of the system's any more: what stands in that folder now is another one.
    classify_opened((machine, earlier), (root, signers), preloaded, mapped, gone)
        .ok()
        .filter(|found| matches!(found, Found::Vendor { .. }))
        .unwrap_or_else(|| foreign(mapped, why))
}

fn foreign(mapped: &Mapped, why: Why) -> Found {
    Found::Foreign { path: PathBuf::from(OsStr::from_bytes(&mapped.path)), why }
}

fn classify_opened(
    (machine, earlier): (&dyn Machine, &mut Earlier),
    (root, signers): (&Path, &[&str]),
    preloaded: &Preloaded,
    mapped: &Mapped,
    (path, mut opened): (PathBuf, Opened),
) -> Result<Found, Why> {
    let content = &mut *opened.content;
    let note = note(content);
    let is_signed = note.as_ref().is_some_and(|note| signers.contains(&note.signer.as_str()));
    if path.starts_with(root) || is_signed {
        let name = path.file_name().and_then(OsStr::to_str).ok_or(Why::Name)?.to_owned();
        let (version, signer) = note.map(|note| (note.version, note.signer)).unzip();
        let sha256 = digest(content).ok_or(Why::Unreadable)?;
        let module = Module { name, sha256, version, signer };
        earlier.keep_module(mapped, &path, opened);
        return if module.is_well_formed() { Ok(Found::Vendor { path, module }) } else { Err(Why::Name) };
    }
    if preloaded.has(&path) {
        return Err(Why::Preloaded);
    }
    if !SYSTEM.iter().any(|folder| path.starts_with(folder)) {
        return Err(Why::Elsewhere);
    }
    let folder = path.parent().is_some_and(|folder| machine.is_administrators_folder(folder));
    if !folder || !opened.is_administrators {
        return Err(Why::Writable);
    }
    earlier.keep_system(mapped, &path);
    Ok(Found::System { path })
}

/// The executable of this process, if this is it: the system shows it also where its name is gone.
fn executable(machine: &dyn Machine, mapped: &Mapped) -> Option<(PathBuf, Opened)> {
    let opened = machine.executable().ok().filter(|opened| opened.is_file && opened.inode == mapped.inode)?;
    let former = Path::new(OsStr::from_bytes(mapped.former_path()));
    let folder = machine.real_path(former.parent()?).ok()?;
    Some((folder.join(former.file_name()?), opened))
}

/// The file that is mapped: the one that has its name and its number. The device is not compared, because file systems of layers
/// tell another one here than there.
fn open(machine: &dyn Machine, mapped: &Mapped) -> Result<(PathBuf, Opened), Why> {
    let mut why = Why::Unreadable;
    for spelling in mapped.spellings() {
        let path = PathBuf::from(OsStr::from_bytes(&spelling));
        if !path.is_absolute() {
            return Err(Why::Relative);
        }
        match machine.open(&path) {
            Ok(opened) if opened.is_file && opened.inode == mapped.inode => return Ok((path, opened)),
            Ok(_) => why = Why::Replaced,
            Err(_) => {}
        }
    }
    Err(if mapped.may_be_deleted() { Why::Gone } else { why })
}

fn note(content: &mut dyn ReadSeek) -> Option<ModuleNote> {
    let content = std::cell::RefCell::new(content);
    ModuleNote::find(&|at, len| {
        let mut content = content.borrow_mut();
        content.seek(SeekFrom::Start(at)).ok()?;
        let mut bytes = vec![0; len];
        content.read_exact(&mut bytes).ok()?;
        Some(bytes)
    })
}

fn digest(content: &mut dyn ReadSeek) -> Option<[u8; 32]> {
    content.seek(SeekFrom::Start(0)).ok()?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match content.read(&mut piece) {
            Ok(0) => return Some(hash.finalize().into()),
            Ok(read) => hash.update(&piece[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests;
