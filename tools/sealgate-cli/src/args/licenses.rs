//! Licenses, devices, access lists.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use sealgate_artifact::MaxDevices;

use super::max_devices;
use super::vendor::VarsCommand;
use crate::dates;

const ISSUING: &str = "\
Examples:
  sealgate license issue --app APP_ID
  sealgate license issue --app APP_ID --max-devices 5 --expires +365d --label 'Order 1042'
  sealgate license issue --app APP_ID --external-id order-1042
  sealgate license issue --app APP_ID --count 500 --expires 2027-12-31 --json";

#[derive(Subcommand)]
pub(crate) enum LicenseCommand {
    /// Issue licenses and print their keys
    #[command(after_help = ISSUING)]
    Issue(IssueArgs),
    /// Show a license
    Show {
        /// License key, license id, or - to read one from standard input
        key: String,
    },
    /// List your licenses, newest first, or those whose text begins as asked
    List(ListLicensesArgs),
    /// Give a license another end
    Renew {
        /// License key, license id, or - to read one from standard input
        key: String,
        /// The new end; without it, the plan's duration is added to the present one
        #[arg(long, value_name = "DATE", value_parser = dates::parse)]
        expires: Option<dates::Date>,
        /// A name for this very renewal: within a week, the same token renews once under it [default: a
        /// random one]
        #[arg(long, value_name = "NAME")]
        idempotency_key: Option<String>,
    },
    /// Change a license's notes and seats
    Update(UpdateLicenseArgs),
    /// Suspend a license; online, it is refused within a second
    Suspend {
        /// License key, license id, or - to read one from standard input
        key: String,
        /// The reason, for your own records
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let a suspended license go on
    Resume {
        /// License key, license id, or - to read one from standard input
        key: String,
    },
    /// Take every seat of a license back
    ResetDevices {
        /// License key, license id, or - to read one from standard input
        key: String,
        /// Also when no early release is left for this year
        #[arg(long)]
        override_allowance: bool,
    },
    /// Values that the license hands to running software
    #[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
    Vars {
        /// License whose variables to show: its key, its id, or - to read one from standard input
        key: Option<String>,
        #[command(subcommand)]
        command: Option<VarsCommand>,
    },
    /// Revoke a license; online, it ends within a second
    Revoke {
        /// License key, license id, or - to read one from standard input
        key: String,
        /// The reason, for your own records
        #[arg(long)]
        reason: Option<String>,
    },
    /// Write the signed license file for use offline
    File(FileArgs),
    /// Write a license file for clients that were written for AuthForge
    AuthforgeFile(AuthforgeFileArgs),
}

#[derive(ClapArgs)]
pub(crate) struct AuthforgeFileArgs {
    /// License key, license id, or - to read one from standard input
    pub(crate) key: String,
    /// The device, as its client names it; it takes a seat
    #[arg(
        long,
        value_name = "H",
        required_unless_present_any = ["any", "request"],
        conflicts_with_all = ["any", "request"]
    )]
    pub(crate) hwid: Option<String>,
    /// The file counts on every device
    #[arg(long, conflicts_with = "request")]
    pub(crate) any: bool,
    /// The .authforge-request file in which the device names itself; it takes a seat
    #[arg(long, value_name = "FILE")]
    pub(crate) request: Option<PathBuf>,
    /// When the file ends: 2027-01-31, +90d, or `never` where the app allows that [default: with the license]
    #[arg(long, value_name = "DATE", value_parser = dates::parse)]
    pub(crate) expires: Option<dates::Date>,
    /// Where to write the file; the license key stands in it
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(ClapArgs)]
pub(crate) struct IssueArgs {
    /// The id of the app that is sold
    #[arg(long, value_name = "ID")]
    pub(crate) app: String,
    /// The id of the plan whose terms they get [without one: tier licensed, 1 device, no end]
    #[arg(long, value_name = "ID")]
    pub(crate) plan: Option<String>,
    /// On how many devices each may run, or `unlimited`, in place of the plan's
    #[arg(long, value_name = "N", value_parser = max_devices::parse)]
    pub(crate) max_devices: Option<MaxDevices>,
    /// When they end: 2027-01-31, 2027-01-31T12:00:00Z, days from now as in +90d, or `never`, in place of the plan's
    #[arg(long, value_name = "DATE", value_parser = dates::parse)]
    pub(crate) expires: Option<dates::Date>,
    /// Your own note, at most 128 characters; customers do not see it
    #[arg(long, value_name = "L")]
    pub(crate) label: Option<String>,
    /// Who buys them, at most 128 characters
    #[arg(long, value_name = "C")]
    pub(crate) customer: Option<String>,
    /// Your own name for the license, such as an order's number; no two licenses of yours have the same
    #[arg(long, value_name = "E", conflicts_with = "count")]
    pub(crate) external_id: Option<String>,
    /// How many, up to 1000
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) count: u32,
    /// A name for this very order: within a week, the same token gives the same order once [default: a random
    /// one]. With it, write the end as a date, not as days from now
    #[arg(long, value_name = "NAME")]
    pub(crate) idempotency_key: Option<String>,
}

