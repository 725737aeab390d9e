//! Every operation of the management API, in one list.

use axum::extract::State;
use sealgate_control::Scope;
use sealgate_wire::{
    AcceptClock, AccessView, ActivationQuery, ActivationView, AddAccess, AppCreated, AppQuery, AppView,
    ApprovalQuery, ApprovalView, ApprovalsChanged, ApproveServer, AuditExport, AuditView, AuthforgeFile,
    BundleFileQuery, BundleView, ChainEntryView, ChainQuery, ChangeVariables, ClockView, CountedQuery,
    CreateApp, CreateCustomer, CreatePlan, CreateTenant, CreateToken, CreditsView, CustomerForgotten,
    CustomerQuery, CustomerView, CustomersMerged, DecideModules, DeviceQuery, DeviceView, EventQuery,
    EventView, ExportBundle, ExportQuery, ForgetCustomer, GrantCredits, ImportLicenses, ImportSnapshot,
    IssueLicenses, JobView, KeyRevoked, KeyView, LicenseKeyShown, LicenseKeysShown, LicensePreview,
    LicenseQuery, LicenseView, LicensesImported, LicensesIssued, LicensesResigned, LookUpLicense,
    MakeAuthforgeFile, MergeCustomers, Nothing, OwnToken, Page, PlanView, PublishRelease, Reason,
    ReleaseDevices, ReleaseView, Released, RenewLicense, ResignLicenses, RespondOffline, ResumeLicense,
    RevealKeys, RevokeToken, RotateKey, RotateSecret, SecretRotated, ServerView, SignedStatement,
    SnapshotImported, SnapshotSigned, SnapshotView, StopLicense, SubmitModules, TenantCreated, TenantView,
    TokenCreated, TokenRevoked, TokenView, Trust, UpdateApp, UpdateCustomer, UpdateDevice, UpdateLicense,
    UpdatePlan, UpdateTenant, Variables,
};

use super::operation::{Octets, Operation, Shape, Vendor, operations, parameters};
use super::request::{Body, Id};
use crate::body::{FILE_BODY_BYTES, LONG_BODY_BYTES};
use crate::caller::{Authenticated, Demands};
use crate::query::{NoQuery, QueryOf};

/// Every operation. What is not in this list does not exist.
pub(crate) fn operations() -> Vec<Operation> {
    let mut all = own();
    all.extend(vendor());
    all.extend(customers());
    all.extend(licenses());
    all.extend(bundles());
    all.extend(devices());
    all.extend(releases());
    all.extend(records());
    all
}

/// What every token may ask.
fn own() -> Vec<Operation> {
    operations! {
        /// Show the token that asks
        ///
        /// Whose it is and what it may do. Every token may ask.
        GET "/api/v1/token", AnyToken, show_own_token = tokens.own () -> 200 OwnToken;
    }
}

