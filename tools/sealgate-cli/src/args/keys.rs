//! Keys.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::PartArgs;

const ROTATING: &str = "\
Examples:
  sealgate keys rotate                    the next issuer signs licenses from now on
  sealgate keys rotate --use root         a new root; builds that pin the former root accept it";

const REVOKING: &str = "\
Revoke a key that leaked; rotate a key that is merely old. The command lists the licenses whose files in the \
field no longer verify. If it is interrupted, run it again: it continues where it stopped. A token needs keys:read and keys:write.

Examples:
  sealgate keys list
  sealgate keys revoke KEYID --reason 'laptop stolen'";

const SHARING: &str = "\
Run this on the Authority's machine, and copy DIR to the other machine. Run it again after each `app create` and \
`app rotate-key`. It does not copy the keys that sign licenses, keysets and certificates.

Example:
  sealgate keys share --data ./authority -o ./runtime
  sealgate serve --role runtime --data ./runtime --database postgres://…";

const RENEWING: &str = "\
Run this on the Authority's machine after a server of role `runtime` was stolen. Then run `keys share` for each other \
runtime, and start all servers again: from then on sessions that were made with the former secret are over, and clients \
on AuthForge's wire ask anew.

Example:
  sealgate keys renew-sessions --data ./authority";

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// List the keys of your installation, your tenant and your apps
    List(PartArgs),
    /// Write the trust.json that builds pin
    Export(ExportKeysArgs),
    /// Sign with the next key from now on; what the former key signed stays valid
    #[command(after_help = ROTATING)]
    Rotate {
        /// Which key: issuer signs licenses, update signs releases, snapshot signs revocation data, authority signs tenants' keysets,
        /// root signs the installation's keyset
        #[arg(long = "use", value_name = "USE", default_value = "issuer")]
        key_use: RotatedUse,
    },
    /// Copy the apps' keys and the shared secrets to the data directory of a server of role `runtime`
    #[command(after_help = SHARING)]
    Share(ShareKeysArgs),
    /// Make a new secret for the sessions of AuthForge's wire; it counts from each server's next start
    #[command(after_help = RENEWING)]
    RenewSessions {
        /// A file whose first line is the passphrase of the keystore in --data
        #[arg(long, value_name = "FILE", env = "SEALGATE_PASSPHRASE_FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Revoke a key: nothing that it signed verifies any more; licenses in force are first signed again
    #[command(after_help = REVOKING)]
    Revoke(RevokeKeyArgs),
}

#[derive(ClapArgs)]
pub(crate) struct ShareKeysArgs {
    /// The data directory of the other server; created if it is missing
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
    Update,
    Snapshot,
    Authority,
    Root,
}

impl RotatedUse {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Update => "update",
            Self::Snapshot => "snapshot",
            Self::Authority => "authority",
            Self::Root => "root",
        }
    }
}

#[derive(ClapArgs)]
pub(crate) struct ExportKeysArgs {
    /// The app whose licenses the builds verify: its id or slug; not needed if there is only one app
    #[arg(long, value_name = "APP")]
    pub(crate) app: Option<String>,
    /// Where to write trust.json, or - for standard output
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
    /// Do not ask for confirmation
    #[arg(long)]
    pub(crate) yes: bool,
}
