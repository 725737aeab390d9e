//! The command line.

mod activations;
pub(crate) mod conditions;
mod customers;
#[cfg(test)]
mod dash;
mod files;
mod given;
mod imports;
mod keys;
mod licenses;
mod login;
pub(crate) mod max_devices;
mod offline;
mod once;
mod part;
mod records;
mod releases;
mod server;
pub(crate) mod trial;
mod vendor;
#[cfg(test)]
mod wrapped;

pub(crate) use activations::ActivationCommand;
pub(crate) use customers::{CustomerCommand, CustomerFields, ListCustomersArgs, UpdateCustomerArgs};
pub(crate) use files::{InspectArgs, VerifyArgs};
pub(crate) use given::{By, Environment, Given};
pub(crate) use imports::{Format, ImportArgs};
pub(crate) use keys::{ExportKeysArgs, KeysCommand, RevokeKeyArgs, ShareKeysArgs};
pub(crate) use licenses::{
    AccessArgs, AccessCommand, AuthforgeFileArgs, DeviceCommand, ExportArgs, FileArgs, IssueArgs,
    LicenseCommand, LicenseeArgs, ListLicensesArgs, ManyArgs, RemoveAccessArgs, RenewArgs, ResignArgs,
    UpdateLicenseArgs,
};
pub(crate) use login::{ProfileArg, ProfileCommand};
pub(crate) use offline::{
    BundleFileArgs, ExportBundleArgs, ImportSnapshotArgs, Keys, Mode, OfflineCommand, RespondArgs,
    SnapshotArgs,
};
pub(crate) use once::OnceArgs;
pub(crate) use part::{NewestArgs, PartArgs};
pub(crate) use records::{AuditCommand, EventsArgs};
pub(crate) use releases::{DecideArgs, ManifestCommand, MarkArgs, PublishArgs, ReleaseCommand};
pub(crate) use server::{
    AcceptClockArgs, CheckConfigArgs, DemoArgs, DoctorArgs, JobCommand, ServeArgs, ServerCommand,
};
pub(crate) use vendor::{
    AppCommand, CreatePlanArgs, CreateTokenArgs, CreditsCommand, OnOff, PlanCommand, RecoverTokenArgs,
    SetVarsArgs, TenantCommand, TermsArgs, TokenCommand, UpdateAppArgs, UpdatePlanArgs, VarsCommand,
};

use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args as ClapArgs, Parser, Subcommand};
use sealgate_artifact::UnixSeconds;

const VERIFYING: &str = "\
Examples:
  sealgate verify editor.license --root PUB            with editor.license.trust beside it
  sealgate verify editor.license --trust trust.json    also requires the tenant and app that trust.json names
  sealgate verify vendor.sgsnap --trust trust.json     a snapshot, which says what a vendor took back

Exit codes: 0 valid, 1 refused (forged, of another vendor, expired), 65 neither a license file nor a whole container, 78 no trusted keys given";

const BEGIN: &str = "\
Begin:
  sealgate demo --exit                         see everything once, within a second
  sealgate serve --data ./data                 run the server
  export SEALGATE_DATA=\"$PWD/data\"             in another terminal
  sealgate login                               or keep another server's address and a token
  sealgate app create Editor
  sealgate license issue --app editor --expires +365d
  sealgate license file KEY -o editor.license --with-trust

Exit codes: 0 done, 1 refused, 2 usage, 3 not found, 4 conflict, 65 bad file, 69 server unreachable, \
77 not permitted, 78 configuration, 130 interrupted";

/// Licensing for software that must prove its license, online and offline.
#[derive(Parser)]
#[command(name = "sealgate", version, propagate_version = true, max_term_width = 100, after_help = BEGIN)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that go before or after any verb.
#[derive(ClapArgs)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// Looked at before the others are taken.
    #[command(flatten)]
    pub(crate) given: Given,
    /// The folder for the settings of programs, as the environment has it.
    #[arg(skip)]
    pub(crate) settings: Option<PathBuf>,
    #[arg(skip)]
    pub(crate) environment: Environment,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The server to talk to [default: the profile's; without one, this machine's port 8080]
    #[arg(long, global = true, value_name = "URL", env = "SEALGATE_URL", hide_env_values = true)]
    pub(crate) url: Option<String>,
    /// The profile with server and token, as `sealgate login` kept them
    #[arg(long, global = true, value_name = "P", env = "SEALGATE_PROFILE")]
    pub(crate) profile: Option<String>,
    /// The proxy to the server, http://[USER:PASSWORD@]HOST:PORT; a server on this machine is asked without a proxy
    #[arg(long, global = true, value_name = "URL", env = "SEALGATE_PROXY", hide_env_values = true)]
    pub(crate) proxy: Option<String>,
    /// Talk to another machine over http://, where anyone on the way can read tokens and license keys
    #[arg(long, global = true)]
    pub(crate) danger_plain_http: bool,
    /// The access token; without it, the one of the profile or in --data is used
    #[arg(long, global = true, value_name = "TOKEN", env = "SEALGATE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// The server's data directory, with the owner's token in it
    #[arg(long, global = true, value_name = "DIR", env = "SEALGATE_DATA", value_parser = perhaps_empty())]
    pub(crate) data: Option<PathBuf>,
    /// The configuration of `serve`, a TOML file; flags and environment variables override it
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Log more, to standard error; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Global {
    /// The data directory as it is called in every folder, if one was named.
    pub(crate) fn data_dir(&self) -> Option<PathBuf> {
        self.data.as_deref().filter(|data| !data.as_os_str().is_empty()).map(resolved)
    }
}

