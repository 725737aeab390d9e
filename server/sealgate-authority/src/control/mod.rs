//! What a vendor does.

mod access;
mod apps;
mod bootstrap;
mod export;
mod issue;
mod licenses;
mod records;
mod revoke;

pub use access::authenticate;
pub use apps::{NewApp, create_app, list_apps, show_app};
pub use bootstrap::bootstrap;
pub use export::{AppTrust, app_trust, license_file};
pub use issue::{Issued, Order, issue_licenses};
pub use licenses::{license_status, list_licenses, look_up_license, show_license};
pub use revoke::revoke_license;

/// How much of a list a caller wants at once.
const PAGE_LIMIT: u32 = 200;

/// A wished page size within 1 to 200; 50 without a wish.
pub(crate) fn page_size(wished: Option<u32>) -> u32 {
    wished.unwrap_or(50).clamp(1, PAGE_LIMIT)
}
