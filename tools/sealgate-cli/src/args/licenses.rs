//! Licenses, devices, access lists.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use sealgate_artifact::MaxDevices;
use sealgate_control::vocabulary;
use sealgate_wire::When;

use super::conditions::ConditionsArgs;
use super::imports::ImportArgs;
use super::vendor::VarsCommand;
use super::{OnceArgs, PartArgs, max_devices};
use crate::dates;

const ISSUING: &str = "\
With --licensee-name, --licensee-company or --licensee-email, the license says about its buyer what you give, and nothing of what \
the plan copies from the customer.

Examples:
  sealgate license issue --app editor
  sealgate license issue --app editor --plan pro --customer acme
  sealgate license issue --app editor --max-devices 5 --expires +365d --label 'Order 1042'
  sealgate license issue --plan pro --customer external:shop-17 --external-id order-1042
  sealgate license issue --app editor --count 500 --expires 2027-12-31 --json";

const CHANGING: &str = "\
Features and limits that you do not name stay, and so does what the license says about its buyer: also where it gets another \
customer. An empty --licensee-name, --licensee-company or --licensee-email ends that part. Where the license would grant less than \
now, you see it first and are asked.

A token needs licenses:write. With licenses:read the program also finds a license by its key, and keeps the rest of what the license \
says about its buyer where you change a part.

Examples:
  sealgate license update KEY --plan pro --preview
  sealgate license update KEY --feature export=pdf --limit projects=10
  sealgate license update KEY --remove-feature export --yes";

const RENEWING: &str = "\
A trial is not renewed: it ends so many days after its first use. `sealgate license update` with another plan sells it.

Where the license would end earlier than now, you see it first and are asked. For many licenses you are always asked, once. One that \
changes after you saw it is not renewed, and is listed as such. A license that you name by its key is looked up first: that needs the scope licenses:read, too.

Examples:
  sealgate license renew KEY                       the plan's duration after the present end
  sealgate license renew KEY --expires +1y         a year after the present end
  sealgate license renew KEY --expires 2027-01-31
  sealgate license renew --plan pro --ends-before 30d --preview";

const SUSPENDING: &str = "\
Licenses that are suspended already stay so, and count as done. For many licenses you see them first and are asked, once. A \
license that you name by its key is looked up first: that needs the scope licenses:read, too.

Examples:
  sealgate license suspend KEY --reason unpaid
  sealgate license suspend --from unpaid.txt --preview
  sealgate license suspend --customer external:shop-17 --status active --yes";

const RESUMING: &str = "\
Licenses that are not suspended stay as they are, and count as done. For many licenses you see them first and are asked, once. A \
license that you name by its key is looked up first: that needs the scope licenses:read, too.";

const BY_ID: &str = "\
A license that you name by its key is looked up first: that needs the scope licenses:read, too. By its id it is not.";

const REVOKING: &str = "\
It cannot be undone: a revoked license never comes back. `sealgate license suspend` refuses it as well, and `license resume` ends \
that. For one KEY nobody is asked; many licenses you see first, and are asked once. Those that are revoked already count as done.

A license that you name by its key is looked up first: that needs the scope licenses:read, too.

Examples:
  sealgate license revoke KEY --reason 'charge-back'
  sealgate license revoke - --preview < stolen.txt";

const RESIGNING: &str = "\
After a restore the database holds older versions of licenses than some clients saw, and those clients say \
version_rollback. This gives every license in force a newer version, with the terms that it has now. Files that \
were handed out before stay good, except on machines that ask online, too: hand those out again.

Example:
  sealgate license resign --all";

const EXPORTING: &str = "\
`sealgate license import` reads what this writes. A cell that a spreadsheet would take for a formula begins with a '.

Examples:
  sealgate license export -o licenses.csv
  sealgate license export --app editor --status active --with-keys -o licenses.csv";

/// What narrows a list. Where one of them is given, no license is named.
const FILTERS: [&str; 10] =
    ["app", "plan", "customer", "device", "status", "tier", "label", "text", "ends_after", "ends_before"];

/// What stands in place of a license's name.
fn others() -> impl Iterator<Item = &'static str> {
    FILTERS.into_iter().chain(["from"])
}

/// What says nothing of licenses that are named.
fn of_lists() -> impl Iterator<Item = &'static str> {
    FILTERS.into_iter().chain(["sort"])
}

