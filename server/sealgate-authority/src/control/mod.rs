//! What a vendor does.

mod access;
mod apps;
mod bootstrap;
mod export;
mod issue;
mod keys;
mod licenses;
mod page;
mod records;
mod revoke;

pub use access::authenticate;
pub use apps::{NewApp, create_app, list_apps, show_app};
pub use bootstrap::bootstrap;
pub use export::{AppTrust, app_trust, license_file};
pub use issue::{Issued, Order, issue_licenses};
pub use keys::{ListedKey, Revocation, list_keys, revoke_key, rotate_key};
pub use licenses::{license_status, list_licenses, look_up_license, show_license};
pub use revoke::revoke_license;
