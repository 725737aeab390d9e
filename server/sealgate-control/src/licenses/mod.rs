//! Licenses: looked at, issued, changed, handed out.

mod amend;
mod authforge_files;
mod change;
mod export;
mod import;
mod import_late;
mod import_row;
mod issue;
mod keys;
mod licensee;
mod list;
mod preview;
mod renew;
mod resign;
mod terms;
mod wanted;

pub use authforge_files::AuthforgeFiles;
pub(crate) use import::OUTCOMES;
pub use list::Licenses;
pub(crate) use list::find;
pub(crate) use wanted::ORDERS;
