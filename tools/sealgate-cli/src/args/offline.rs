//! Files that cross to machines without a network, and back.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

const SNAPSHOTS: &str = "\
A machine that never calls home hears only what such a file says: `sglic import` takes it over. Whoever needs none of it is not harmed by it; \
it names no customers, and shows nothing to whoever finds it. A suspended license is not in it. A token needs apps:read and licenses:read, and with \
--sign licenses:write. A tenant without an app has no such file yet: the program ends with 3.

Examples:
  sealgate offline snapshot --sign -o vendor.sgsnap    with what was taken back a moment ago
  sealgate offline snapshot -o vendor.sgsnap           as it was signed last
  sealgate verify vendor.sgsnap --trust trust.json";

const IMPORTING: &str = "\
For a server whose database came back older: what the snapshot lists stays listed, and the licenses, seats, keys and servers that it says were \
taken back are taken back again. The server verifies the file, and refuses one of another installation or tenant, and one that is older than its own. \
The audit log has a row for each time, also for a file that is refused. A token needs keys:write and licenses:write.

Examples:
  sealgate offline import-snapshot vendor.sgsnap
  sealgate offline import-snapshot vendor.sgsnap --source 'stick of the service desk' --yes";

#[derive(Subcommand)]
pub(crate) enum OfflineCommand {
    /// Write the newest revocation data to a file that a machine without a network takes over
    #[command(after_help = SNAPSHOTS)]
    Snapshot(SnapshotArgs),
    /// Have a server whose database came back older take over what a snapshot says
    #[command(after_help = IMPORTING)]
    ImportSnapshot(ImportSnapshotArgs),
}

#[derive(ClapArgs)]
pub(crate) struct SnapshotArgs {
    /// Where to write it, or - for standard output; its usual ending is .sgsnap
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// First sign what is due, and wait for it, a minute at most as a rule; else the file has what was signed last, and the program says if that lacks something
    #[arg(long)]
    pub(crate) sign: bool,
}

#[derive(ClapArgs)]
pub(crate) struct ImportSnapshotArgs {
    /// The snapshot, as `offline snapshot` wrote it, or - for standard input
    pub(crate) file: PathBuf,
    /// Where the file came from, for the audit log [default: its name]
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: Option<String>,
    /// Do not ask for confirmation
    #[arg(long)]
    pub(crate) yes: bool,
}
