//! Files that cross to machines without a network, and back.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use sealgate_wire::When;

use super::{PartArgs, VerifyArgs};
use crate::dates;

const EXPORTING: &str = "\
A bundle is a license that a machine without a network takes over from a file. A bound one is for the machines that asked, each by its own \
request file (`sglic request`), and for no other one. One for a pool works on every machine: nobody counts them, so send it only to whom you trust \
with the number. Until its end nothing calls a bundle back, and its machines hold their seats; so make it short. A bundle that --replaces another \
one is for the same machines and for those that ask now, and takes only the seats that it adds.

A token needs offline:write, and offline:read for the file. A license that you name by its key is looked up first: that needs licenses:read, too.

Examples:
  sealgate offline export KEY --request a.sgreq --request b.sgreq --valid-until +90d -o licenses/
  sealgate offline export KEY --mode pool --pool 20 --valid-until 2027-06-30 --with-readme -o /media/stick
  sealgate offline export KEY --replaces BUNDLE --valid-until +90d -o new.sglic";

const RESPONDING: &str = "\
The answer is a bundle for the machine that asked. The same request gets the same bundle again. A request that a machine of a bundle makes later \
is a refresh, and takes no other seat.

A token needs offline:write, and offline:read for the file.

Examples:
  sealgate offline respond machine.sgreq -o machine.sglic
  sealgate offline respond machine.sgreq --license KEY --valid-until +90d -o machine.sglic";

const REVOKING: &str = "\
Do this where a stick was lost or a file went to the wrong people. It reaches a machine only with something newer: the next bundle of this license, \
or a snapshot (`sealgate offline snapshot --sign`). Seats stay taken until the bundle's end, because its machines may go on until then.";

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
    /// Sign a license for machines without a network, and write its file
    #[command(after_help = EXPORTING)]
    Export(ExportBundleArgs),
    /// Answer the request of a machine without a network
    #[command(after_help = RESPONDING)]
    Respond(RespondArgs),
    /// List the bundles of a license, newest first
    List {
        /// License key, license id, external:X with your own name for it, or - to read one from standard input
        key: String,
        #[command(flatten)]
        part: PartArgs,
    },
    /// Show a bundle, with the machines that it names
    Show {
        /// The bundle's id
        bundle_id: String,
    },
    /// Write the file of a bundle again, as long as it lives
    File {
        /// The bundle's id
        bundle_id: String,
        #[command(flatten)]
        file: BundleFileArgs,
    },
    /// Revoke a bundle: machines hear of it only from something newer
    #[command(after_help = REVOKING)]
    RevokeBundle {
        /// The bundle's id
        bundle_id: String,
        /// Why, for the audit log
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Verify the file of a bundle or of a request, as `sealgate verify` does
    Verify(VerifyArgs),
}

/// For which machines a bundle is. No word has a help of its own: the flag's says what they mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    Bound,
    Pool,
}

/// Which keys travel in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Keys {
    All,
    Tenant,
    None,
}

#[derive(ClapArgs)]
pub(crate) struct ExportBundleArgs {
    /// License key, license id, external:X with your own name for it, or - to read one from standard input
    pub(crate) key: String,
    /// For which machines it is: bound, for those that asked; pool, for so many, whichever they are [default: what the other arguments say]
    #[arg(long, required_unless_present_any = ["request", "pool", "replaces"])]
    pub(crate) mode: Option<Mode>,
    /// For a pool: how many machines were agreed upon
    #[arg(long, value_name = "N", conflicts_with = "request", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) pool: Option<u32>,
    /// When it ends: 2027-01-31 (to the end of that day where the vendor is), +90d, +3m or +1y
    #[arg(long, value_name = "DATE", value_parser = dates::moment)]
    pub(crate) valid_until: When,
    /// The file of a machine that asks, as `sglic request` wrote it, or - for standard input; may be given up to 256 times
    #[arg(long, value_name = "FILE")]
    pub(crate) request: Vec<PathBuf>,
    /// The bundle whose place it takes; its id
    #[arg(long, value_name = "BUNDLE")]
    pub(crate) replaces: Option<String>,
    /// A name for this very export: within a week, the same command with the same token signs once [default: a random one]
    #[arg(long, value_name = "NAME")]
    pub(crate) idempotency_key: Option<String>,
    #[command(flatten)]
    pub(crate) file: BundleFileArgs,
}

#[derive(ClapArgs)]
pub(crate) struct RespondArgs {
    /// The machine's file, as `sglic request` wrote it, or - for standard input
    pub(crate) request: PathBuf,
    /// The license, where the request names none: license key, license id, external:X with your own name for it,
    /// or - to read one from standard input
    #[arg(long, value_name = "KEY")]
    pub(crate) license: Option<String>,
    /// When the bundle ends: 2027-01-31, +90d, +3m or +1y [default: as late as the license allows]
    #[arg(long, value_name = "DATE", value_parser = dates::moment)]
    pub(crate) valid_until: Option<When>,
    #[command(flatten)]
    pub(crate) file: BundleFileArgs,
}

/// Where the file of a bundle goes, and what is in it.
#[derive(ClapArgs)]
pub(crate) struct BundleFileArgs {
    /// Where to write it: a file, a folder, where it is called license-XXXXXXXX.sglic, or - for standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Which keys travel in it: all, so that a machine needs to know only the roots; the tenant's keyset, for a machine that knows the
    /// installation's; or none, for one that knows them all
    #[arg(long, value_enum, default_value_t = Keys::All)]
    pub(crate) keys: Keys,
    /// Also write README.txt beside it, which says what to do on the machine
    #[arg(long)]
    pub(crate) with_readme: bool,
    /// Replace a file that is there
    #[arg(long)]
    pub(crate) overwrite: bool,
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