#[derive(Subcommand)]
pub(crate) enum LicenseCommand {
    /// Issue licenses and print their keys
    #[command(after_help = ISSUING)]
    Issue(IssueArgs),
    /// Show a license
    Show {
        /// License key, license id, external:X with your own name for it, or - to read one from standard input
        key: String,
    },
    /// List licenses, newest first: all, or those that match one of the flags
    List {
        #[command(flatten)]
        filter: ListLicensesArgs,
        #[command(flatten)]
        part: PartArgs,
    },
    /// Give a license a new end, or many
    #[command(after_help = RENEWING)]
    Renew(RenewArgs),
    /// Change what a license grants, and its notes; it keeps its key, and devices keep their seats
    #[command(after_help = CHANGING)]
    Update(UpdateLicenseArgs),
    /// Show a license's key again; the audit log says that you saw it
    #[command(after_help = BY_ID)]
    Key {
        /// License id, license key, or - to read one from standard input; for a key that was replaced, this shows the present one
        key: String,
        /// Show it
        #[arg(long)]
        reveal: bool,
    },
    /// Give a license another key; devices keep their seats, and the present key is refused from then on
    #[command(after_help = BY_ID)]
    Rekey {
        /// License key, license id, external:X with your own name for it, or - to read one from standard input
        key: String,
        /// The reason, for your own records
        #[arg(long)]
        reason: Option<String>,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        once: OnceArgs,
    },
    /// Suspend a license, or many; online, they are refused within a second
    #[command(after_help = SUSPENDING)]
    Suspend {
        /// The reason, for your own records
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        many: ManyArgs,
    },
    /// End the suspension of a license, or of many
    #[command(after_help = RESUMING)]
    Resume {
        #[command(flatten)]
        many: ManyArgs,
    },
    /// Release every seat of a license; where there are several, you are asked
    #[command(after_help = BY_ID)]
    ResetDevices {
        /// License key, license id, external:X with your own name for it, or - to read one from standard input
        key: String,
        /// Release the seats even if the license allows no more releases this year
        #[arg(long)]
        override_allowance: bool,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Show or change the values that the license passes to running software
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Vars {
        /// The license whose values to show: its key, its id, external:X with your own name for it, or - to read one from standard input
        #[arg(required = true)]
        key: Option<String>,
        #[command(subcommand)]
        command: Option<VarsCommand>,
    },
    /// Revoke a license for good, or many; online, they are refused within a second
    #[command(after_help = REVOKING)]
    Revoke {
        /// The reason, for your own records
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        many: ManyArgs,
    },
    /// Sign the licenses in force again, after the database came back from a backup
    #[command(after_help = RESIGNING)]
    Resign(ResignArgs),
    /// Write the signed license file for use offline
    File(FileArgs),
    /// Import licenses from a CSV file or another system: each row makes one license, however often it is imported
    Import(ImportArgs),
    /// Export licenses as CSV: all, or those that match one of the flags
    Export(ExportArgs),
    /// Write a license file for clients that were written for AuthForge
    #[command(after_help = BY_ID)]
    AuthforgeFile(AuthforgeFileArgs),
}

#[derive(ClapArgs)]
pub(crate) struct RenewArgs {
    /// The new end: 2027-01-31 (to the end of that day where the vendor is), 2027-01-31T12:00:00Z, or `never`. +90d, +3m and +1y are
    /// added to the present end, or to now if that is later or there is none. Without it, so is the plan's duration
    #[arg(long, value_name = "DATE", value_parser = dates::parse)]
    pub(crate) expires: Option<dates::Date>,
    /// A name for this very renewal, at most 91 characters: within a week, the same token renews each license once under it, alone or
    /// with others [default: a random one]
    #[arg(long, value_name = "NAME")]
    pub(crate) idempotency_key: Option<String>,
    #[command(flatten)]
    pub(crate) many: ManyArgs,
}

#[derive(ClapArgs)]
pub(crate) struct ResignArgs {
    /// All of the tenant's licenses in force; there is no other choice
    #[arg(long, required = true)]
    pub(crate) all: bool,
    /// Go on after this license, as an interrupted run said
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<String>,
    /// Do not ask for confirmation
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(ClapArgs)]
pub(crate) struct AuthforgeFileArgs {
    /// License key, license id, external:X with your own name for it, or - to read one from standard input
    pub(crate) key: String,
    /// The device, as its client names it; the device takes a seat
    #[arg(
        long,
        value_name = "H",
        required_unless_present_any = ["any", "request"],
        conflicts_with_all = ["any", "request"]
    )]
    pub(crate) hwid: Option<String>,
    /// Make a file that is valid on every device
    #[arg(long, conflicts_with = "request")]
    pub(crate) any: bool,
    /// The .authforge-request file in which the device names itself, or - for standard input; the device takes a seat
    #[arg(long, value_name = "FILE")]
    pub(crate) request: Option<PathBuf>,
    /// When the file ends: 2027-01-31 (to the end of that day where the vendor is), +90d, +3m, +1y, or `never` if the app allows that [default: when the license ends]
    #[arg(long, value_name = "DATE", value_parser = dates::parse)]
    pub(crate) expires: Option<dates::Date>,
    /// Where to write the file, or - for standard output; it contains the license key
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(ClapArgs)]
pub(crate) struct IssueArgs {
    /// The app that is sold: its id or slug; not needed if there is only one app, or if --plan says which
    #[arg(long, value_name = "APP")]
    pub(crate) app: Option<String>,
    /// The plan whose terms the licenses get: its id or slug, or both slugs as in editor/pro. Where the app has plans, an order
    /// without one says what it sells, by --no-plan, --max-devices or --expires
    #[arg(long, value_name = "PLAN")]
    pub(crate) plan: Option<String>,
    /// Of no plan: tier licensed, and where nothing else is said 1 device and no end
    #[arg(long, conflicts_with = "plan")]
    pub(crate) no_plan: bool,
    /// On how many devices each license may run, or `unlimited`; replaces the plan's number
    #[arg(long, value_name = "N", value_parser = max_devices::parse)]
    pub(crate) max_devices: Option<MaxDevices>,
    /// When the licenses end: 2027-01-31 (to the end of that day where the vendor is), 2027-01-31T12:00:00Z, +90d, +3m, +1y, or `never`; replaces the plan's
    #[arg(long, value_name = "DATE", value_parser = dates::parse)]
    pub(crate) expires: Option<dates::Date>,
    /// Your own note, at most 128 characters; customers do not see it
    #[arg(long, value_name = "L")]
    pub(crate) label: Option<String>,
    /// The customer who buys the licenses: the customer's id, slug or e-mail address, or external:X with your own name for it
    #[arg(long, value_name = "C")]
    pub(crate) customer: Option<String>,
    #[command(flatten)]
    pub(crate) licensee: LicenseeArgs,
    /// Your own name for the license, such as an order's number; no two licenses of yours have the same
    #[arg(long, value_name = "E", conflicts_with = "count")]
    pub(crate) external_id: Option<String>,
    /// How many licenses to issue, up to 1000
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) count: u32,
    /// A name for this very order: within a week, the same token gives the same order once [default: a random
    /// one]
    #[arg(long, value_name = "NAME")]
    pub(crate) idempotency_key: Option<String>,
    #[command(flatten, next_help_heading = "In place of what the plan says")]
    pub(crate) conditions: ConditionsArgs,
}

