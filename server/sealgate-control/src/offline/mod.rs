//! Bundles for machines without a network (`spec/offline.md` §5).

mod bundles;
mod digests;
mod export;
mod file;
mod list;
mod made;
mod may;
mod prepare;
mod request;
mod revoke;
mod view;

pub use bundles::Offline;
pub use file::BundleFile;
