//! Licenses in bulk.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

const IMPORTING: &str = "\
FILE is CSV with a row of column names first, in any order:
  app, plan, tier, max_devices, expires, label, customer, external_id, features, limits, vars, status,
  licensee_name, licensee_company, licensee_email, license_key (a key from elsewhere to keep), hwids
In place of customer: customer_external_id, customer_email, customer_name, customer_company; a customer that there is not is made. \
A license_id that one of your licenses has: the row is that license, and makes none. Passed over: devices_used, created_at. Any \
other column is refused. Features, limits, vars and hwids are written \
`export; sso=okta`, or as JSON; `[]` says that there are none. An empty cell leaves it to the plan. Where the app has plans, a row \
without one says tier, max_devices and expires itself.

The same row never makes a second license: after an interruption, run the same command again. A row without an app goes to the app \
of its plan, where that is named as in editor/pro, else to --app, else to your only app.

Exit codes: 0 every row has its license, or there is no row; 1 some rows were refused

Examples:
  sealgate license import customers.csv --app APP_ID --dry-run
  sealgate license import customers.csv --app APP_ID -o keys.csv --rejects bad.csv
  sealgate license import licenses.json machines.json --from keygen --map POLICY_ID=editor/pro -o keys.csv";

#[derive(ClapArgs)]
#[command(after_help = IMPORTING)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct ImportArgs {
    /// The file with the licenses, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What the files are: CSV as `license export` writes it, JSON of AuthForge's Developer API, or JSON of Keygen's API
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub(crate) from: Format,
    /// The app of rows that name none; without it, that of --plan editor/pro, or your only one
    #[arg(long, value_name = "ID")]
    pub(crate) app: Option<String>,
    /// The plan of rows that name none
    #[arg(long, value_name = "ID")]
    pub(crate) plan: Option<String>,
    /// Rows without a plan get none, also where the app has plans; with --from keygen, licenses whose policy --map does not name
    #[arg(long, conflicts_with = "plan")]
    pub(crate) no_plan: bool,
    /// Which is which: the id of an app of AuthForge's and of yours, or of a policy of Keygen's and of your plan; may be given more
    /// than once
    #[arg(long, value_name = "THEIRS=YOURS")]
    pub(crate) map: Vec<String>,
    /// With --from keygen: hand the metadata of licenses to running software, as variables
    #[arg(long)]
    pub(crate) metadata_as_vars: bool,
    /// Take no devices over: each takes a seat again when it asks
    #[arg(long)]
    pub(crate) without_devices: bool,
    /// Only say what would become of each row
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Import nothing where any row is refused
    #[arg(long)]
    pub(crate) strict: bool,
    /// Where to write the new license keys as CSV, for you alone; what is there is added to
    #[arg(short, long, value_name = "FILE", value_parser = file)]
    pub(crate) output: Option<PathBuf>,
    /// Where to write the rows that were refused, with the reasons, so that you can correct and import them; what is there is
    /// replaced, also where no row was refused
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub(crate) rejects: Option<PathBuf>,
}

/// Standard output has the report.
fn file(path: &str) -> Result<PathBuf, String> {
    if path == "-" { Err("standard output has the report; name a file".to_owned()) } else { Ok(path.into()) }
}

/// What a file with licenses is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Csv,
    Authforge,
    Keygen,
}
