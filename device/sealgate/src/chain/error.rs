//! What a program is told when something cannot be recorded.

use sealgate_artifact::Code;

/// Why an entry was not recorded, or a list not given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// A tenant or an action is no such word.
    #[error("{0} must have 1 to 64 bytes and no control characters")]
    Word(&'static str),
    /// `spec/chain.md` §5.4. Nothing that waits was dropped, and the entry was not recorded.
    #[error("8 MiB of recorded actions wait for the server")]
    Full,
    /// `spec/chain.md` §5.6. Nothing was dropped.
    #[error("the file of dead letters has 64 MiB")]
    LettersFull,
    /// A file cannot be read or written. If an entry was to be recorded, it may have been.
    #[error("the log of actions cannot be read or written: {0}")]
    Store(String),
    /// The log is not what this program wrote.
    #[error("the log of actions is damaged")]
    Damaged,
    /// The device was activated again: the log is another chain's now.
    #[error("the device was activated again, so another chain goes on")]
    Superseded,
    /// The server acknowledged an entry that is not in this chain: the log was put back to an older state, or copied.
    #[error("the server acknowledged entry {seq}, which this log does not have")]
    NotOurs {
        /// Its number.
        seq: u64,
    },
    /// The server wants entries that are no longer here.
    #[error("the log begins with entry {first}")]
    Gone {
        /// The first number that is left.
        first: u64,
    },
}

impl ChainError {
    /// The stable code of `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::Word(_) => Code::ConfigInvalid,
            Self::Full | Self::LettersFull => Code::ChainFull,
            Self::Store(_) | Self::Damaged => Code::FileUnreadable,
            Self::Superseded | Self::NotOurs { .. } | Self::Gone { .. } => Code::ChainMismatch,
        }
    }

    /// One sentence: what would put it right.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Word(_) => "Give a tenant and an action of 1 to 64 bytes each.",
            Self::Full => "Connect the program to the vendor's server, and record the action again.",
            Self::LettersFull => "Hand chain.dead to the vendor, and take it out of the state folder.",
            Self::Store(_) => {
                "Make the state folder writable for the user who runs this program, and make room on its disk."
            }
            Self::Damaged => {
                "Activate the license again; if the error stays, hand chain.log to the vendor, and take it out of the state folder."
            }
            Self::Superseded => "Start the program again.",
            Self::NotOurs { .. } => {
                "Activate the license again: the state is older than what the server knows."
            }
            Self::Gone { .. } => "Ask the vendor to re-anchor the chain, or activate the license again.",
        }
    }
}

impl From<std::io::Error> for ChainError {
    fn from(error: std::io::Error) -> Self {
        Self::Store(error.to_string())
    }
}
