//! What a program is told when something cannot be written down.

use sealgate_artifact::Code;

/// Why an entry was not written, or a journal not given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// A note or a code is no such word.
    #[error("a note must have 1 to 64 bytes and no control characters, a code 1 to 64 of a-z, 0-9 and _")]
    Word,
    /// Nothing that waits was dropped, and the entry was not written.
    #[error("8 MiB of the journal wait for the vendor")]
    Full,
    /// A file cannot be read or written. If an entry was to be written, it may have been.
    #[error("the journal cannot be read or written: {0}")]
    Store(String),
    /// The vendor acknowledged an entry that is not in this chain: the journal was put back to an older state, or copied.
    #[error("the vendor acknowledged entry {seq}, which this journal does not have")]
    NotOurs {
        /// Its number.
        seq: u64,
    },
}

impl JournalError {
    /// The stable code of `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::Word => Code::ConfigInvalid,
            Self::Full => Code::ChainFull,
            Self::Store(_) => Code::FileUnreadable,
            Self::NotOurs { .. } => Code::ChainMismatch,
        }
    }

    /// One sentence: what would put it right.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Word => "Give a shorter note.",
            Self::Full => "Export the journal, hand it to the vendor, and import the answer.",
            Self::Store(_) => {
                "Make the state folder writable for the user who runs this program, and make room on its disk."
            }
            Self::NotOurs { .. } => "Hand the journal to the vendor: it knows another one of this machine.",
        }
    }
}

impl From<std::io::Error> for JournalError {
    fn from(error: std::io::Error) -> Self {
        Self::Store(error.to_string())
    }
}
