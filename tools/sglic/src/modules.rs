//! The programs and libraries below a folder, as they lie there. What a file does not say of itself is left out; nothing is guessed.
#![expect(clippy::disallowed_methods, reason = "the adapter that reads the program's files")]

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use sealgate::Module;
use sealgate_artifact::ModuleNote;
use sha2::{Digest, Sha256};

/// How programs and libraries begin: ELF, Windows, and macOS with one processor or several.
const BEGINNINGS: [&[u8]; 5] =
    [b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe"];
/// Folders in folders. Blocks a tree without end.
const DEPTH: usize = 64;

type Failed = (PathBuf, io::Error);

/// Each with its path. Links are not followed: what they lead to is elsewhere, or is found there.
pub(crate) fn below(root: &Path) -> Result<Vec<(PathBuf, Module)>, Failed> {
    let mut found = vec![];
    walk(root, DEPTH, &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<(PathBuf, Module)>) -> Result<(), Failed> {
    let failed = |error| (folder.to_owned(), error);
    if depth == 0 {
        return Err(failed(io::Error::other("folders lie too deep in each other")));
    }
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
        if kind.is_dir() {
            walk(&path, depth - 1, found)?;
        } else if kind.is_file()
            && let Some(module) = module(&path).map_err(|error| (path.clone(), error))?
        {
            found.push((path, module));
        }
    }
    Ok(())
}

fn module(path: &Path) -> io::Result<Option<Module>> {
    let mut file = File::open(path)?;
    let mut beginning = vec![];
    (&mut file).take(4).read_to_end(&mut beginning)?;
    if !BEGINNINGS.iter().any(|known| beginning.starts_with(known)) {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(0))?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => hash.update(&piece[..read]),
        }
    }
    let note = note(file);
    Ok(Some(Module {
        // A name that is not UTF-8 is none that a module can have.
        name: path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned(),
        sha256: hash.finalize().into(),
        version: note.as_ref().map(|note| note.version.clone()),
        signer: note.map(|note| note.signer),
    }))
}

fn note(file: File) -> Option<ModuleNote> {
    let file = RefCell::new(file);
    ModuleNote::find(&|at, length| {
        let mut file = file.borrow_mut();
        file.seek(SeekFrom::Start(at)).ok()?;
        let mut bytes = vec![0; length];
        file.read_exact(&mut bytes).ok()?;
        Some(bytes)
    })
}