/// Tenants, tokens, apps, plans.
fn vendor() -> Vec<Operation> {
    operations! {
        /// Create a tenant
        ///
        /// The answer is the only one that shows its owner's token.
        POST "/api/v1/tenants", Installation, create_tenant = tenants.create (body CreateTenant) -> 201 TenantCreated, once;
        /// List tenants
        GET "/api/v1/tenants", Installation, list_tenants = tenants.list (query CountedQuery) -> 200 Page<TenantView>;
        /// Show a tenant
        GET "/api/v1/tenants/{tenant_id}", Installation, show_tenant = tenants.show (id) -> 200 TenantView;
        /// Change what a tenant may do
        PATCH "/api/v1/tenants/{tenant_id}", Installation, update_tenant = tenants.update (id, body UpdateTenant) -> 200 TenantView;
        /// Suspend a tenant
        ///
        /// Its tokens and its apps' clients are refused within a second. Licenses in the field that work without the
        /// server keep working.
        POST "/api/v1/tenants/{tenant_id}/suspend", Installation, suspend_tenant = tenants.suspend (id) -> 200 TenantView;
        /// End the suspension of a tenant
        POST "/api/v1/tenants/{tenant_id}/resume", Installation, resume_tenant = tenants.resume (id) -> 200 TenantView;

        /// Create an access token
        ///
        /// The answer is the only one that shows it. It may do no more than the token that asks, and ends no later.
        POST "/api/v1/tokens", TokensWrite, create_token = tokens.create (body CreateToken) -> 201 TokenCreated, once;
        /// List access tokens
        GET "/api/v1/tokens", TokensRead, list_tokens = tokens.list (query CountedQuery) -> 200 Page<TokenView>;
        /// Revoke an access token
        ///
        /// The tokens that it made, and those that they made, are revoked with it unless `keep_made` is true.
        POST "/api/v1/tokens/{token_id}/revoke", TokensWrite, revoke_token = tokens.revoke (id, body RevokeToken) -> 200 TokenRevoked;

        /// Create an app
        ///
        /// The answer is the only one that shows its first secret.
        POST "/api/v1/apps", AppsWrite, create_app = apps.create (body CreateApp) -> 201 AppCreated, once;
        /// List apps
        GET "/api/v1/apps", AppsRead, list_apps = apps.list (query CountedQuery) -> 200 Page<AppView>;
        /// Show an app
        GET "/api/v1/apps/{app_id}", AppsRead, show_app = apps.show (id) -> 200 AppView;
        /// The trust.json that builds pin
        GET "/api/v1/apps/{app_id}/trust", AppsRead, app_trust = licenses.trust (id) -> 200 Trust;
        /// Change whether an app needs its secret and hands out files that never expire
        PATCH "/api/v1/apps/{app_id}", AppsWrite, update_app = apps.update (id, body UpdateApp) -> 200 AppView;
        /// Give an app a new secret
        ///
        /// The former one is taken for a while. The answer is the only one that shows the new one.
        POST "/api/v1/apps/{app_id}/rotate-secret", AppsWrite, rotate_secret = apps.rotate_secret (id, body RotateSecret) -> 200 SecretRotated, once;
        /// Start signing with an app's published next key
        POST "/api/v1/apps/{app_id}/rotate-key", AppsWrite, rotate_app_key = apps.rotate_key (id, body Nothing) -> 200 AppView, once;
        /// Switch an app off
        POST "/api/v1/apps/{app_id}/disable", AppsWrite, disable_app = apps.disable (id) -> 200 AppView;
        /// Switch an app on
        POST "/api/v1/apps/{app_id}/enable", AppsWrite, enable_app = apps.enable (id) -> 200 AppView;
        /// What an app hands to running software
        GET "/api/v1/apps/{app_id}/variables", AppsRead, app_variables = apps.variables (id) -> 200 Variables;
        /// Replace what an app hands to running software
        PUT "/api/v1/apps/{app_id}/variables", AppsWrite, set_app_variables = apps.set_variables (id, body Variables) -> 200 Variables;
        /// Change some of what an app hands to running software
        ///
        /// The others stay. The answer has all of it.
        PATCH "/api/v1/apps/{app_id}/variables", AppsWrite, change_app_variables = apps.change_variables (id, body ChangeVariables) -> 200 Variables;
        /// An app's credits
        GET "/api/v1/apps/{app_id}/credits", AppsRead, show_credits = apps.credits (id) -> 200 CreditsView;
        /// Grant credits
        ///
        /// The first grant switches counting on.
        POST "/api/v1/apps/{app_id}/credits", CreditsWrite, grant_credits = apps.grant_credits (id, body GrantCredits) -> 200 CreditsView, once;

        /// Create a plan
        POST "/api/v1/plans", PlansWrite, create_plan = plans.create (body CreatePlan) -> 201 PlanView, once;
        /// List plans
        GET "/api/v1/plans", PlansRead, list_plans = plans.list (query AppQuery) -> 200 Page<PlanView>;
        /// Show a plan
        GET "/api/v1/plans/{plan_id}", PlansRead, show_plan = plans.show (id) -> 200 PlanView;
        /// Change a plan
        ///
        /// Licenses that were issued from it keep their terms.
        PATCH "/api/v1/plans/{plan_id}", PlansWrite, update_plan = plans.update (id, body UpdatePlan) -> 200 PlanView;
    }
}

