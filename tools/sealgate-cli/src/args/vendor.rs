//! Tenants, tokens, apps, plans, credits.

use std::ffi::OsString;

use clap::{Args as ClapArgs, Subcommand};
use sealgate_artifact::MaxDevices;
use sealgate_control::{Preset, Scope, vocabulary};
use sealgate_wire::TrialPer;

use super::conditions::ConditionsArgs;
use super::{OnceArgs, PartArgs, max_devices, trial};
use crate::dates;

const ASKING_TO: &str = "\
Examples:
  sealgate token create --preset shop --expires +365d
  sealgate token create --preset support --scope plans:read --name 'support desk'
  sealgate token create --scope licenses:read --scope events:read --name reports";

/// Every scope and every preset with what it allows, and examples.
fn scopes() -> String {
    let scopes = Scope::ALL.iter().map(|scope| wrapped(scope.as_str(), scope.meaning()));
    let presets = Preset::ALL.iter().map(|preset| {
        let names: Vec<&str> = preset.scopes.iter().map(|scope| scope.as_str()).collect();
        wrapped(preset.name, &format!("{} Has {}.", preset.meaning, names.join(", ")))
    });
    let [scopes, presets] = [scopes.collect::<Vec<_>>(), presets.collect()].map(|lines| lines.join("\n"));
    format!("Scopes:\n{scopes}\n\nPresets:\n{presets}\n\n{ASKING_TO}")
}

/// A name, and beside it what it means, in lines that fit.
fn wrapped(name: &str, meaning: &str) -> String {
    const NAME: usize = 20;
    const MEANING: usize = 76;
    let mut lines = vec![String::new()];
    for word in meaning.split_whitespace() {
        let last = lines.last_mut().expect("there is one");
        if last.len() + word.len() >= MEANING {
            lines.push(word.to_owned());
        } else {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(word);
        }
    }
    format!("  {name:NAME$}{}", lines.join(&format!("\n  {:NAME$}", "")))
}

const RECOVERING: &str = "\
Stop the server first, unless it uses PostgreSQL.

Examples:
  sealgate token recover --data ./data
  SEALGATE_DATABASE=postgres://… sealgate token recover --data ./authority --tenant Acme";

const PLANNING: &str = "\
Examples:
  sealgate plan create --app editor --name Pro --tier licensed --feature export --duration 365d
  sealgate plan create --app editor --name Site --tier enterprise --limit projects=10 --offline
  sealgate plan create --name Field --tier licensed --offline-days 90 --policy policy.json";

#[derive(Subcommand)]
pub(crate) enum TenantCommand {
    /// Create a tenant; its owner's token is shown once
    Create {
        /// The tenant's name, unique on the installation
        name: String,
        #[command(flatten)]
        once: OnceArgs,
    },
    /// List tenants, newest first
    List(PartArgs),
    /// Show a tenant
    Show(TenantArg),
    /// Suspend a tenant: its tokens and its apps' clients are refused from now on
    Suspend(TenantArg),
    /// End the suspension of a tenant
    Resume(TenantArg),
    /// Allow or forbid a tenant to hand out licenses for use offline
    Offline {
        /// `on` allows it, `off` forbids it
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
    #[command(after_help = scopes())]
    Create(CreateTokenArgs),
    /// List access tokens, newest first
    List(PartArgs),
    /// Revoke a token, and the tokens that it made
    Revoke {
        /// The token's id
        token_id: String,
        /// Leave the tokens that it made in force
        #[arg(long)]
        keep_made: bool,
    },
    /// Make an owner's token where none is left, from the server's keys and its database
    #[command(after_help = RECOVERING)]
    Recover(RecoverTokenArgs),
}

#[derive(ClapArgs)]
pub(crate) struct RecoverTokenArgs {
    /// The tenant's name or id [default: the first one, whose owner looks after the installation]
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
    /// The PostgreSQL URL that the server is started with, if it is
    #[arg(long, value_name = "URL", env = "SEALGATE_DATABASE", hide_env_values = true)]
    pub(crate) database: Option<OsString>,
    /// `danger_off`, if the server is started with it
    #[arg(long, value_name = "HOW", env = "SEALGATE_DATABASE_TLS")]
    pub(crate) database_tls: Option<OsString>,
    /// The file whose first line is the passphrase of the keystore, if the server is started with one
    #[arg(long, value_name = "FILE", env = "SEALGATE_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: Option<OsString>,
}

#[derive(ClapArgs)]
pub(crate) struct CreateTokenArgs {
    /// What the token may do; may be given more than once
    #[arg(
        long,
        value_name = "SCOPE",
        required_unless_present = "preset",
        value_parser = vocabulary::scopes(),
        hide_possible_values = true
    )]
    pub(crate) scope: Vec<String>,
    /// A set of scopes for a job: shop, support or ci; --scope adds others to it
    #[arg(long, value_name = "NAME", value_parser = Preset::ALL.iter().map(|preset| preset.name).collect::<Vec<_>>())]
    pub(crate) preset: Option<String>,
    /// What the token is for [default: the preset's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// When the token ends: 2027-01-31 (to the end of that day where the vendor is), +90d, +3m, +1y, or `never`; no later than the token that asks
    #[arg(long, value_name = "DATE", default_value = "never", value_parser = dates::parse)]
    pub(crate) expires: dates::Date,
    #[command(flatten)]
    pub(crate) once: OnceArgs,
}

