//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use sealgate_artifact::{Code, MaxDevices, PublicKey, UnixSeconds};

use crate::dates;
use crate::failure::Failure;

const BEGIN: &str = "\
Begin:
  sealgate demo --exit                         see everything once, in a second
  sealgate serve --data ./data                 run the server
  export SEALGATE_DATA=./data                  in another terminal
  sealgate app create Editor
  sealgate license issue --app APP_ID --expires +365d
  sealgate license file KEY -o editor.license --with-trust

Exit codes: 0 done, 1 refused, 2 usage, 3 not found, 4 conflict, 65 bad file, 69 server unreachable,
77 not permitted, 78 configuration";

const VERIFYING: &str = "\
Examples:
  sealgate verify editor.license --root PUB            with editor.license.trust beside it
  sealgate verify editor.license --trust trust.json    also demands the tenant and app that it names

Exit codes: 0 valid, 1 refused (forged, another's, expired), 65 not a license file, 78 nothing to judge it by";

const ROTATING: &str = "\
Examples:
  sealgate keys rotate                    licenses are signed by the next issuer from now on
  sealgate keys rotate --use root         a new root; builds that pin the former one follow by themselves";

const REVOKING: &str = "\
A key that leaked is revoked; one that is merely old is rotated. The command lists the licenses whose files in the
field go dark. Interrupted, it goes on where it stopped when it is run again.

Examples:
  sealgate keys list
  sealgate keys revoke KEYID --reason 'laptop stolen'";

const ISSUING: &str = "\
Examples:
  sealgate license issue --app APP_ID
  sealgate license issue --app APP_ID --max-devices 5 --expires +365d --label 'Order 1042'
  sealgate license issue --app APP_ID --count 500 --expires 2027-12-31 --json";

/// Licensing for software that must prove its license, online and offline.
#[derive(Parser)]
#[command(name = "sealgate", version, propagate_version = true, max_term_width = 100, after_help = BEGIN)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that go before or after any verb.
#[derive(ClapArgs)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// Print JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The server that `app` and `license` talk to
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "SEALGATE_URL",
        default_value = "http://127.0.0.1:8080"
    )]
    pub(crate) url: String,
    /// The access token; without it, the one in --data
    #[arg(long, global = true, value_name = "TOKEN", env = "SEALGATE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// The server's data directory; `app` and `license` read the owner's token from it
    #[arg(long, global = true, value_name = "DIR", env = "SEALGATE_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// A TOML file for `serve`, with data, listen and database; flags win over it
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Log more, to standard error; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the license server; the first start makes keys, schema, a tenant and the owner's token
    Serve(ServeArgs),
    /// Show the whole product on this machine: a real server, a license, a client, and what they refuse
    Demo(DemoArgs),
    /// What you sell: create, list and show apps
    App {
        #[command(subcommand)]
        command: AppCommand,
    },
    /// What your customers bought: issue, show, list and revoke licenses, write their files
    License {
        #[command(subcommand)]
        command: LicenseCommand,
    },
    /// The keys that sign: list, export for builds, rotate, revoke
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Show what a file says, without believing it
    Inspect(InspectArgs),
    /// Verify a license file offline and say what was checked and what was not
    #[command(after_help = VERIFYING)]
    Verify(VerifyArgs),
}

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// List the keys of your installation, your tenant and your apps
    List,
    /// Write the trust.json that builds pin
    Export(ExportKeysArgs),
    /// Let the published next key sign from now on; the former one goes on verifying
    #[command(after_help = ROTATING)]
    Rotate {
        /// Which key
        #[arg(long = "use", value_name = "USE", default_value = "issuer")]
        key_use: RotatedUse,
    },
    /// End a key and everything it signed; licenses in force are signed anew first
    #[command(after_help = REVOKING)]
    Revoke(RevokeKeyArgs),
}

/// Uses whose keys can be rotated.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum RotatedUse {
    /// Signs licenses
    Issuer,
    /// Signs the keysets of tenants, and server certificates
    Authority,
    /// Signs the installation's keyset
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
    /// Why, for your own records
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(ClapArgs)]
pub(crate) struct InspectArgs {
    /// A license file, a trust.json, or the envelope of a root statement, keyset, tenant keyset or server certificate
    pub(crate) file: PathBuf,
    /// Print the bare DSSE envelope, for other programs
    #[arg(long)]
    pub(crate) dsse: bool,
}

