//! Containers, read once as they come (`spec/container.md` §5).

use std::io::{ErrorKind, Read};
use std::path::Path;

use sealgate_artifact::encode_hex;
use sealgate_container::{Container, ContainerError, EntryName, Head, Purpose, Reader};
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::files::{self, Stream};
use crate::output::Output;

/// Read at once.
const PIECE: usize = 64 * 1024;
/// Files up to this size need no bar.
const SHORT: u64 = 16 * 1024 * 1024;

/// A container that was read to its end.
pub(crate) struct Whole {
    pub(crate) container: Container,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// Reads a container once, and hands each entry but a package to `take` as soon as it is there. What `take` made of them counts only if
/// this succeeds: until then, nobody knows whether the file is whole.
pub(crate) fn read(
    path: &Path,
    mut stream: Stream,
    output: &Output,
    mut take: impl FnMut(EntryName, Vec<u8>) -> Result<(), Failure>,
) -> Result<Whole, Failure> {
    let (mut reader, mut hash, mut taken) = (Reader::new(stream.size), Sha256::new(), 0_u64);
    let bar = output.progress(stream.size.unwrap_or(0), SHORT, "bytes read");
    let (mut entries, mut entry) = (Entries::default(), vec![]);
    let refused = |error: ContainerError| of_container(path, &error);
    loop {
        let wants = usize::try_from(reader.wants()).unwrap_or(PIECE).clamp(1, PIECE);
        let mut piece = vec![0; wants];
        let length = match stream.read.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(files::unreadable(path, &error));
            }
        };
        let piece = &piece[..length];
        let head = entries.next(&reader);
        hash.update(piece);
        reader.push(piece).map_err(refused)?;
        taken += length as u64;
        bar.set_position(taken);
        if let Some(head) = head {
            let is_kept = head.name != EntryName::Package;
            entry.extend_from_slice(if is_kept { piece } else { &[] });
            if entries.took(length as u64, &head) && is_kept {
                take(head.name, std::mem::take(&mut entry))?;
            }
        }
    }
    bar.finish_and_clear();
    let container = reader.finish().map_err(refused)?;
    Ok(Whole { container, bytes: taken, sha256: encode_hex(&hash.finalize()) })
}

/// Which entry comes.
#[derive(Default)]
struct Entries {
    at: usize,
    taken: u64,
}

impl Entries {
    /// The entry that the next bytes belong to, once all heads were read.
    fn next(&self, reader: &Reader) -> Option<Head> {
        reader.layout().and_then(|layout| layout.heads().get(self.at)).copied()
    }

    /// Whether the entry is there whole. No piece reaches into the next one: that is what the reader wants.
    fn took(&mut self, length: u64, head: &Head) -> bool {
        self.taken += length;
        let is_whole = self.taken == head.length;
        if is_whole {
            *self = Self { at: self.at + 1, taken: 0 };
        }
        is_whole
    }
}

/// A container that is refused.
pub(crate) fn of_container(path: &Path, error: &ContainerError) -> Failure {
    Failure::new(error.code(), format!("{}: {error}", path.display())).fix(error.fix())
}

/// What a container is, in words.
pub(crate) fn of_what(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Snapshot => "a snapshot, which says what a vendor took back; `sglic import` takes it over",
        Purpose::Update => "a version of a product with its package",
        Purpose::Journal => "journals: what machines without a network did",
        Purpose::Acknowledgement => "an acknowledgement of journals; `sglic import` takes it over",
        Purpose::ReAnchor => "a word to one machine on what time it is; `sglic import` takes it over",
        Purpose::Return => "a receipt of a machine that gave its license back",
        Purpose::License => "a license for machines without a network; `sglic import` takes it over",
        Purpose::Request => "a machine's request for a license; `sealgate offline respond` answers it",
    }
}
