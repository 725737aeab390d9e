//! What a program records of itself, kept until its server acknowledged it (`spec/chain.md` §5).

mod error;
mod folder;
mod held;
mod letters;
mod log;
mod store;

pub use error::ChainError;
pub use folder::ChainFolder;
pub use log::ChainLog;
pub use store::{ChainFile, ChainStore};
