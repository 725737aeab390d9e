//! What a vendor does: sells apps, and decides who may use them.
//!
//! This crate must never hold a private key, speak HTTP or name `sealgate-runtime`. A use case takes the caller and a
//! shape of [`sealgate_wire`], and gives back another. Each group of use cases holds only what it works with.

mod access;
mod activations;
mod answers;
mod approvals;
mod apps;
mod bootstrap;
mod caller;
mod check;
mod clock;
mod conditions;
mod customers;
mod desk;
mod devices;
mod duration;
mod ends;
mod found;
mod fresh_key;
mod jobs;
mod keys;
mod licenses;
mod list_turns;
mod metadata;
mod modules;
mod named;
mod numbering;
mod offline;
mod page;
mod plans;
mod presets;
mod records;
mod recovery;
mod release;
mod releases;
mod restore;
mod revocation;
mod scopes;
mod secrets;
mod servers;
mod sets;
mod slugged;
mod slugs;
mod snapshots;
mod standing;
mod tenants;
mod tokens;
mod trial;
mod turns;
mod upkeep;
pub mod vocabulary;
mod words;

use std::sync::Arc;

use jiff::tz::TimeZone;
use sealgate_authority::certificates::ServerSettings;
use sealgate_authority::{AuthorityError, Ids, Limiter, Observed, SharedSecrets};
use sealgate_store::Db;
use sealgate_trust::Signer;

pub use access::AccessLists;
pub use activations::Activations;
pub use approvals::Approvals;
pub use apps::Apps;
pub use bootstrap::{BootstrapError, Installation};
pub use caller::{Caller, Once};
pub use clock::ServerClock;
pub use customers::Customers;
pub use devices::Devices;
pub use jobs::JobRecords;
pub use keys::Keys;
pub use licenses::{AuthforgeFiles, Licenses};
pub use list_turns::{ListTurn, ListTurns};
pub use offline::{BundleFile, Offline};
pub use plans::Plans;
pub use presets::Preset;
pub use records::Records;
pub use releases::Releases;
pub use restore::Reapplied;
use restore::Restore;
pub use scopes::{Scope, Scopes};
pub use secrets::VendorSecrets;
pub use servers::Servers;
use snapshots::Again;
pub use snapshots::{SnapshotImports, SnapshotStep, Snapshots};
pub use tenants::Tenants;
pub use tokens::Tokens;
pub use upkeep::Upkeep;

use bootstrap::Bootstrap;
use desk::Desk;
use ends::Calendar;
use keys::KeyChanges;

/// The vendor's side of a server: every group of use cases.
pub struct Control {
    /// Tenants of the installation.
    pub tenants: Tenants,
    /// Access tokens.
    pub tokens: Tokens,
    /// Apps with their secrets, variables and credits.
    pub apps: Apps,
    /// Plans.
    pub plans: Plans,
    /// Customers.
    pub customers: Customers,
    /// Licenses.
    pub licenses: Licenses,
    /// Bundles for machines without a network.
    pub offline: Offline,
    /// License files for clients that were written for AuthForge.
    pub authforge_files: AuthforgeFiles,
    /// Devices and their seats.
    pub devices: Devices,
    /// Devices that were admitted.
    pub activations: Activations,
    /// Releases of the apps.
    pub releases: Releases,
    /// Modules of licenses.
    pub approvals: Approvals,
    /// Access lists.
    pub access: AccessLists,
    /// Events and the audit log.
    pub records: Records,
    /// License servers.
    pub servers: Servers,
    /// The clock of this one.
    pub clock: ServerClock,
    /// Revocation data.
    pub snapshots: Snapshots,
    /// Revocation data from outside.
    pub snapshot_imports: Box<SnapshotImports>,
    /// What the server did by itself.
    pub jobs: JobRecords,
    /// The keys that sign.
    pub keys: Keys,
    /// Whose lists are made.
    pub lists: ListTurns,
    /// What the server does by itself.
    pub upkeep: Upkeep,
    bootstrap: Bootstrap,
    db: Db,
}