/// What a license says about its buyer.
#[derive(ClapArgs)]
pub(crate) struct LicenseeArgs {
    /// The license says this name, for everybody who has it
    #[arg(id = "licensee_name", long = "licensee-name", value_name = "N")]
    pub(crate) name: Option<String>,
    /// The license says this company, for everybody who has it
    #[arg(id = "licensee_company", long = "licensee-company", value_name = "C")]
    pub(crate) company: Option<String>,
    /// The license says this e-mail address, for everybody who has it
    #[arg(id = "licensee_email", long = "licensee-email", value_name = "E")]
    pub(crate) email: Option<String>,
}

#[derive(ClapArgs)]
pub(crate) struct FileArgs {
    /// License key, license id, external:X with your own name for it, or - to read one from standard input
    pub(crate) key: String,
    /// Where to write the license file, or - for standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Also write FILE.trust: the roots and keysets that verify the license file
    #[arg(long)]
    pub(crate) with_trust: bool,
}

#[derive(ClapArgs)]
pub(crate) struct ListLicensesArgs {
    /// Only licenses of this app: its id or slug
    #[arg(long, value_name = "APP")]
    pub(crate) app: Option<String>,
    /// Only licenses of this plan: its id or slug, or both slugs as in editor/pro
    #[arg(long, value_name = "PLAN")]
    pub(crate) plan: Option<String>,
    /// Only this customer's licenses: the customer's id, slug or e-mail address, or external:X with your own name for it
    #[arg(long, value_name = "C")]
    pub(crate) customer: Option<String>,
    /// Only licenses on which this device holds a seat: by its name, as `device list` shows it, by its hwid or by its key
    #[arg(long, value_name = "NAME")]
    pub(crate) device: Option<String>,
    /// active, suspended, expired or revoked
    #[arg(long, value_name = "STATUS", value_parser = vocabulary::license_statuses(), hide_possible_values = true)]
    pub(crate) status: Option<String>,
    /// free, licensed or enterprise
    #[arg(long, value_name = "TIER", value_parser = vocabulary::tiers(), hide_possible_values = true)]
    pub(crate) tier: Option<String>,
    /// Only licenses whose label starts with this text (upper and lower case alike), in the order of labels: `Order 1` also finds
    /// `Order 10`. What must be found exactly is issued with --external-id
    #[arg(long, value_name = "TEXT")]
    pub(crate) label: Option<String>,
    /// Only licenses with all of these words in their label, external id or licensee, or in what is known of their customer (case and
    /// accents do not count)
    #[arg(long, value_name = "WORDS")]
    pub(crate) text: Option<String>,
    /// Only licenses that end later than this: 2027-01-31 (later than that day), 2027-01-31T12:00:00Z, 30d, 3m, 1y
    #[arg(long, value_name = "DATE", value_parser = dates::moment)]
    pub(crate) ends_after: Option<When>,
    /// Only licenses that end by then: 2027-01-31 (that day or before), 2027-01-31T12:00:00Z, 30d, 3m, 1y
    #[arg(long, value_name = "DATE", value_parser = dates::moment)]
    pub(crate) ends_before: Option<When>,
    /// newest (the newest first), or end (those that end, the first end first) [default: end with --ends-after or --ends-before,
    /// else newest]
    #[arg(long, value_name = "ORDER", value_parser = vocabulary::license_orders(), hide_possible_values = true)]
    pub(crate) sort: Option<String>,
    /// Only licenses that no device ever used: none holds a seat, and none was released
    #[arg(long)]
    pub(crate) never_seen: bool,
}