/// Customers.
fn customers() -> Vec<Operation> {
    operations! {
        /// Create a customer
        ///
        /// Where a customer has the external id already, the refusal names that customer to a token that may see customers.
        POST "/api/v1/customers", CustomersWrite, create_customer = customers.create (body CreateCustomer) -> 201 CustomerView, once;
        /// List or search customers
        GET "/api/v1/customers", CustomersRead, list_customers = customers.list (query CustomerQuery) -> 200 Page<CustomerView>;
        /// Show a customer
        GET "/api/v1/customers/{customer_id}", CustomersRead, show_customer = customers.show (id) -> 200 CustomerView;
        /// Change a customer
        ///
        /// Licenses that say its name go on saying what they say.
        PATCH "/api/v1/customers/{customer_id}", CustomersWrite, update_customer = customers.update (id, body UpdateCustomer) -> 200 CustomerView, once;
        /// Give a customer's licenses to another one
        ///
        /// The first customer is removed when it has none left. One request moves at most 500.
        POST "/api/v1/customers/{customer_id}/merge", CustomersWrite and LicensesWrite, merge_customers = customers.merge (id, body MergeCustomers) -> 200 CustomersMerged, once;
        /// Forget a customer
        ///
        /// Removes its name, addresses and notes, and what its licenses say about it, which are signed again. Does a part, and
        /// says where to go on.
        POST "/api/v1/customers/{customer_id}/forget", CustomersWrite and LicensesWrite, forget_customer = customers.forget (id, body ForgetCustomer) -> 200 CustomerForgotten;
    }
}

/// Licenses.
fn licenses() -> Vec<Operation> {
    operations! {
        /// Issue licenses
        ///
        /// All of them or none. The answer shows their keys. Where a license has the external id already, the refusal names
        /// that license to a token that may see licenses.
        POST "/api/v1/licenses", LicensesWrite, issue_licenses = licenses.issue (body IssueLicenses) -> 201 LicensesIssued, once;
        /// List or search licenses
        GET "/api/v1/licenses", LicensesRead, list_licenses = licenses.list (query LicenseQuery) -> 200 Page<LicenseView>;
        /// Import licenses from elsewhere
        ///
        /// Each row that can be a license becomes one, once for ever; the answer says of each row what became of it, and shows the
        /// keys of new licenses.
        POST "/api/v1/licenses/import", LicensesWrite, import_licenses = licenses.import (body ImportLicenses) -> 200 LicensesImported, once;
        /// Show the keys of many licenses
        ///
        /// All of them or none. The audit log says of each that it was shown.
        POST "/api/v1/licenses/reveal-keys", LicenseKeysRead, reveal_license_keys = licenses.reveal_keys (body RevealKeys) -> 200 LicenseKeysShown;
        /// Find a license by its key, or by one that it had before
        POST "/api/v1/licenses/lookup", LicensesRead, look_up_license = licenses.look_up (body LookUpLicense) -> 200 LicenseView;
        /// Sign all licenses in force again, for a database that came back from a backup
        ///
        /// A client that saw a newer version refuses the one that the backup holds. Signs a part, and says where to go on.
        POST "/api/v1/licenses/resign", LicensesWrite, resign_licenses = licenses.resign (body ResignLicenses) -> 200 LicensesResigned;
        /// Show a license
        GET "/api/v1/licenses/{license_id}", LicensesRead, show_license = licenses.show (id) -> 200 LicenseView;
        /// Change what a license grants, and its notes
        ///
        /// It keeps its key, and devices keep their seats. `release` also needs the scope `devices:write`.
        PATCH "/api/v1/licenses/{license_id}", LicensesWrite, update_license = licenses.update (id, body UpdateLicense) -> 200 LicenseView, once;
        /// What a change of a license would do
        ///
        /// Takes the body of the change, and changes nothing.
        POST "/api/v1/licenses/{license_id}/preview", LicensesWrite, preview_license = licenses.preview (id, body UpdateLicense) -> 200 LicensePreview;
        /// Show a license's key
        ///
        /// The audit log says that it was shown.
        POST "/api/v1/licenses/{license_id}/reveal-key", LicenseKeysRead, reveal_license_key = licenses.reveal_key (id, body Nothing) -> 200 LicenseKeyShown;
        /// Give a license another key
        ///
        /// The answer shows it, so this also needs `license-keys:read`. Seats and sessions stay. Whoever asks with the former key
        /// gets `license_key_replaced`.
        POST "/api/v1/licenses/{license_id}/rekey", LicensesWrite and LicenseKeysRead, rekey_license = licenses.rekey (id, body Reason) -> 200 LicenseKeyShown, once;
        /// Hand out the signed license for use offline
        ///
        /// The file works on every machine, so this also needs `licenses:write`.
        GET "/api/v1/licenses/{license_id}/file", LicensesRead and LicensesWrite, license_file = licenses.file (id) -> 200 SignedStatement as "application/vnd.dsse.envelope.v1+json", conflicts;
        /// Make a license file for clients that were written for AuthForge
        ///
        /// A device that it names takes a seat. The license key stands in the file, so it also needs `license-keys:read`.
        POST "/api/v1/licenses/{license_id}/authforge-file", LicensesWrite and LicenseKeysRead, make_authforge_file = authforge_files.make (id, body MakeAuthforgeFile) -> 201 AuthforgeFile, once;
        /// Give a license a new end
        POST "/api/v1/licenses/{license_id}/renew", LicensesWrite, renew_license = licenses.renew (id, body RenewLicense) -> 200 LicenseView, once;
        /// Show what a renewal would change
        ///
        /// Takes the body of a renewal, and changes nothing.
        POST "/api/v1/licenses/{license_id}/renew/preview", LicensesWrite, preview_renewal = licenses.preview_renewal (id, body RenewLicense) -> 200 LicensePreview;
        /// Suspend a license
        POST "/api/v1/licenses/{license_id}/suspend", LicensesWrite, suspend_license = licenses.suspend (id, body StopLicense) -> 200 LicenseView, once;
        /// End the suspension of a license
        POST "/api/v1/licenses/{license_id}/resume", LicensesWrite, resume_license = licenses.resume (id, body ResumeLicense) -> 200 LicenseView;
        /// Revoke a license forever
        POST "/api/v1/licenses/{license_id}/revoke", LicensesWrite, revoke_license = licenses.revoke (id, body StopLicense) -> 200 LicenseView, once;
        /// Release every seat of a license
        POST "/api/v1/licenses/{license_id}/reset-devices", DevicesWrite, reset_devices = devices.reset (id, body ReleaseDevices) -> 200 Released, once;
        /// What a license hands to running software
        GET "/api/v1/licenses/{license_id}/variables", LicensesRead, license_variables = licenses.variables (id) -> 200 Variables;
        /// Replace what a license hands to running software
        PUT "/api/v1/licenses/{license_id}/variables", LicensesWrite, set_license_variables = licenses.set_variables (id, body Variables) -> 200 Variables;
        /// Change some of what a license hands to running software
        ///
        /// The others stay. The answer has all of it.
        PATCH "/api/v1/licenses/{license_id}/variables", LicensesWrite, change_license_variables = licenses.change_variables (id, body ChangeVariables) -> 200 Variables;
    }
}