/// A path; an empty one counts as none, as with the other flags and variables.
fn perhaps_empty() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// A path as it is called in every folder.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the license server; the first start makes keys, schema, a tenant and the owner's token
    Serve(ServeArgs),
    /// Show the whole product on this machine: a real server, a license, a client, and what they refuse
    Demo(DemoArgs),
    /// Keep a server's address and a token for later commands
    #[command(after_help = login::LOGIN)]
    Login,
    /// Forget what `login` kept; the token stays in force
    Logout,
    /// What `login` kept: list, show, choose the default
    Profile {
        #[command(subcommand)]
        command: ProfileCommand,
    },
    /// License servers: list, approve, revoke, accept the clock of one
    Server {
        #[command(subcommand)]
        command: ServerCommand,
    },
    /// Files for machines without a network: licenses, answers to their requests, revocation data
    Offline {
        #[command(subcommand)]
        command: OfflineCommand,
    },
    /// What the server does by itself: list
    Job {
        #[command(subcommand)]
        command: JobCommand,
    },
    /// Vendors that share this installation: create, list, suspend
    Tenant {
        #[command(subcommand)]
        command: TenantCommand,
    },
    /// Access tokens: create, list, revoke, recover
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// What you sell: create, list, show, switch off, rotate secrets and keys, set variables
    App {
        #[command(subcommand)]
        command: AppCommand,
    },
    /// Terms that licenses are issued from: create, list, show, update
    Plan {
        #[command(subcommand)]
        command: PlanCommand,
    },
    /// Who buys: create, list, show, update, merge, forget
    Customer {
        #[command(subcommand)]
        command: CustomerCommand,
    },
    /// What your customers bought: issue, show, search, renew, change, suspend and revoke licenses, write their files
    License {
        #[command(subcommand)]
        command: LicenseCommand,
    },
    /// Versions of an app: mark, publish, list, show, revoke
    Release {
        #[command(subcommand)]
        command: ReleaseCommand,
    },
    /// Modules of single licenses: list, submit, approve, reject, revoke
    Manifest {
        #[command(subcommand)]
        command: ManifestCommand,
    },
    /// Devices that hold seats: list, show, release
    Device {
        #[command(subcommand)]
        command: DeviceCommand,
    },
    /// Devices that were admitted: list, show, read and re-anchor their chains
    Activation {
        #[command(subcommand)]
        command: ActivationCommand,
    },
    /// Which devices and addresses an app admits: allow, deny, remove, list
    Access {
        #[command(subcommand)]
        command: AccessCommand,
    },
    /// An app's remaining validations: grant, show
    Credits {
        #[command(subcommand)]
        command: CreditsCommand,
    },
    /// What happened to licenses, newest first
    Events(EventsArgs),
    /// Who did what: list, export, verify
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// The keys that sign: list, export for builds, rotate, share with a runtime, revoke
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Show what a file says, without verifying it
    Inspect(InspectArgs),
    /// Verify a license file or a container offline and say what was checked and what was not
    #[command(after_help = VERIFYING)]
    Verify(VerifyArgs),
    /// Check a running server: each check, what is wrong, and what to do about it
    Doctor(DoctorArgs),
    /// Say whether a configuration file for `serve` can be used
    CheckConfig(CheckConfigArgs),
    /// Print the completion script of a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages, one for each verb
    Man {
        /// The directory to write them to
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
}

/// The times that the program itself needs come from here.
pub(crate) fn now() -> UnixSeconds {
    use sealgate_authority::ports::{Clock, System};
    UnixSeconds::new(System.unix_millis() / 1000).expect("a clock before the year 10000")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Args::command().debug_assert();
    }
}