/// Many licenses at once, by name or by what they have in common.
#[derive(ClapArgs)]
pub(crate) struct ManyArgs {
    /// License keys or ids; - reads all of standard input, one a line
    #[arg(value_name = "KEY", required_unless_present_any = others(), conflicts_with_all = of_lists())]
    pub(crate) keys: Vec<String>,
    /// Also the licenses whose keys or ids stand in this file, one a line; - reads standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = of_lists())]
    pub(crate) from: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) care: CareArgs,
    #[command(flatten, next_help_heading = "In place of KEY: licenses that match all of these")]
    pub(crate) filter: ListLicensesArgs,
}

#[derive(ClapArgs)]
#[command(after_help = EXPORTING)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) filters: ListLicensesArgs,
    /// Also the license keys; the audit log says of each that you saw it
    #[arg(long)]
    pub(crate) with_keys: bool,
    /// Where to write the CSV, for you alone; - for standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,
}

#[derive(ClapArgs)]
pub(crate) struct UpdateLicenseArgs {
    /// License key, license id, external:X with your own name for it, or - to read one from standard input
    pub(crate) key: String,
    /// Your own note; an empty text removes it
    #[arg(long, value_name = "L")]
    pub(crate) label: Option<String>,
    /// The customer: its id, slug or e-mail address, or external:X with your own name for it; an empty text removes it
    #[arg(long, value_name = "C")]
    pub(crate) customer: Option<String>,
    /// A plan of the app, by its id or slug: its tier, features, limits, seats and so on become the license's, but not its duration; what else you give applies on top
    #[arg(long, value_name = "PLAN")]
    pub(crate) plan: Option<String>,
    /// free, licensed or enterprise
    #[arg(long, value_name = "TIER", value_parser = vocabulary::tiers(), hide_possible_values = true)]
    pub(crate) tier: Option<String>,
    #[command(flatten)]
    pub(crate) sets: SetsArgs,
    /// The new end: 2027-01-31 (to the end of that day where the vendor is), 2027-01-31T12:00:00Z, or `never`. +90d, +3m and +1y count from
    /// now; `license renew` adds them to the present end
    #[arg(long, value_name = "DATE", value_parser = dates::parse)]
    pub(crate) expires: Option<dates::Date>,
    #[command(flatten)]
    pub(crate) licensee: LicenseeArgs,
    /// The license says nothing about its buyer any more
    #[arg(long, conflicts_with_all = ["licensee_name", "licensee_company", "licensee_email"])]
    pub(crate) no_licensee: bool,
    /// On how many devices the license may run, or `unlimited`
    #[arg(long, value_name = "N", value_parser = max_devices::parse)]
    pub(crate) max_devices: Option<MaxDevices>,
    #[command(flatten)]
    pub(crate) conditions: ConditionsArgs,
    /// The id of a device that loses its seat with this change; may be given more than once
    #[arg(long, value_name = "DEVICE")]
    pub(crate) release: Vec<String>,
    /// Release the devices even if the license allows no more releases this year
    #[arg(long)]
    pub(crate) override_allowance: bool,
    #[command(flatten)]
    pub(crate) care: CareArgs,
}

