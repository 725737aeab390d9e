//! Files that cross to a machine without a network (`spec/container.md`): a medium is read once, into a private copy, and only
//! the copy is used.
//!
//! A [`Staged`] container is whole, and nothing more is known of it: its statements are to be verified, and what they name is to
//! be compared with the hashes of the entries.

mod error;
mod medium;
mod private_file;
mod staged;
mod stream;

pub use error::StageError;
pub(crate) use error::what;
pub use medium::check;
pub use staged::Staged;
pub use stream::Stream;

pub use sealgate_container::{
    Container, ContainerError, Entry, EntryName, Head, Layout, Purpose, Reader, StatementFault,
};
