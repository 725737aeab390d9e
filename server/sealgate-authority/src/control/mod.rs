//! What a vendor does. A use case takes the caller and a shape of [`sealgate_wire`], and gives back another.

mod access;
mod apps;
mod authforge_files;
mod bootstrap;
mod change;
mod check;
mod export;
mod issue;
mod keys;
mod licenses;
mod page;
mod plans;
mod records;
mod release;
mod servers;
mod tenants;
mod tokens;

pub use access::{add_access, list_access, remove_access};
pub use apps::{
    app_variables, create_app, disable_app, enable_app, grant_credits, list_apps, rotate_app_key,
    rotate_secret, set_app_variables, show_app, show_credits, update_app,
};
pub use authforge_files::make_authforge_file;
pub(crate) use bootstrap::INSTALLATION;
pub use bootstrap::{Installation, bootstrap, join};
pub use change::{
    license_variables, renew_license, resume_license, revoke_license, set_license_variables, suspend_license,
    update_license,
};
pub use export::{app_trust, license_file};
pub use issue::issue_licenses;
pub use keys::{list_keys, revoke_key, rotate_key};
pub use licenses::{list_licenses, look_up_license, show_license};
pub(crate) use plans::stored;
pub use plans::{create_plan, list_plans, show_plan, update_plan};
pub use records::{export_audit, list_audit, list_events};
pub use release::{list_devices, release_device, reset_devices, show_device};
pub(crate) use servers::certify_servers;
pub use servers::{approve_server, list_servers, register_server, revoke_server};
pub use tenants::{create_tenant, list_tenants, resume_tenant, show_tenant, suspend_tenant, update_tenant};
pub use tokens::{authenticate, create_token, list_tokens, revoke_token};

/// Changes by others that may come in between before a change of ours gives up.
const ATTEMPTS: u32 = 8;
