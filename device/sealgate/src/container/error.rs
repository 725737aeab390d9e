//! Why a container is not taken over.

use std::io;

use sealgate_artifact::Code;

use super::{ContainerError, Purpose};

/// Why a container is not taken over, or an entry of it not given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// The file is not a whole container.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// It is a container of another purpose than the one that is looked for.
    #[error("this file is {}", what(*.0))]
    Purpose(Purpose),
    /// The medium cannot be read.
    #[error("the file cannot be read: {0}")]
    Medium(#[source] io::Error),
    /// The private copy cannot be written or read.
    #[error("the file cannot be copied to this machine: {0}")]
    Copy(#[source] io::Error),
    /// The private copy changed since it was written.
    #[error("the copy of this file on this machine is damaged")]
    CopyDamaged,
    /// The entry is too large for memory, so it is only given as a stream.
    #[error("this part of the file is too large to be read at once")]
    EntryTooLarge,
}

/// A container of this purpose, in words.
pub(crate) fn what(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Snapshot => "a snapshot of revocation data",
        Purpose::Update => "an update of a program",
        Purpose::License => "a license for machines without a network",
        Purpose::Request => "a machine's request for a license",
        Purpose::Journal => "journals of machines without a network",
        Purpose::Acknowledgement => "an acknowledgement of journals",
        Purpose::ReAnchor => "a word to one machine on what time it is",
        Purpose::Return => "a receipt of a machine that gave its license back",
    }
}

impl StageError {
    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::Container(error) => error.code(),
            Self::Purpose(_) => Code::KindUnexpected,
            Self::EntryTooLarge => Code::ArtifactTooLarge,
            Self::Medium(_) | Self::Copy(_) | Self::CopyDamaged => Code::FileUnreadable,
        }
    }

    /// One sentence: what would put it right.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Container(error) => error.fix(),
            Self::Purpose(_) => "Give the file that is meant: its name says what it is for.",
            Self::Medium(error) if is_of_path(error) => "Check the path of the file and its permissions.",
            Self::Medium(_) => "Copy the file to the medium again, or use another medium.",
            Self::Copy(_) => {
                "Make the folder writable for the user who runs this program, and make room on its disk for a copy of the file."
            }
            Self::CopyDamaged => "Check this machine's disk, and import the file again.",
            Self::EntryTooLarge => "Read it piece by piece.",
        }
    }
}

/// Whether there is no such file, or it may not be opened: no other medium helps.
fn is_of_path(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, IsADirectory, NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), InvalidFilename | IsADirectory | NotADirectory | NotFound | PermissionDenied)
}