/// Bundles for machines without a network.
fn bundles() -> Vec<Operation> {
    operations! {
        /// Sign a bundle for machines without a network
        ///
        /// For machines that asked, for those of a bundle that it replaces, or for a pool. Its machines hold seats until it ends, and
        /// nothing calls it back before. The file is downloaded.
        POST "/api/v1/licenses/{license_id}/bundles", OfflineWrite, export_bundle = offline.export (id, long ExportBundle) -> 201 BundleView, once;
        /// List the bundles of a license
        GET "/api/v1/licenses/{license_id}/bundles", OfflineRead, list_bundles = offline.list (id, query CountedQuery) -> 200 Page<BundleView>;
        /// Answer the request of a machine without a network
        ///
        /// The same request gets the same bundle, as long as that lives.
        POST "/api/v1/offline/respond", OfflineWrite, respond_offline = offline.respond (body RespondOffline) -> 200 BundleView;
        /// Show a bundle
        GET "/api/v1/bundles/{bundle_id}", OfflineRead, show_bundle = offline.show (id) -> 200 BundleView;
        /// The file of a bundle
        ///
        /// A container, with the keys that the machine needs to verify it. It gives rights to those it is for, so this also needs
        /// `offline:write`.
        GET "/api/v1/bundles/{bundle_id}/file", OfflineRead and OfflineWrite, bundle_file = offline.file (id, query BundleFileQuery, as file) -> 200 Octets as "application/octet-stream", conflicts;
        /// Revoke a bundle
        ///
        /// Machines hear of it only from something newer. It frees no seat before the bundle's end.
        POST "/api/v1/bundles/{bundle_id}/revoke", OfflineWrite, revoke_bundle = offline.revoke (id, body Reason) -> 200 BundleView;
    }
}

