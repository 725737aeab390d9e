//! Releases, and modules of licenses.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::PartArgs;

const PUBLISHING: &str = "\
The first FILE is the package that customers get. Every FILE is a module, which a device may then run under every \
license of the app; so name what the package puts on a machine, too. A FILE that is an ELF program or library first \
gets a note with the version and the id of your update key, in a copy beside it (NAME.marked), or in DIR with -o. Install the \
copies under the names of the originals: what you publish is what was written. A package that holds programs is made from marked ones: \
run `release mark` first, or publish them as they are with --as-is. A token needs releases:write, and keys:read unless you give --signer.

Examples:
  sealgate release publish --app editor --version 2.1.0 --target linux/x86_64 ./editor -o dist
  sealgate release mark --version 2.1.0 ./editor ./libdraw.so -o dist
  sealgate release publish --app editor --version 2.1.0 --target linux/x86_64 editor.tar.gz dist/editor dist/libdraw.so";

const REVOKING: &str = "\
Devices with its modules are then refused when they are activated, unless another release lists the same modules. Devices that are \
active go on until they are activated again. Its version and target cannot be published again.

Example:
  sealgate release revoke RELEASE_ID --reason 'broken package'";

const APPROVING: &str = "\
The modules count for this license alone. `manifest list` shows their ids; --all means all that wait now, which are \
shown before you are asked.

Examples:
  sealgate manifest list --status pending
  sealgate manifest approve KEY --all
  sealgate manifest approve KEY APPROVAL_ID --reason 'their own build'";

#[derive(Subcommand)]
pub(crate) enum ReleaseCommand {
    /// Publish a version of an app: signs it, and approves its files for every license of the app
    // The version is the product's here.
    #[command(after_help = PUBLISHING, disable_version_flag = true)]
    Publish(PublishArgs),
    /// Write a note with version and signer into copies of ELF programs and libraries, and publish nothing
    #[command(disable_version_flag = true)]
    Mark(MarkArgs),
    /// List releases, newest first
    List {
        /// Only releases of this app: its id or slug
        #[arg(long, value_name = "APP")]
        app: Option<String>,
        #[command(flatten)]
        part: PartArgs,
    },
    /// Show a release
    Show {
        /// The release's id
        release_id: String,
        /// Print the signed statement instead, as devices verify it
        #[arg(long)]
        statement: bool,
    },
    /// Revoke a release: it approves its modules no more
    #[command(after_help = REVOKING)]
    Revoke {
        /// The release's id
        release_id: String,
        /// Why
        #[arg(long, value_name = "R")]
        reason: Option<String>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

#[derive(ClapArgs)]
pub(crate) struct PublishArgs {
    /// The app's id or slug; not needed if there is only one app
    #[arg(long, value_name = "APP")]
    pub(crate) app: Option<String>,
    /// What it runs on, such as `linux/x86_64`
    #[arg(long, value_name = "T")]
    pub(crate) target: String,
    /// Write no notes: publish the files as they are
    #[arg(long, conflicts_with_all = ["output", "signer"])]
    pub(crate) as_is: bool,
    #[command(flatten)]
    pub(crate) mark: MarkArgs,
}

#[derive(ClapArgs)]
pub(crate) struct MarkArgs {
    /// The product's version
    #[arg(long = "version", value_name = "V")]
    pub(crate) version: String,
    /// Who signs, as the note says it [default: the id of your update key]
    #[arg(long, value_name = "ID")]
    pub(crate) signer: Option<String>,
    /// The directory for the marked copies [default: beside each file, as NAME.marked]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum ManifestCommand {
    /// List modules of licenses, newest first: those that wait for you, and those that you decided about
    List {
        /// Only this license's: its key or id, or - for standard input
        #[arg(long, value_name = "KEY")]
        license: Option<String>,
        /// Only those of licenses of this app: its id or slug
        #[arg(long, value_name = "APP")]
        app: Option<String>,
        /// Only those that stand there
        #[arg(long, value_name = "STATUS", value_parser = ["pending", "approved", "rejected", "revoked"])]
        status: Option<String>,
        #[command(flatten)]
        part: PartArgs,
    },
    /// Let files wait for a decision about one license, as if a device had them
    Submit {
        /// The license's key or id, or - for standard input
        #[arg(value_name = "KEY")]
        license: String,
        /// The files, as they are on the machine
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Approve modules for one license, and for no other
    #[command(after_help = APPROVING)]
    Approve(DecideArgs),
    /// Refuse modules that wait for one license
    Reject(DecideArgs),
    /// Take the approval of modules back from one license; devices that are active go on until they are activated again
    Revoke(DecideArgs),
}

#[derive(ClapArgs)]
pub(crate) struct DecideArgs {
    /// The license's key or id, or - for standard input
    #[arg(value_name = "KEY")]
    pub(crate) license: String,
    /// Ids of modules of this license, as `manifest list` shows them
    #[arg(value_name = "APPROVAL_ID", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) approvals: Vec<String>,
    /// All that wait now; with `manifest revoke`, all that are approved now
    #[arg(long)]
    pub(crate) all: bool,
    /// Why
    #[arg(long, value_name = "R")]
    pub(crate) reason: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
}