#[derive(Subcommand)]
pub(crate) enum AppCommand {
    /// Create an app; its secret is shown once
    Create {
        /// The app's name, at most 64 characters; no two of your apps may have the same name
        name: String,
        /// The slug, by which you can name the app: lower-case letters, digits and hyphens [default: made from the name]
        #[arg(long, value_name = "SLUG")]
        slug: Option<String>,
        #[command(flatten)]
        once: OnceArgs,
    },
    /// List your apps, newest first
    List(PartArgs),
    /// Show one app with the keys that builds embed
    Show {
        /// The app's id or slug
        app: String,
    },
    /// Give an app a new secret; the former secret is still accepted for a while
    RotateSecret {
        /// The app's id or slug
        app: String,
        /// For how many hours the former secret is still accepted; 0 ends it at once
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=720))]
        keep_hours: u32,
        #[command(flatten)]
        once: OnceArgs,
    },
    /// Sign with the app's next key from now on; you see which builds stop, and are asked
    RotateKey {
        /// The app's id or slug
        app: String,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Change whether an app needs its secret, and whether it hands out files that never expire
    Update(UpdateAppArgs),
    /// Switch an app off: its clients are refused from now on
    Disable {
        /// The app's id or slug
        app: String,
    },
    /// Switch an app on again
    Enable {
        /// The app's id or slug
        app: String,
    },
    /// Show or change the values that the app passes to running software
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Vars {
        /// The app whose values to show: its id or slug
        #[arg(required = true)]
        app_id: Option<String>,
        #[command(subcommand)]
        command: Option<VarsCommand>,
    },
}

/// Values for running software, of an app or a license.
#[derive(Subcommand, Clone)]
pub(crate) enum VarsCommand {
    /// Show the values
    Get {
        /// The app's id or slug; for a license its key, its id, external:X with your own name for it, or - to read one from standard input
        of: String,
    },
    /// Set or remove the values that you name; the others stay
    Set(SetVarsArgs),
}

#[derive(ClapArgs, Clone)]
pub(crate) struct SetVarsArgs {
    /// The app's id or slug; for a license its key, its id, external:X with your own name for it, or - to read one from standard input
    pub(crate) of: String,
    /// NAME=VALUE; true, false and numbers (7, 0.5) keep their type, everything else is text; '"1.5"' in quotation marks is text, too
    #[arg(value_name = "NAME=VALUE")]
    pub(crate) values: Vec<String>,
    /// Remove the value of this name
    #[arg(long, value_name = "NAME")]
    pub(crate) unset: Vec<String>,
    /// The values that you name are all from now on; the others go. At least one is named
    #[arg(long, conflicts_with = "unset")]
    pub(crate) replace: bool,
    /// Remove all values; you see them first and are asked
    #[arg(long, conflicts_with_all = ["values", "unset", "replace"])]
    pub(crate) clear: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Subcommand)]
pub(crate) enum CreditsCommand {
    /// Grant an app credits; the first grant switches counting on
    Grant {
        /// The app's id or slug; not needed if there is only one app
        #[arg(long, value_name = "APP")]
        app: Option<String>,
        /// How many credits
        amount: u32,
    },
    /// Show an app's credits
    Show {
        /// The app's id or slug; not needed if there is only one app
        #[arg(long, value_name = "APP")]
        app: Option<String>,
    },
}

#[derive(Subcommand)]
pub(crate) enum PlanCommand {
    /// Create a plan: the terms of the licenses that are issued from it
    #[command(after_help = PLANNING)]
    Create(CreatePlanArgs),
    /// List plans, newest first
    List {
        /// Only plans of this app: its id or slug
        #[arg(long, value_name = "APP")]
        app: Option<String>,
        #[command(flatten)]
        part: PartArgs,
    },
    /// Show a plan
    Show {
        /// The plan's id or slug, or both slugs as in editor/pro
        plan: String,
    },
    /// Change a plan; licenses that were already issued keep their terms
    Update(UpdatePlanArgs),
}

#[derive(ClapArgs)]
pub(crate) struct CreatePlanArgs {
    /// The app's id or slug; not needed if there is only one app
    #[arg(long, value_name = "APP")]
    pub(crate) app: Option<String>,
    /// The plan's name, unique within the app
    #[arg(long, value_name = "N")]
    pub(crate) name: String,
    /// The slug, by which you can name the plan: lower-case letters, digits and hyphens [default: made from the name]
    #[arg(long, value_name = "SLUG")]
    pub(crate) slug: Option<String>,
    /// free, licensed or enterprise
    #[arg(long, value_name = "TIER", value_parser = vocabulary::tiers(), hide_possible_values = true)]
    pub(crate) tier: String,
    #[command(flatten)]
    pub(crate) terms: TermsArgs,
}