/// Devices, access lists.
fn devices() -> Vec<Operation> {
    operations! {
        /// List devices
        GET "/api/v1/devices", DevicesRead, list_devices = devices.list (query DeviceQuery) -> 200 Page<DeviceView>;
        /// Show a device
        GET "/api/v1/devices/{device_id}", DevicesRead, show_device = devices.show (id) -> 200 DeviceView;
        /// Change the vendor's notes about a device
        PATCH "/api/v1/devices/{device_id}", DevicesWrite, update_device = devices.update (id, body UpdateDevice) -> 200 DeviceView;
        /// Release a device's seat
        POST "/api/v1/devices/{device_id}/release", DevicesWrite, release_device = devices.release (id, body ReleaseDevices) -> 200 Released, once;

        /// List activations
        ///
        /// Newest first.
        GET "/api/v1/activations", DevicesRead, list_activations = activations.list (query ActivationQuery) -> 200 Page<ActivationView>;
        /// Show an activation
        GET "/api/v1/activations/{activation_id}", DevicesRead, show_activation = activations.show (id) -> 200 ActivationView;
        /// Read what a device recorded
        ///
        /// Oldest first.
        GET "/api/v1/activations/{activation_id}/chain", DevicesRead, activation_chain = activations.chain (id, query ChainQuery) -> 200 Page<ChainEntryView>;
        /// Take a device's chain as it is
        ///
        /// The next heartbeat's head counts without the entries before it, and the activation goes on. What is missing stays on record.
        POST "/api/v1/activations/{activation_id}/reanchor", DevicesWrite and LicensesWrite, reanchor_activation = activations.reanchor (id, body Nothing) -> 200 ActivationView;

        /// Add an entry to an access list
        POST "/api/v1/access", AccessWrite, add_access = access.add (body AddAccess) -> 201 AccessView, once;
        /// List access entries
        ///
        /// First the vendor's own.
        GET "/api/v1/access", AccessRead, list_access = access.list (query AppQuery) -> 200 Page<AccessView>;
        /// Remove an entry
        DELETE "/api/v1/access/{entry_id}", AccessWrite, remove_access = access.remove (id) -> 200 AccessView;
    }
}

/// Releases, modules of licenses.
fn releases() -> Vec<Operation> {
    operations! {
        /// Publish a release
        ///
        /// Signs it with the tenant's update key. Its modules are approved for every license of the app. The same content again is
        /// the same release.
        POST "/api/v1/apps/{app_id}/releases", ReleasesWrite, publish_release = releases.publish (id, long PublishRelease) -> 201 ReleaseView, once;
        /// List releases
        GET "/api/v1/releases", ReleasesRead, list_releases = releases.list (query AppQuery) -> 200 Page<ReleaseView>;
        /// Show a release
        GET "/api/v1/releases/{release_id}", ReleasesRead, show_release = releases.show (id) -> 200 ReleaseView;
        /// A release as devices verify it
        ///
        /// The signed statement, with its list of modules.
        GET "/api/v1/releases/{release_id}/statement", ReleasesRead, release_statement = releases.statement (id) -> 200 SignedStatement;
        /// Revoke a release
        ///
        /// Its modules are approved by it no more. Its version and target are never used again.
        POST "/api/v1/releases/{release_id}/revoke", ReleasesWrite, revoke_release = releases.revoke (id, body Reason) -> 200 ReleaseView;

        /// List modules of licenses
        ///
        /// Those that wait for a decision, and those that have one.
        GET "/api/v1/approvals", ReleasesRead, list_approvals = approvals.list (query ApprovalQuery) -> 200 Page<ApprovalView>;
        /// Let modules wait for a decision about one license
        POST "/api/v1/licenses/{license_id}/approvals", ReleasesWrite, submit_modules = approvals.submit (id, long SubmitModules) -> 200 ApprovalsChanged, once;
        /// Approve modules for one license
        ///
        /// They count for no other license.
        POST "/api/v1/licenses/{license_id}/approvals/approve", ReleasesWrite, approve_modules = approvals.approve (id, body DecideModules) -> 200 ApprovalsChanged, once;
        /// Refuse modules for one license
        ///
        /// Those that were approved are not any more.
        POST "/api/v1/licenses/{license_id}/approvals/reject", ReleasesWrite, reject_modules = approvals.reject (id, body DecideModules) -> 200 ApprovalsChanged, once;
    }
}