/// What the vendor's side is made of.
pub struct Parts {
    /// The database.
    pub db: Db,
    /// Custody of the private keys.
    pub signer: Arc<dyn Signer>,
    /// The secrets that both sides need.
    pub shared: Arc<SharedSecrets>,
    /// The secrets of the vendor's side.
    pub secrets: VendorSecrets,
    /// Time and identifiers.
    pub ids: Ids,
    /// Counts wrong access tokens.
    pub limiter: Limiter,
    /// What this process observed and has not written yet.
    pub observed: Observed,
    /// The license server in the same process, if there is one.
    pub own_server: Option<ServerSettings>,
    /// Where the vendor is: a day ends there.
    pub zone: TimeZone,
}

impl Control {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let Parts { db, signer, shared, secrets, ids, limiter, observed, own_server, zone } = parts;
        let secrets = Arc::new(secrets);
        let desk = Desk::new(db.clone(), ids.clone(), Arc::clone(&secrets), Calendar::new(zone));
        let changes = KeyChanges::new(desk.clone(), Arc::clone(&signer));
        let tokens = Tokens::new(desk.clone(), Arc::clone(&secrets), limiter);
        let tenants = Tenants::new(desk.clone(), changes.clone(), tokens.clone());
        let licenses =
            || Licenses::new(desk.clone(), changes.issuers(), Arc::clone(&shared), Arc::clone(&secrets));
        let servers = Servers::new(desk.clone(), changes.clone(), own_server.clone());
        let snapshots = Snapshots::new(changes.clone());
        let again = Again {
            db: db.clone(),
            licenses: licenses(),
            devices: Devices::new(desk.clone(), observed.clone()),
            servers: servers.clone(),
            keys: Keys::new(changes.clone()),
            records: Records::new(desk.clone(), observed.clone()),
            upkeep: Upkeep::new(db.clone(), ids.clone()),
        };
        let records = Records::new(desk.clone(), observed.clone());
        Self {
            db: db.clone(),
            bootstrap: Bootstrap::new(desk.clone(), changes.clone(), tenants.clone()),
            apps: Apps::new(desk.clone(), Arc::clone(&signer), Arc::clone(&shared)),
            plans: Plans::new(desk.clone()),
            customers: Customers::new(desk.clone(), changes.issuers()),
            licenses: licenses(),
            offline: Offline::new(desk.clone(), changes.issuers(), Arc::clone(&shared), Arc::clone(&secrets)),
            authforge_files: AuthforgeFiles::new(desk.clone(), signer, secrets),
            devices: Devices::new(desk.clone(), observed.clone()),
            activations: Activations::new(desk.clone()),
            releases: Releases::new(changes.clone()),
            approvals: Approvals::new(desk.clone()),
            access: AccessLists::new(desk.clone()),
            clock: ServerClock::new(desk.clone(), own_server.as_ref().map(|own| own.key)),
            snapshot_imports: Box::new(SnapshotImports::new(snapshots.clone(), records, again)),
            servers,
            snapshots,
            jobs: JobRecords::new(db.clone(), ids.clone()),
            keys: Keys::new(changes),
            lists: ListTurns::new(),
            upkeep: Upkeep::new(db.clone(), ids),
            records: Records::new(desk, observed),
            tenants,
            tokens,
        }
    }

    /// Makes sure that the database belongs to the keystore, and sets the installation up where both are new.
    ///
    /// `save_token` stores the owner's token before the database knows it: after a crash in between, the next start
    /// sets up again and nothing is lost. Returns whether this was the first start.
    pub async fn bootstrap(
        &self,
        installation: Installation<'_>,
        save_token: impl FnOnce(&str) -> std::io::Result<()>,
    ) -> Result<bool, BootstrapError> {
        self.bootstrap.run(installation, save_token).await
    }

    /// Revokes again what this exported audit log says was revoked, and the database does not. It does so once, however often
    /// it is called. The log must verify, and begin as the database's own.
    pub async fn reapply_revocations(
        &self,
        request_id: &str,
        export: &[u8],
    ) -> Result<Reapplied, AuthorityError> {
        let Self { db, licenses, servers, keys, records, upkeep, .. } = self;
        Restore { db, licenses, servers, keys, records, upkeep }.reapply_revocations(request_id, export).await
    }
}