#[derive(ClapArgs)]
pub(crate) struct UpdatePlanArgs {
    /// The plan's id or slug, or both slugs as in editor/pro
    pub(crate) plan: String,
    /// The plan's name, unique within the app
    #[arg(long, value_name = "N")]
    pub(crate) name: Option<String>,
    /// A new slug, by which you can name the plan; an empty text removes it
    #[arg(long, value_name = "SLUG")]
    pub(crate) slug: Option<String>,
    /// free, licensed or enterprise
    #[arg(long, value_name = "TIER", value_parser = vocabulary::tiers(), hide_possible_values = true)]
    pub(crate) tier: Option<String>,
    #[command(flatten)]
    pub(crate) terms: TermsArgs,
    /// The name of a feature that goes; may be given more than once
    #[arg(long, value_name = "F", conflicts_with = "replace")]
    pub(crate) remove_feature: Vec<String>,
    /// The name of a limit that goes; may be given more than once
    #[arg(long, value_name = "NAME", conflicts_with = "replace")]
    pub(crate) remove_limit: Vec<String>,
    /// The name of a value that goes; may be given more than once
    #[arg(long, value_name = "NAME", conflicts_with = "replace")]
    pub(crate) remove_var: Vec<String>,
    /// The features, limits or values that you give are all from now on, of each kind that you give; at least one is given
    #[arg(long)]
    pub(crate) replace: bool,
    /// Licenses from this plan may not be handed out as files; `--no-files` is the same
    #[arg(long, alias = "no-files", conflicts_with = "offline")]
    pub(crate) no_offline: bool,
}

#[derive(ClapArgs)]
pub(crate) struct TermsArgs {
    /// A feature beyond the tier, as in export or export=pdf; may be given more than once. A plan that exists keeps its others
    #[arg(long, value_name = "F")]
    pub(crate) feature: Vec<String>,
    /// A named number for the software, as in projects=10; may be given more than once
    #[arg(long, value_name = "NAME=N")]
    pub(crate) limit: Vec<String>,
    /// A value that licenses pass to running software, as in theme=dark; may be given more than once
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) var: Vec<String>,
    /// On how many devices each license may run, or `unlimited`
    #[arg(long, value_name = "N", value_parser = max_devices::parse)]
    pub(crate) max_devices: Option<MaxDevices>,
    /// How long a license lasts from its issue, as in 365d, 3m or 1y, or `never` if it has no end
    #[arg(long, value_name = "TIME", value_parser = dates::duration)]
    pub(crate) duration: Option<dates::Duration>,
    /// Licenses are trials of so many days from first use, as in 14d; `none` if they are not. They are never handed out as files, and
    /// a duration ends them, too
    #[arg(long, value_name = "DAYS", value_parser = trial::parse)]
    pub(crate) trial: Option<trial::Days>,
    /// For whom there is one trial of the app: device or customer [default: device; of a plan that is a trial, what it has]
    #[arg(long, value_name = "WHOM", value_parser = trial::per)]
    pub(crate) trial_per: Option<TrialPer>,
    /// Licenses may be handed out as files, our own, AuthForge's, and bundles for machines without a network; `--files` is the same. The license
    /// does not say so: it is yours to hand them out. `--offline-days`, which the license says, allows bundles alone, and limits them. Neither needs
    /// the other
    #[arg(long, alias = "files")]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) conditions: ConditionsArgs,
    /// What a license says about its buyer: name, company and email of the customer, or none
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', value_parser = ["name", "company", "email", "none"])]
    pub(crate) licensee: Vec<String>,
}

#[derive(ClapArgs)]
pub(crate) struct UpdateAppArgs {
    /// The app's id or slug
    pub(crate) app: String,
    /// A new slug, by which you can name the app; an empty text removes it
    #[arg(long, value_name = "SLUG")]
    pub(crate) slug: Option<String>,
    /// Whether clients must send the app's secret
    #[arg(long, value_name = "on|off", value_parser = on_or_off, required_unless_present_any = ["slug", "danger_lifetime_files", "list_reported_addresses", "show_labels"])]
    pub(crate) require_secret: Option<OnOff>,
    /// Whether the app may hand out license files that never expire. Nothing takes such a file back, neither a
    /// revocation nor a refund
    #[arg(long, value_name = "on|off", value_parser = on_or_off)]
    pub(crate) danger_lifetime_files: Option<OnOff>,
    /// Whether a client that reports itself as tampered with lists its address for an hour. Everybody behind
    /// that address is refused with it
    #[arg(long = "list-addresses", value_name = "on|off", value_parser = on_or_off)]
    pub(crate) list_reported_addresses: Option<OnOff>,
    /// Whether AuthForge's clients are told the label of their license, in answers and files, and the end of their session.
    /// Customers can read what you note there
    #[arg(long, value_name = "on|off", value_parser = on_or_off)]
    pub(crate) show_labels: Option<OnOff>,
}
