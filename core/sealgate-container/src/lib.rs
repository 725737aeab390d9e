//! Containers: files that cross to a machine without a network, and back (`spec/container.md`).
//!
//! This crate must never believe what a file says of itself: it decides whether a file is *whole* and has the parts that its
//! purpose allows, never whether they are *true*. What is in it is verified by `sealgate-trust`. It takes no room for what a file only
//! claims to hold, keeps nothing of the contents, and touches no file: whoever uses it pushes the bytes.
//!
//! A [`Reader`] judges a file while it goes by, in any pieces:
//!
//! ```
//! use sealgate_container::{Container, ContainerError, EntryName, Head, Layout, Purpose, Reader, Writer};
//!
//! # fn main() -> Result<(), ContainerError> {
//! # let statement = [&[0, 2, 1][..], b"{}", &[0; 64]].concat();
//! let parts = [
//!     (EntryName::Release, &statement[..]),
//!     (EntryName::Root, &statement[..]),
//!     (EntryName::Keyset, &statement[..]),
//!     (EntryName::TenantKeyset, &statement[..]),
//!     (EntryName::Package, b"the program"),
//! ];
//! let heads = parts.map(|(name, contents)| Head { name, length: contents.len() as u64 });
//! let mut writer = Writer::new(&Layout::new(Purpose::Update, heads)?);
//! let mut file = writer.header().to_vec();
//! for (_, contents) in parts {
//!     writer.push(contents)?;
//!     file.extend_from_slice(contents);
//! }
//! file.extend_from_slice(&writer.finish()?);
//!
//! let mut reader = Reader::new(Some(file.len() as u64));
//! for piece in file.chunks(7) {
//!     reader.push(piece)?;
//! }
//! let container: Container = reader.finish()?;
//! let package = container.only(EntryName::Package).expect("every update has one");
//! assert_eq!(package.contents(&file), Some(&b"the program"[..]));
//! # Ok(())
//! # }
//! ```

mod container;
mod contents;
mod entry;
mod error;
mod layout;
mod order;
mod parts;
mod purpose;
mod reader;
#[cfg(test)]
mod spec;
mod statement;
mod writer;

pub use container::{Container, Entry};
pub use entry::EntryName;
pub use error::ContainerError;
pub use layout::{Head, Layout};
pub use parts::{LicenseStatements, Parts, SnapshotStatements, names_body};
pub use purpose::Purpose;
pub use reader::Reader;
pub use statement::{StatementFault, decode as decode_statement, encode as encode_statement};
pub use writer::{Writer, write};
