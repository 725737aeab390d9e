//! Reads a medium, once and in order.

use std::io::{self, Read};

use super::{Container, Purpose, Reader, StageError};

/// What is read at once: the memory that a file needs, however large it is.
const PIECE_BYTES: usize = 128 * 1024;

/// Reads a container to its end and keeps nothing of it: for who only wants to know whether it is whole. Nobody may use the medium
/// afterwards, because it may change (`spec/container.md` §5.2): see [`super::Staged::copy`].
pub fn check(medium: impl Read, size: Option<u64>) -> Result<Container, StageError> {
    Medium::new(medium, size).read_to_end(|_| Ok(()))
}

/// A medium that is read, and what the bytes so far say.
pub(super) struct Medium<R> {
    bytes: R,
    reader: Reader,
    piece: Vec<u8>,
}

impl<R: Read> Medium<R> {
    pub(super) fn new(medium: R, size: Option<u64>) -> Self {
        Self { bytes: medium, reader: Reader::new(size), piece: vec![0; PIECE_BYTES] }
    }

    /// Reads up to the contents, and nothing of them: what stands there, and what is to be read further.
    pub(super) fn read_header(mut self) -> Result<(Vec<u8>, Self), StageError> {
        let mut header = vec![];
        while self.reader.layout().is_none() {
            let Some(piece) = self.next()? else {
                let ended = self.reader.finish().expect_err("no container ends before its contents");
                return Err(ended.into());
            };
            header.extend_from_slice(piece);
        }
        Ok((header, self))
    }

    /// What the file is for and how many bytes it has, as its heads say, once they were read.
    pub(super) fn says(&self) -> Option<(Purpose, u64)> {
        self.reader.layout().map(|layout| (layout.purpose(), layout.file_bytes()))
    }

    /// Reads the rest, and hands out each piece.
    pub(super) fn read_to_end(
        mut self,
        mut each: impl FnMut(&[u8]) -> Result<(), StageError>,
    ) -> Result<Container, StageError> {
        while let Some(piece) = self.next()? {
            each(piece)?;
        }
        Ok(self.reader.finish()?)
    }

    /// The next piece, judged as far as one can. It never goes beyond what is judged next.
    fn next(&mut self) -> Result<Option<&[u8]>, StageError> {
        // At the end there is one byte too many, or none.
        let wants = usize::try_from(self.reader.wants().max(1)).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        let read = loop {
            match self.bytes.read(&mut self.piece[..wants]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(StageError::Medium)?,
            }
        };
        let piece = &self.piece[..read];
        self.reader.push(piece)?;
        Ok((read > 0).then_some(piece))
    }
}
