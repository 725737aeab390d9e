//! Keys.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

const ROTATING: &str = "\
Examples:
  sealgate keys rotate                    licenses are signed by the next issuer from now on
  sealgate keys rotate --use root         a new root; builds that pin the former one follow";

const REVOKING: &str = "\
A key that leaked is revoked; one that is merely old is rotated. The command lists the licenses whose files in the
field go dark. Interrupted, it goes on where it stopped when it is run again.

Examples:
  sealgate keys list
  sealgate keys revoke KEYID --reason 'laptop stolen'";

const SHARING: &str = "\
Run it where the Authority's data directory is, and carry the result to the other machine. Run it again for apps that
were created since. Keys that make licenses or trust are not in it.

Example:
  sealgate keys share --data ./authority -o ./runtime
  sealgate serve --role runtime --data ./runtime --database postgres://…";

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// List the keys of your installation, your tenant and your apps
    List,
    /// Write the trust.json that builds pin
    Export(ExportKeysArgs),
    /// Start signing with the published next key; what the former key signed stays valid
    #[command(after_help = ROTATING)]
    Rotate {
        /// Which key: issuer signs licenses, authority the keysets of tenants, root that of the installation
        #[arg(long = "use", value_name = "USE", default_value = "issuer")]
        key_use: RotatedUse,
    },
    /// Bring apps' keys and shared secrets into the data directory of a server of role `runtime`
    #[command(after_help = SHARING)]
    Share(ShareKeysArgs),
    /// End a key and everything it signed; licenses in force are signed anew first
    #[command(after_help = REVOKING)]
    Revoke(RevokeKeyArgs),
}

#[derive(ClapArgs)]
pub(crate) struct ShareKeysArgs {
    /// The data directory of the other server; made if it is missing
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// A file whose first line is the passphrase of the keystore in --data
    #[arg(long, value_name = "FILE", env = "SEALGATE_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// Uses whose keys can be rotated.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum RotatedUse {
    // Described where it is asked for: what each value has of its own would make the help long.
    Issuer,
    Authority,
    Root,
}

impl RotatedUse {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Authority => "authority",
            Self::Root => "root",
        }
    }
}

#[derive(ClapArgs)]
pub(crate) struct ExportKeysArgs {
    /// The app whose licenses are to be judged; not needed while there is only one
    #[arg(long, value_name = "ID")]
    pub(crate) app: Option<String>,
    /// Where to write it
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(ClapArgs)]
pub(crate) struct RevokeKeyArgs {
    /// The key id that `keys list` shows
    pub(crate) keyid: String,
    /// The reason, for your own records
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}
