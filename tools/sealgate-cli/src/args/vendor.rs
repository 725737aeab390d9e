//! Tenants, tokens, apps, plans, credits.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use sealgate_artifact::MaxDevices;

use super::max_devices;
use crate::dates;

const SCOPES: &str = "\
Scopes: owner (everything within the tenant), installation (tenants and shared keys), apps:read, apps:write,
plans:read, plans:write, licenses:read, licenses:write, devices:read, devices:write, access:read, access:write,
credits:write, tokens:read, tokens:write, events:read, audit:read, keys:read, keys:write

Examples:
  sealgate token create --scope licenses:write --name shop --expires +365d
  sealgate token create --scope licenses:read --scope devices:write --name support";

const PLANNING: &str = "\
Examples:
  sealgate plan create --app APP_ID --name Pro --tier licensed --feature export --duration 365d
  sealgate plan create --app APP_ID --name Site --tier enterprise --limit projects=10 --offline";

#[derive(Subcommand)]
pub(crate) enum TenantCommand {
    /// Create a tenant; its owner's token is shown once
    Create {
        /// Its name, unique on the installation
        name: String,
    },
    /// List tenants, newest first
    List,
    /// Show a tenant
    Show(TenantArg),
    /// Refuse its tokens and its apps' clients from now on
    Suspend(TenantArg),
    /// Let it go on
    Resume(TenantArg),
    /// Whether it may hand out licenses for use offline
    Offline {
        /// Whether it may
        #[arg(value_name = "on|off", value_parser = on_or_off)]
        allowed: OnOff,
        #[command(flatten)]
        tenant: TenantArg,
    },
}

/// A switch.
#[derive(Clone, Copy)]
pub(crate) struct OnOff(pub(crate) bool);

fn on_or_off(text: &str) -> Result<OnOff, String> {
    match text {
        "on" => Ok(OnOff(true)),
        "off" => Ok(OnOff(false)),
        _ => Err("expected on or off".to_owned()),
    }
}

#[derive(ClapArgs)]
pub(crate) struct TenantArg {
    /// The tenant's id, or its name
    pub(crate) tenant: String,
}

#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Create an access token; it is shown once
    #[command(after_help = SCOPES)]
    Create(CreateTokenArgs),
    /// List access tokens, newest first
    List,
    /// Take a token back
    Revoke {
        /// The token's id
        token_id: String,
    },
}

#[derive(ClapArgs)]
pub(crate) struct CreateTokenArgs {
    /// What it may do; may be given more than once
    #[arg(long, value_name = "SCOPE", required = true)]
    pub(crate) scope: Vec<String>,
    /// What it is for
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// When it ends: 2027-01-31, +90d, or `never`
    #[arg(long, value_name = "DATE", default_value = "never", value_parser = dates::parse)]
    pub(crate) expires: dates::Date,
}

#[derive(Subcommand)]
pub(crate) enum AppCommand {
    /// Create an app; its secret is shown once
    Create {
        /// What you call it, at most 64 characters; no two of your apps share a name
        name: String,
    },
    /// List your apps, newest first
    List,
    /// Show one app with the keys that builds embed
    Show {
        /// The app's id
        app_id: String,
    },
    /// Give an app a new secret; the former one is taken for a while
    RotateSecret {
        /// The app's id
        app_id: String,
        /// How long the former secret is taken, in hours; 0 ends it at once
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=720))]
        keep_hours: u32,
    },
    /// Start signing with the published next key
    RotateKey {
        /// The app's id
        app_id: String,
    },
    /// Change what an app demands and hands out
    Update(UpdateAppArgs),
    /// Switch an app off: its clients are refused from now on
    Disable {
        /// The app's id
        app_id: String,
    },
    /// Switch an app on again
    Enable {
        /// The app's id
        app_id: String,
    },
    /// Values that the app hands to running software
    Vars {
        #[command(subcommand)]
        command: VarsCommand,
    },
}

/// Values for running software, of an app or a license.
#[derive(Subcommand)]
pub(crate) enum VarsCommand {
    /// Show them
    Get {
        /// The app's id; for licenses the key, the id, or - for standard input
        of: String,
    },
    /// Set some of them; the others stay
    Set {
        /// The app's id; for licenses the key, the id, or - for standard input
        of: String,
        /// NAME=VALUE; true, false and whole numbers are taken for what they are, everything else for text
        #[arg(value_name = "NAME=VALUE")]
        values: Vec<String>,
        /// Take this one away
        #[arg(long, value_name = "NAME")]
        unset: Vec<String>,
    },
}