#[derive(ClapArgs)]
pub(crate) struct ServeArgs {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// A PostgreSQL URL instead of the embedded database
    #[arg(long, value_name = "URL", env = "SEALGATE_DATABASE", hide_env_values = true)]
    pub(crate) database: Option<String>,
    /// A file whose first line is the keystore's passphrase; without it, the keystore is opened by the 0600 file
    /// `keys/unlock.key` in the data directory
    #[arg(long, value_name = "FILE", env = "SEALGATE_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(ClapArgs)]
pub(crate) struct DemoArgs {
    /// End after the last step instead of staying up
    #[arg(long)]
    pub(crate) exit: bool,
    /// Where the demo's server listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
}

#[derive(Subcommand)]
pub(crate) enum AppCommand {
    /// Create an app; its secret is shown once
    Create {
        /// What you call it, at most 64 characters; no two of your apps share a name
        name: String,
    },
    /// List your apps, newest first
    List,
    /// Show one app with the keys that builds embed
    Show {
        /// The app's id
        app_id: String,
    },
}

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
    /// List your licenses, newest first
    List {
        /// Only this app's
        #[arg(long, value_name = "ID")]
        app: Option<String>,
    },
    /// Revoke a license; online, it ends within a second
    Revoke {
        /// License key, license id, or - to read one from standard input
        key: String,
        /// Why, for your own records
        #[arg(long)]
        reason: Option<String>,
    },
    /// Write the signed license file for use offline
    File(FileArgs),
}

#[derive(ClapArgs)]
pub(crate) struct IssueArgs {
    /// The id of the app that is sold
    #[arg(long, value_name = "ID")]
    pub(crate) app: String,
    /// On how many devices each may run, or `unlimited`
    #[arg(long, value_name = "N", default_value = "1", value_parser = max_devices)]
    pub(crate) max_devices: MaxDevices,
    /// When they end: 2027-01-31, 2027-01-31T12:00:00Z, days from now as in +90d, or `never`
    #[arg(long, value_name = "DATE", default_value = "never", value_parser = dates::parse)]
    pub(crate) expires: dates::Date,
    /// Your own note, at most 128 characters; customers do not see it
    #[arg(long, value_name = "L")]
    pub(crate) label: Option<String>,
    /// How many, up to 1000
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) count: u32,
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
pub(crate) struct VerifyArgs {
    /// The license file; may also stand last, behind the roots
    #[arg(required_unless_present = "root")]
    pub(crate) file: Option<PathBuf>,
    /// All root keys that you trust, base64; the rest of the chain is read from FILE.trust
    #[arg(long, value_name = "PUB", num_args = 1.., conflicts_with = "trust")]
    pub(crate) root: Vec<String>,
    /// How many of the roots must have signed
    #[arg(long, value_name = "N", default_value_t = 1, requires = "root")]
    pub(crate) threshold: usize,
    /// A trust.json instead of --root: the roots, keysets, tenant and app that a build pins
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
}

fn max_devices(text: &str) -> Result<MaxDevices, String> {
    let seats = match text {
        "unlimited" => Some(MaxDevices::Unlimited),
        number => number.parse().ok().and_then(MaxDevices::limited),
    };
    seats.ok_or_else(|| "expected 1 to 1000000, or `unlimited`".to_owned())
}

impl VerifyArgs {
    /// The file and the roots: the last word behind `--root` is the file where none stands before.
    pub(crate) fn file_and_roots(&self) -> Result<(PathBuf, Vec<PublicKey>), Failure> {
        let (file, roots) = match (&self.file, &self.root[..]) {
            (Some(file), roots) => (file.clone(), roots),
            (None, [roots @ .., file]) if !roots.is_empty() => (PathBuf::from(file), roots),
            (None, _) => {
                let message = "a license file and at least one root are needed";
                return Err(
                    Failure::new(Code::MalformedRequest, message).fix("sealgate verify FILE --root PUB")
                );
            }
        };
        let read = |text: &String| {
            PublicKey::parse(text).map_err(|e| {
                Failure::new(Code::MalformedRequest, format!("--root {text}: {e}"))
                    .fix("give root keys in base64; `sealgate verify --help` shows how")
            })
        };
        Ok((file, roots.iter().map(read).collect::<Result<_, _>>()?))
    }
}

/// The times that the program itself needs come from here.
pub(crate) fn now() -> UnixSeconds {
    use sealgate_authority::ports::{Clock, System};
    UnixSeconds::new(System.unix_millis() / 1000).expect("a clock before the year 10000")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Args::command().debug_assert();
    }
}