/// What somebody who is about to change something wants to see first.
#[derive(ClapArgs)]
pub(crate) struct CareArgs {
    /// Show what would change, and change nothing
    #[arg(long)]
    pub(crate) preview: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Features and limits of a license that exists.
#[derive(ClapArgs)]
pub(crate) struct SetsArgs {
    /// A feature that comes or gets another value, as in export or export=pdf; may be given more than once
    #[arg(long, value_name = "F")]
    pub(crate) feature: Vec<String>,
    /// A named number for the software that comes or changes, as in projects=10; may be given more than once
    #[arg(long, value_name = "NAME=N")]
    pub(crate) limit: Vec<String>,
    /// The name of a feature that goes; may be given more than once
    #[arg(long, value_name = "F", conflicts_with = "replace")]
    pub(crate) remove_feature: Vec<String>,
    /// The name of a limit that goes; may be given more than once
    #[arg(long, value_name = "NAME", conflicts_with = "replace")]
    pub(crate) remove_limit: Vec<String>,
    /// The features or limits that you give are all from now on, of each kind that you give; at least one is given
    #[arg(long)]
    pub(crate) replace: bool,
}

#[derive(Subcommand)]
pub(crate) enum DeviceCommand {
    /// List devices, newest first
    List {
        /// Only devices of this license: its key, its id, external:X with your own name for it, or - to read one from standard input
        #[arg(long, value_name = "KEY")]
        license: Option<String>,
        /// Only devices that say this of the machine
        #[arg(long, value_name = "F", conflicts_with = "license")]
        fingerprint: Option<String>,
        #[command(flatten)]
        part: PartArgs,
    },
    /// Show a device
    Show {
        /// The device's id
        device_id: String,
    },
    /// Change your notes about a device
    Update {
        /// The device's id
        device_id: String,
        /// A JSON file with an object that replaces all notes, or - for standard input
        #[arg(long, value_name = "FILE")]
        metadata: PathBuf,
    },
    /// Release a device's seat
    Release {
        /// The device's id
        device_id: String,
        /// Release the seat even if the license allows no more releases this year
        #[arg(long)]
        override_allowance: bool,
    },
}

#[derive(Subcommand)]
pub(crate) enum AccessCommand {
    /// Admit a device or a block of addresses; the app then refuses all devices, or addresses, that are not listed
    Allow(AccessArgs),
    /// Refuse a device or a block of addresses
    Deny(AccessArgs),
    /// Remove an entry, which is looked up first: this needs the scopes access:read and access:write
    Remove(RemoveAccessArgs),
    /// List entries: first your own, then what clients reported; of each, the newest first
    List {
        /// Only entries of this app: its id or slug
        #[arg(long, value_name = "APP")]
        app: Option<String>,
        #[command(flatten)]
        part: PartArgs,
    },
}

#[derive(ClapArgs)]
pub(crate) struct AccessArgs {
    /// The app's id or slug; not needed if there is only one app
    #[arg(long, value_name = "APP")]
    pub(crate) app: Option<String>,
    /// A device, as its client names it
    #[arg(long, value_name = "H", required_unless_present = "ip", conflicts_with = "ip")]
    pub(crate) hwid: Option<String>,
    /// An IP address, or a block such as 192.0.2.0/24
    #[arg(long, value_name = "CIDR")]
    pub(crate) ip: Option<String>,
    /// The reason, for your own records
    #[arg(long, value_name = "R")]
    pub(crate) reason: Option<String>,
    /// When the entry ends: 2027-01-31 (to the end of that day where the vendor is), +90d, +3m, +1y, or `never`
    #[arg(long, value_name = "DATE", default_value = "never", value_parser = dates::parse)]
    pub(crate) expires: dates::Date,
}

#[derive(ClapArgs)]
pub(crate) struct RemoveAccessArgs {
    /// The app's id or slug; not needed if there is only one app
    #[arg(long, value_name = "APP")]
    pub(crate) app: Option<String>,
    /// The device, as it is listed
    #[arg(long, value_name = "H", required_unless_present = "ip", conflicts_with = "ip")]
    pub(crate) hwid: Option<String>,
    /// The address or block, as it is listed
    #[arg(long, value_name = "CIDR")]
    pub(crate) ip: Option<String>,
}
