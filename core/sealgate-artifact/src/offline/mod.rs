//! What crosses to a machine without a network, and back (`spec/offline.md`, `spec/journal.md`).

mod acknowledgement;
mod bundle;
mod journal;
mod journal_entry;
mod list;
mod offline_request;
mod re_anchor;
mod return_receipt;
mod scope;

pub use acknowledgement::{Acknowledged, Acknowledgement};
pub use bundle::{Bundle, Machines};
pub use journal::{Journal, JournalHead};
pub use journal_entry::{JournalEntry, JournalKind};
pub use offline_request::{LicenseHint, OfflineRequest};
pub use re_anchor::ReAnchor;
pub use return_receipt::ReturnReceipt;
