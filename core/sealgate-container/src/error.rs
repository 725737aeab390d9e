//! What can be wrong with a container.

use sealgate_artifact::Code;

use crate::statement::StatementFault;
use crate::{EntryName, Purpose};

/// Why a container is refused: what is wrong, where, and what to do. Entries are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    /// `spec/container.md` §1.1: another magic, or the file ends before it.
    #[error("this is not a Sealgate container")]
    Unknown,
    /// `spec/container.md` §1.1: it begins as a container does, and the bytes that show what became of it on its way are others.
    #[error("the file was changed on the way, as by a transfer in text mode: its first bytes do not fit")]
    Begin,
    /// `spec/container.md` §1.1: a version that this program does not know.
    #[error("the container is of version {0}, and this program reads version 1")]
    Version(u8),
    /// `spec/container.md` §2.
    #[error("the container has the purpose {0}, which is none")]
    Purpose(u8),
    /// `spec/container.md` §3.2: the whole file is too large.
    #[error("the file has {size} bytes, and no {purpose} has more than {}", purpose.most_bytes())]
    FileTooLarge {
        /// What the file is for.
        purpose: Purpose,
        /// How many bytes it has.
        size: u64,
    },
    /// `spec/container.md` §2: more or fewer entries than any file of this purpose has.
    #[error("the container has {count} entries, and no {purpose} has so {}", if *count < 10 { "few" } else { "many" })]
    Entries {
        /// What the file is for.
        purpose: Purpose,
        /// How many entries it has.
        count: usize,
    },
    /// `spec/container.md` §3: an entry's name is not known.
    #[error("entry {at} has the name {number}, which is none")]
    NameUnknown {
        /// Which entry.
        at: usize,
        /// What stands for its name.
        number: u8,
    },
    /// `spec/container.md` §2: files of this purpose have no entry of this name.
    #[error("entry {at} is a {name}, and no {purpose} has one")]
    NameUnexpected {
        /// Which entry.
        at: usize,
        /// Its name.
        name: EntryName,
        /// What the file is for.
        purpose: Purpose,
    },
    /// `spec/container.md` §3.1: an entry stands behind one that has to follow it.
    #[error("entry {at}, a {name}, stands behind entries that have to follow it")]
    Order {
        /// Which entry.
        at: usize,
        /// Its name.
        name: EntryName,
    },
    /// `spec/container.md` §2: there are more entries of this name than the purpose allows.
    #[error("entry {at} is one {name} too many: here, there are at most {most}")]
    TooMany {
        /// Which entry.
        at: usize,
        /// Its name.
        name: EntryName,
        /// How many there may be.
        most: usize,
    },
    /// `spec/container.md` §2: an entry that the purpose needs is not there.
    #[error("the {purpose} has no {name}")]
    Missing {
        /// What the file is for.
        purpose: Purpose,
        /// The name that is not there.
        name: EntryName,
    },
    /// `spec/container.md` §3: an entry is empty, or longer than its name allows.
    #[error("entry {at}, a {name}, has {length} bytes, and may have 1 to {}", name.most_bytes())]
    Length {
        /// Which entry.
        at: usize,
        /// Its name.
        name: EntryName,
        /// How many bytes it is said to have.
        length: u64,
    },
    /// `spec/container.md` §5.1: the file ends early.
    #[error("the file ends {}", ending(*has, *needs))]
    Truncated {
        /// How many bytes there are.
        has: u64,
        /// How many bytes its heads say, if they were read.
        needs: Option<u64>,
    },
    /// `spec/container.md` §1.2: something follows the checksum.
    #[error("bytes follow the container's end, at byte {needs}")]
    TooLong {
        /// How many bytes its heads say.
        needs: u64,
    },
    /// `spec/container.md` §2: more bodies than shards that have one.
    #[error("the file has the body of a shard that it does not have")]
    BodyUnexpected,
    /// `spec/container.md` §1.3.
    #[error("the file was changed on the way, its checksum does not fit")]
    Damaged,
    /// `spec/container.md` §4.1: what should be a statement is none.
    #[error("entry {at}, a {name}, is not a statement in binary form: {fault}")]
    Statement {
        /// Which entry.
        at: usize,
        /// Its name.
        name: EntryName,
        /// What is wrong with it.
        fault: StatementFault,
    },
}

fn ending(has: u64, needs: Option<u64>) -> String {
    match needs {
        Some(needs) => format!("after {has} of {needs} bytes"),
        None => format!("after {has} bytes, before its list of entries does"),
    }
}

impl ContainerError {
    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::Unknown | Self::Version(_) => Code::ContainerUnknown,
            Self::FileTooLarge { .. } => Code::ArtifactTooLarge,
            Self::Truncated { .. } => Code::ContainerTruncated,
            Self::Damaged | Self::Begin => Code::ContainerDamaged,
            Self::Statement { fault, .. } => fault.code(),
            _ => Code::ContainerInvalid,
        }
    }

    /// One sentence: what would put it right.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Unknown => "Check that this is the right file.",
            Self::Version(_) => "Use a newer version of this program.",
            Self::Begin => "Copy the file again, as it is: in binary mode, and not through an editor.",
            other => other.code().fix().unwrap_or("Get the file again from the vendor."),
        }
    }
}