#[derive(ClapArgs)]
pub(crate) struct FileArgs {
    /// License key, license id, or - to read one from standard input
    pub(crate) key: String,
    /// Where to write the license file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Also write FILE.trust: the roots and keysets that judge it
    #[arg(long)]
    pub(crate) with_trust: bool,
}

#[derive(ClapArgs)]
pub(crate) struct ListLicensesArgs {
    /// Only this app's
    #[arg(long, value_name = "ID", group = "which")]
    pub(crate) app: Option<String>,
    /// Only licenses whose label starts with this text (upper and lower case alike)
    #[arg(long, value_name = "TEXT", group = "which")]
    pub(crate) label: Option<String>,
    /// Only licenses whose customer starts with this text (upper and lower case alike)
    #[arg(long, value_name = "TEXT", group = "which")]
    pub(crate) customer: Option<String>,
    /// Only licenses on which this device holds a seat
    #[arg(long, value_name = "NAME", group = "which")]
    pub(crate) device: Option<String>,
}

#[derive(ClapArgs)]
pub(crate) struct UpdateLicenseArgs {
    /// License key, license id, or - to read one from standard input
    pub(crate) key: String,
    /// Your own note; empty for none
    #[arg(long, value_name = "L")]
    pub(crate) label: Option<String>,
    /// The buyer; empty for none
    #[arg(long, value_name = "C")]
    pub(crate) customer: Option<String>,
    /// On how many devices it may run, or `unlimited`
    #[arg(long, value_name = "N", value_parser = max_devices::parse)]
    pub(crate) max_devices: Option<MaxDevices>,
    /// The id of a device that loses its seat with this change; may be given more than once
    #[arg(long, value_name = "DEVICE")]
    pub(crate) release: Vec<String>,
    /// Release although no early release is left for this year
    #[arg(long)]
    pub(crate) override_allowance: bool,
}

#[derive(Subcommand)]
pub(crate) enum DeviceCommand {
    /// List devices, newest first
    List {
        /// Only this license's: key, id, or - for standard input
        #[arg(long, value_name = "KEY")]
        license: Option<String>,
    },
    /// Show a device
    Show {
        /// The device's id
        device_id: String,
    },
    /// Take a device's seat back
    Release {
        /// The device's id
        device_id: String,
        /// Also when no early release is left for this year
        #[arg(long)]
        override_allowance: bool,
    },
}

#[derive(Subcommand)]
pub(crate) enum AccessCommand {
    /// Admit a device or a block of addresses; then only what is listed is admitted
    Allow(AccessArgs),
    /// Refuse a device or a block of addresses
    Deny(AccessArgs),
    /// Take an entry away
    Remove(RemoveAccessArgs),
    /// List entries, newest first
    List {
        /// Only this app's
        #[arg(long, value_name = "ID")]
        app: Option<String>,
    },
}

#[derive(ClapArgs)]
pub(crate) struct AccessArgs {
    /// The app's id
    #[arg(long, value_name = "ID")]
    pub(crate) app: String,
    /// A device, as its client names it
    #[arg(long, value_name = "H", required_unless_present = "ip", conflicts_with = "ip")]
    pub(crate) hwid: Option<String>,
    /// An address, or a block as in 192.0.2.0/24
    #[arg(long, value_name = "CIDR")]
    pub(crate) ip: Option<String>,
    /// The reason, for your own records
    #[arg(long, value_name = "R")]
    pub(crate) reason: Option<String>,
    /// Until when it counts: 2027-01-31, +90d, or `never`
    #[arg(long, value_name = "DATE", default_value = "never", value_parser = dates::parse)]
    pub(crate) expires: dates::Date,
}

#[derive(ClapArgs)]
pub(crate) struct RemoveAccessArgs {
    /// The app's id
    #[arg(long, value_name = "ID")]
    pub(crate) app: String,
    /// The device
    #[arg(long, value_name = "H", required_unless_present = "ip", conflicts_with = "ip")]
    pub(crate) hwid: Option<String>,
    /// The address or block, as it is listed
    #[arg(long, value_name = "CIDR")]
    pub(crate) ip: Option<String>,
}
