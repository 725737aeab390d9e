//! Many licenses at once, by name or by what they have in common.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::licenses::{CareArgs, ListLicensesArgs};

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