/// Events, the audit log, keys.
fn records() -> Vec<Operation> {
    operations! {
        /// List events
        GET "/api/v1/events", EventsRead, list_events = records.events (query EventQuery) -> 200 Page<EventView>;
        /// List the audit log, newest first
        GET "/api/v1/audit", AuditRead, list_audit = records.audit (query CountedQuery) -> 200 Page<AuditView>;
        /// Export the audit log's chain, oldest first
        GET "/api/v1/audit/export", AuditRead, export_audit = records.export (query ExportQuery) -> 200 AuditExport;
        /// List license servers
        ///
        /// First those that were approved or revoked.
        GET "/api/v1/servers", Installation, list_servers = servers.list (query CountedQuery) -> 200 Page<ServerView>;
        /// Show a license server
        GET "/api/v1/servers/{server_id}", Installation, show_server = servers.show (id) -> 200 ServerView;
        /// Approve a license server, so that it gets certificates
        ///
        /// Its key then answers running software, for every tenant, at the origins that the request names. If the server reports
        /// others meanwhile, it is refused.
        POST "/api/v1/servers/{server_id}/approve", Installation, approve_server = servers.approve (id, body ApproveServer) -> 200 ServerView;
        /// Revoke a license server
        ///
        /// Clients refuse it once they hold the new keyset, and at the latest when its certificate ends.
        POST "/api/v1/servers/{server_id}/revoke", Installation, revoke_server = servers.revoke (id, body Reason) -> 200 ServerView;
        /// Show this server's clock
        ///
        /// The one that answers: ask each server at its own address.
        GET "/api/v1/clock", Installation, show_clock = clock.show () -> 200 ClockView;
        /// Accept this server's clock
        ///
        /// After its clock was set, a server signs nothing that lives longer than a day until somebody says that it is right.
        POST "/api/v1/clock/accept", Installation, accept_clock = clock.accept (body AcceptClock) -> 200 ClockView;
        /// Sign revocation data now
        ///
        /// Shards and the snapshot that are due, as far as one request can; a job does it by itself every minute. If `complete` is
        /// false, the same request again goes on.
        POST "/api/v1/snapshots", LicensesWrite, sign_snapshot = snapshots.sign_now (body Nothing) -> 200 SnapshotSigned;
        /// List snapshots of revocation data
        ///
        /// Those that are kept, newest first. `GET /api/v1/snapshot` hands out the newest.
        GET "/api/v1/snapshots", LicensesRead, list_snapshots = snapshots.list (query CountedQuery) -> 200 Page<SnapshotView>;
        /// Take over a snapshot, for a database that came back older
        ///
        /// What it lists stays listed, and licenses, seats, keys and servers that it says were taken back are taken back again. The audit
        /// log has a row when it begins and one for what came of it, also where the file is refused. It goes on where the request ends
        /// early: the same request waits for it.
        POST "/api/v1/snapshots/import", KeysWrite and LicensesWrite, import_snapshot = snapshot_imports.import (file ImportSnapshot) -> 200 SnapshotImported;
        /// List what the server does by itself
        ///
        /// Each job with its last run, what came of it, and when it is due.
        GET "/api/v1/jobs", Installation, list_jobs = jobs.list (query CountedQuery) -> 200 Page<JobView>;
        /// List keys
        GET "/api/v1/keys", KeysRead, list_keys = keys.list (query CountedQuery) -> 200 Page<KeyView>;
        /// Start signing with a published next key
        ///
        /// The keys that all tenants share also need the scope `installation`.
        POST "/api/v1/keys/rotate", KeysWrite, rotate_key = keys.rotate (body RotateKey) -> 200 Page<KeyView>;
        /// Revoke a key
        ///
        /// Licenses in force that it signed are first signed again.
        POST "/api/v1/keys/{keyid}/revoke", KeysWrite, revoke_key = keys.revoke (id, body Reason) -> 200 KeyRevoked;
    }
}
