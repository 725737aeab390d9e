//! Files as modules: hashed, and marked with what they say of themselves (`spec/activation.md` §2).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use sealgate_artifact::{Code, ModuleNote, encode_hex, limits};
use sealgate_wire::ListedModule;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::signals;

/// Read at once.
const PIECE: usize = 1 << 20;
/// The largest program that gets a note: all of it is held in memory twice.
const MARKED_BYTES: u64 = 1 << 30;
/// Bytes beyond which a bar shows how far it is.
const SHORT_BYTES: u64 = 256 << 20;

/// A file that was read.
pub(crate) struct Hashed {
    pub(crate) module: ListedModule,
    pub(crate) length: u64,
    /// SHA-256, as text.
    pub(crate) sha256: String,
}

/// What became of a file that was to be marked.
#[derive(Clone, Serialize)]
pub(crate) struct Marked {
    /// The file.
    pub(crate) file: PathBuf,
    /// The marked copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) written: Option<PathBuf>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) left: Option<String>,
}

impl Marked {
    /// The file that is to be hashed.
    pub(crate) fn path(&self) -> &Path {
        self.written.as_deref().unwrap_or(&self.file)
    }
}

/// Hashes a file, under the name that the original has.
pub(crate) fn hash(original: &Path, path: &Path, output: &Output) -> Result<Hashed, Failure> {
    let name = file_name(original)?;
    let failed = |error: io::Error| unreadable(path, &error.to_string());
    let mut file = open(path)?;
    let size = file.metadata().map_err(failed)?.len();
    let bar = output.progress(size, SHORT_BYTES, &format!("bytes of {name}"));
    let (mut hash, mut length) = (Sha256::new(), 0);
    let mut piece = vec![0; PIECE];
    loop {
        signals::none_came()?;
        let read = file.read(&mut piece).map_err(failed)?;
        if read == 0 {
            break;
        }
        hash.update(&piece[..read]);
        length += read as u64;
        bar.set_position(length);
    }
    bar.finish_and_clear();
    let note = ModuleNote::find(&|at, len| read_at(&file, at, len).ok());
    let (version, signer) = note.map(|note| (note.version, note.signer)).unzip();
    let sha256 = encode_hex(&hash.finalize());
    let module = ListedModule { name, sha256: sha256.clone(), version, signer };
    Ok(Hashed { module, length, sha256 })
}

/// Writes a copy of the file with the note. A file that says the same already, and one that can have none, is left.
pub(crate) fn mark(path: &Path, note: &ModuleNote, folder: Option<&Path>) -> Result<Marked, Failure> {
    let name = file_name(path)?;
    let left = |why: &str| Marked { file: path.to_owned(), written: None, left: Some(why.to_owned()) };
    let file = open(path)?;
    let metadata = file.metadata().map_err(|error| unreadable(path, &error.to_string()))?;
    if read_at(&file, 0, 4).ok().as_deref() != Some(b"\x7fELF") {
        return Ok(left("it is no ELF file"));
    }
    if metadata.len() > MARKED_BYTES {
        return Ok(left("it is larger than 1 GiB"));
    }
    let mut before = vec![];
    (&file).read_to_end(&mut before).map_err(|error| unreadable(path, &error.to_string()))?;
    let after = match note.added_to(&before) {
        Ok(after) if after == before => return Ok(left("it says so already")),
        Ok(after) => after,
        Err(sealgate_artifact::NoNote::Other) => {
            let why = format!("{}: {}", path.display(), sealgate_artifact::NoNote::Other);
            return Err(Failure::new(Code::MalformedRequest, why).fix("give the file as the linker wrote it"));
        }
        Err(sealgate_artifact::NoNote::Unwritable) => {
            return Err(Failure::new(
                Code::MalformedRequest,
                sealgate_artifact::NoNote::Unwritable.to_string(),
            ));
        }
        Err(why) => return Ok(left(&why.to_string())),
    };
    let to = match folder {
        Some(folder) => folder.join(&name),
        None => path.with_file_name(format!("{name}.marked")),
    };
    if files::are_same(path, &to) {
        let why = format!("{}: the copy would replace the file itself", path.display());
        return Err(Failure::new(Code::MalformedRequest, why).fix("give another directory with -o"));
    }
    let failed = |error: io::Error| {
        Failure::new(Code::FileUnreadable, format!("could not write {}: {error}", to.display()))
    };
    if let Some(folder) = folder {
        files::make_dir(folder).map_err(failed)?;
    }
    files::write_public(&to, &after).map_err(failed)?;
    std::fs::set_permissions(&to, metadata.permissions()).map_err(failed)?;
    Ok(Marked { file: path.to_owned(), written: Some(to), left: None })
}

/// No file's name is guessed: what the module is called on a machine is what it is called here.
fn file_name(path: &Path) -> Result<String, Failure> {
    let name = path.file_name().and_then(|name| name.to_str()).filter(|name| *name != "-");
    let is_good =
        |name: &&str| name.len() <= limits::MODULE_NAME_BYTES && !name.chars().any(char::is_control);
    name.filter(is_good).map(str::to_owned).ok_or_else(|| {
        let why = format!("{}: a module is a file with a name of 1 to 128 bytes of text", path.display());
        Failure::new(Code::MalformedRequest, why).fix("give the file under the name that it has on a machine")
    })
}

#[expect(clippy::disallowed_methods, reason = "large files are read piece by piece")]
fn open(path: &Path) -> Result<File, Failure> {
    let file = File::open(path).map_err(|error| unreadable(path, &error.to_string()))?;
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    if is_file { Ok(file) } else { Err(unreadable(path, "it is no regular file")) }
}

fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::new(Code::FileUnreadable, format!("could not read {}: {why}", path.display()))
}

fn read_at(mut file: &File, at: u64, len: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = vec![0; len];
    file.read_exact(&mut bytes)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(bytes)
}