#[derive(Subcommand)]
pub(crate) enum CreditsCommand {
    /// Grant an app credits; the first grant switches counting on
    Grant {
        /// The app's id
        #[arg(long, value_name = "ID")]
        app: String,
        /// How many
        amount: u32,
    },
    /// Show an app's credits
    Show {
        /// The app's id
        #[arg(long, value_name = "ID")]
        app: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum PlanCommand {
    /// Create a plan: what licenses that are issued from it grant
    #[command(after_help = PLANNING)]
    Create(CreatePlanArgs),
    /// List plans, newest first
    List {
        /// Only this app's
        #[arg(long, value_name = "ID")]
        app: Option<String>,
    },
    /// Show a plan
    Show {
        /// The plan's id
        plan_id: String,
    },
    /// Change a plan; licenses that were issued keep their terms
    Update(UpdatePlanArgs),
}

#[derive(ClapArgs)]
pub(crate) struct CreatePlanArgs {
    /// The id of the app
    #[arg(long, value_name = "ID")]
    pub(crate) app: String,
    /// Its name, unique for the app
    #[arg(long, value_name = "N")]
    pub(crate) name: String,
    /// free, licensed or enterprise
    #[arg(long, value_name = "TIER")]
    pub(crate) tier: String,
    #[command(flatten)]
    pub(crate) terms: TermsArgs,
}

#[derive(ClapArgs)]
pub(crate) struct UpdatePlanArgs {
    /// The plan's id
    pub(crate) plan_id: String,
    /// Its name, unique for the app
    #[arg(long, value_name = "N")]
    pub(crate) name: Option<String>,
    /// free, licensed or enterprise
    #[arg(long, value_name = "TIER")]
    pub(crate) tier: Option<String>,
    #[command(flatten)]
    pub(crate) terms: TermsArgs,
    /// No license of it may be handed out for use offline
    #[arg(long, conflicts_with = "offline")]
    pub(crate) no_offline: bool,
}

#[derive(ClapArgs)]
pub(crate) struct TermsArgs {
    /// A feature beyond the tier, as F or F=VALUE; may be given more than once
    #[arg(long, value_name = "F")]
    pub(crate) feature: Vec<String>,
    /// A number for the software, as in projects=10
    #[arg(long, value_name = "NAME=N")]
    pub(crate) limit: Vec<String>,
    /// On how many devices each license may run, or `unlimited`
    #[arg(long, value_name = "N", value_parser = max_devices::parse)]
    pub(crate) max_devices: Option<MaxDevices>,
    /// How long a license lasts, as in 365d, or `never` for without an end
    #[arg(long, value_name = "DAYS", value_parser = dates::duration)]
    pub(crate) duration: Option<dates::Duration>,
    /// Licenses may be handed out for use offline
    #[arg(long)]
    pub(crate) offline: bool,
    /// A JSON file with what the software enforces, in the form that `plan show` prints for programs
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// How often a seat may be taken back early within a year
    #[arg(long, value_name = "N")]
    pub(crate) releases: Option<u32>,
}

#[derive(ClapArgs)]
pub(crate) struct UpdateAppArgs {
    /// The app's id
    pub(crate) app_id: String,
    /// Whether nobody asks without the app's secret
    #[arg(long, value_name = "on|off", value_parser = on_or_off, required_unless_present_any = ["danger_lifetime_files", "list_reported_addresses"])]
    pub(crate) require_secret: Option<OnOff>,
    /// Whether license files may be handed out that last forever. Nothing takes such a file back: not a
    /// revocation, not a refund
    #[arg(long, value_name = "on|off", value_parser = on_or_off)]
    pub(crate) danger_lifetime_files: Option<OnOff>,
    /// Whether a client that reports itself as tampered with lists its address for an hour. Everybody behind
    /// that address is refused with it
    #[arg(long = "list-addresses", value_name = "on|off", value_parser = on_or_off)]
    pub(crate) list_reported_addresses: Option<OnOff>,
}
