//! Licenses: looked at, issued, changed, handed out.

mod authforge_files;
mod change;
mod export;
mod issue;
mod licensee;
mod list;
mod renew;
mod resign;
mod terms;

pub use authforge_files::AuthforgeFiles;
pub use list::Licenses;
pub(crate) use list::find;
