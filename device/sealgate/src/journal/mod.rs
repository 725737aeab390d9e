//! What a machine without a network did with its license, kept until its vendor acknowledged it (`spec/journal.md`).

mod error;
mod folder;
mod held;
mod log;
mod noted;
mod open;
mod store;

pub use error::JournalError;
pub use folder::JournalFolder;
pub use log::{Begin, JournalExport, JournalLog, JournalShown};
pub use noted::Noted;
pub use open::OpenRecord;
pub use store::{JournalFile, JournalStore};
