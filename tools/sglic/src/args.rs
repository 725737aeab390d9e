//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use sealgate_artifact::LicenseId;

const BEGIN: &str = "\
Begin:
  sglic activate --key - --server https://license.example.com --trust trust.json < key.txt
  sglic status --trust trust.json
  sglic doctor --trust trust.json             if something does not work

On a machine without a network:
  sglic request --key - -o /media/usb/machine.sgreq --trust trust.json < key.txt     send it to the vendor
  sglic activate /media/usb/license.sglic --trust trust.json                         what the vendor sent back

Whose keys are believed is built into this program, or else stands in the trust.json that the vendor gave you (--trust FILE). It is \
never taken from the server.

Exit codes: 0 done, 1 refused, 2 usage, 3 not found, 4 conflict, 65 bad file, 69 server unreachable, \
77 not permitted, 78 configuration, 130 interrupted";

const ACTIVATING: &str = "\
Examples:
  sglic activate --key - --server https://license.example.com < key.txt
  sglic activate --key - --server https://license.example.com --output licenses/activation_proof.json
  sglic activate /media/usb/license.sglic      a license file, on a machine without a network
  sglic activate                               looks for license files itself, and offers them

Without a file and a key, and where no server is named, license files (.sglic) are looked for in --folder DIR, beside this program, and on drives that \
can be taken out. What is in a file is shown, and only a yes activates it.

A key that is given as --key KEY can be seen by others on this machine, in the list of processes: `--key -` reads it from standard \
input. A machine that is activated for this key already is not activated again, unless --manifest names other files than before or the \
proof does not count any more; --again does it anyway.";

const WATCHING: &str = "\
Examples:
  sglic heartbeat                              one, now
  sglic heartbeat --watch                      whenever one is due, until Ctrl-C or SIGTERM; then the seat of a lease is given back

Exit codes: 0 admitted, 1 or 4 not admitted any more, 69 server unreachable (nothing is lost by that: ask again)";

const CHECKING: &str = "\
Checks, in this order: the vendor's keys, the state folder, the program's configuration, its license key and its proof, the clock, the \
server, license and proof, the program's files, what the sensors against debuggers and profilers see, the heartbeat, and rights that \
fell. Each that fails or warns says what to do. Nothing is changed, and no key is shown.

Run it as the program's user, in the folder where the program is started, and give --state the program's own state folder.

With --root DIR the programs and libraries below DIR are compared with the list in the proof, and with that of the installed release if \
its statement, release.json, lies beside the license; those that say no version of \
themselves are named, too.

Examples:
  sglic doctor
  sglic doctor --root /opt/editor
  sglic doctor --config appsettings.json --state /var/lib/editor
  sglic doctor --pid 4711                      what the sensors see in the program while it runs

Exit codes: 0 no check failed (one that warns takes no right), 1 a check failed";

const VERIFYING: &str = "\
With --root DIR every program and library below DIR must be in the list of the proof, or of the installed release if its statement, \
release.json, lies beside the license. One that is not is unapproved_module, and is \
named. So a start script can refuse a program that was built again or replaced.

Examples:
  sglic verify
  sglic verify --root /opt/editor && exec /opt/editor/editor

Exit codes: 0 all counts, 1 something does not count any more, 4 the program has other files, or nothing is activated, \
65 a file cannot be read";

const SUBMITTING: &str = "\
This asks the server to activate the machine with the list. Where the vendor did not approve a module for this license, nothing is \
activated: the module waits with the vendor from then on, unless the vendor refused it before. Once the vendor approved it, run \
`sglic activate` with the same list.

Where the vendor approved the whole list already, there is nothing to submit, and this machine is activated. If it was activated \
with another list before, you are asked first: its earlier proof does not count any more then.

Examples:
  sglic manifest collect --root /opt/editor
  sglic manifest submit --key - --server https://license.example.com < key.txt
  sglic activate --key - --manifest manifest.json < key.txt          once the vendor approved them

Exit codes: 0 the vendor has the list, or all of it is approved, 1 refused, 65 bad file, 69 server unreachable";

const REQUESTING: &str = "\
The file says who this machine is, and for which license it asks. It holds no license key, and no secret. Send it to the vendor, who sends a \
license file (.sglic) back: `sglic activate FILE.sglic`.

The same request is written again until a license file answered it; --new makes another one, and then an answer to the first one is not taken any \
more.

--qr shows the file as a QR code as well, for a machine that takes no drive: photograph it. It holds the file as text in Base32; \
`base32 -d text.txt > machine.sgreq` makes the file of it again.

Examples:
  sglic request --key - -o /media/usb/machine.sgreq < key.txt
  sglic request -o machine.sgreq               the vendor says which license is meant

Exit codes: 0 written, 1 refused, 2 usage, 65 a file cannot be written";

const IMPORTING: &str = "\
The file is read once, copied into the state folder, and verified by the vendor's keys; no server is asked. What a snapshot says was taken back gives \
no right from then on, also in a program that runs. Nothing that was imported before is undone by an older file.

Of a license file (.sglic) it is shown what is in it, and only a yes activates this machine by it: `sglic activate FILE.sglic` is the same.

Run it as the program's user, and give --state the program's own state folder.

Examples:
  sglic import /media/usb/vendor.sgsnap
  sglic import /media/usb/license.sglic
  sglic import vendor.sgsnap --state /var/lib/editor

Exit codes: 0 imported, also where it was before, 1 it is older than what is known here or another vendor's, 65 bad file. What was \
verified before a fault stays in force, and is named";

/// Activates this machine for a license, and shows what it holds.
#[derive(Parser)]
#[command(name = "sglic", version, propagate_version = true, max_term_width = 100, after_help = BEGIN)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that go before or after any verb.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(ClapArgs)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// Print JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print errors only
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// The folder with this machine's key and proof [default: `sglic/APP_ID` in `$XDG_STATE_HOME` or ~/.local/state;
    /// on Windows in `%LOCALAPPDATA%`]
    #[arg(long, global = true, value_name = "DIR", env = "SGLIC_STATE")]
    pub(crate) state: Option<PathBuf>,
    /// The vendor's trust.json, unless the vendor built it into this program
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
    /// Do it without asking
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
    /// The vendor's server [default: the one that activated this machine]
    #[arg(long, global = true, value_name = "URL", env = "SGLIC_SERVER", hide_env_values = true)]
    pub(crate) server: Option<String>,
    /// The proxy to the server, http://[USER:PASSWORD@]HOST:PORT
    #[arg(long, global = true, value_name = "URL", env = "SGLIC_PROXY", hide_env_values = true)]
    pub(crate) proxy: Option<String>,
    /// A certificate authority to trust for TLS as well, as PEM: that of a proxy that opens TLS
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Talk to another machine over http://, where anyone on the way can read the license key
    #[arg(long, global = true)]
    pub(crate) danger_plain_http: bool,
    /// The folder below which the state lies by default, as the environment has it.
    #[arg(skip)]
    pub(crate) states: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Activate this machine for a license, and keep the proof
    #[command(after_help = ACTIVATING)]
    Activate(ActivateArgs),
    /// Give the activation back: another machine can take the seat
    Deactivate,
    /// Show what is held, verified again; asks no server
    Status,
    /// Verify the license and the proof on disk, and the program's files; asks no server
    #[command(after_help = VERIFYING)]
    Verify(VerifyArgs),
    /// Show what is said of this machine, and which of its parts were found
    Fingerprint,
    /// Tell the server that this machine is still there
    #[command(after_help = WATCHING)]
    Heartbeat(HeartbeatArgs),
    /// Write a file that asks the vendor for a license, on a machine without a network
    #[command(after_help = REQUESTING)]
    Request(RequestArgs),
    /// Take over a file that came on a medium: a license, or a snapshot of what the vendor took back
    #[command(after_help = IMPORTING)]
    Import(ImportArgs),
    /// List the files that a program consists of, and have the vendor approve them
    Manifest {
        #[command(subcommand)]
        command: ManifestCommand,
    },
    /// Find out why something does not work
    #[command(after_help = CHECKING)]
    Doctor(DoctorArgs),
    /// Print the completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    Man {
        /// The folder for them
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
}

#[derive(Subcommand)]
pub(crate) enum ManifestCommand {
    /// List the programs and libraries below a folder, for `activate --manifest`
    Collect(CollectArgs),
    /// Send the list to the vendor, who approves it for one license
    #[command(after_help = SUBMITTING)]
    Submit(SubmitArgs),
}

#[derive(ClapArgs)]
pub(crate) struct SubmitArgs {
    /// The license key; `-` reads it from standard input
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub(crate) key: String,
    /// The list, as `manifest collect` wrote it
    #[arg(long, value_name = "FILE", default_value = "manifest.json")]
    pub(crate) manifest: PathBuf,
}

#[derive(ClapArgs)]
pub(crate) struct CollectArgs {
    /// The folder where the program is installed
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,
    /// Where to write the list; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "manifest.json")]
    pub(crate) output: PathBuf,
}

#[derive(ClapArgs)]
pub(crate) struct ActivateArgs {
    /// A license file for machines without a network (.sglic); `-` reads it from standard input
    #[arg(value_name = "FILE", conflicts_with_all = ["key", "output", "manifest", "again"])]
    pub(crate) file: Option<PathBuf>,
    /// The license key; `-` reads it from standard input
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub(crate) key: Option<String>,
    /// Where to put the proof; license.json is put beside it [default: `licenses/activation_proof.json` in the
    /// state folder]
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) output: Option<PathBuf>,
    /// The list of the files that the program consists of, each as [name, SHA-256, version, signer]: the vendor must have approved
    /// each of them
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) manifest: Option<PathBuf>,
    /// Activate again, also where this machine is activated for this key: earlier proofs do not count any more
    #[arg(long, requires = "key")]
    pub(crate) again: bool,
    #[command(flatten)]
    pub(crate) places: PlacesArgs,
}

/// Where license files are looked for.
#[derive(ClapArgs, Default)]
pub(crate) struct PlacesArgs {
    /// Look for license files in this folder first
    #[arg(long, value_name = "DIR", conflicts_with_all = ["file", "key"])]
    pub(crate) folder: Option<PathBuf>,
    /// Do not look at drives that can be taken out
    #[arg(long, conflicts_with_all = ["file", "key"])]
    pub(crate) no_drives: bool,
}

#[derive(ClapArgs)]
pub(crate) struct RequestArgs {
    /// The license key; `-` reads it from standard input [default: the vendor says which license is meant]
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub(crate) key: Option<String>,
    /// The id of the license, where you have no key
    #[arg(long, value_name = "ID", conflicts_with = "key", value_parser = LicenseId::parse)]
    pub(crate) license: Option<LicenseId>,
    /// Make another request: an answer to the one of before is not taken any more
    #[arg(long)]
    pub(crate) new: bool,
    /// Show the file as a QR code, too, to be photographed
    #[arg(long)]
    pub(crate) qr: bool,
    /// Where to write it (.sgreq)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(ClapArgs, Default)]
pub(crate) struct VerifyArgs {
    /// The proof [default: where `activate` put it]
    #[arg(long, value_name = "FILE")]
    pub(crate) proof: Option<PathBuf>,
    /// The license [default: license.json beside the proof]
    #[arg(long, value_name = "FILE")]
    pub(crate) license: Option<PathBuf>,
    /// The folder where the program is installed: its files must be in the list of the proof
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
}

#[derive(ClapArgs)]
pub(crate) struct DoctorArgs {
    /// The folder where the program is installed: its files are compared with the list of the proof
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// The configuration file of the program, JSON or TOML, with its section `LicenseConfigs`
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The number of the program's process, while it runs: the sensors look at it, and not at this command
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Option<u32>,
}

#[derive(ClapArgs)]
pub(crate) struct ImportArgs {
    /// The file, as the vendor handed it out (.sgsnap, .sglic); `-` reads it from standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// A license beside the program, to be looked up, too [default: the one that `activate` wrote]
    #[arg(long, value_name = "FILE")]
    pub(crate) license: Option<PathBuf>,
    /// A proof beside the program [default: the one that `activate` wrote]
    #[arg(long, value_name = "FILE")]
    pub(crate) proof: Option<PathBuf>,
}

#[derive(ClapArgs)]
pub(crate) struct HeartbeatArgs {
    /// Go on until a signal comes
    #[arg(long)]
    pub(crate) watch: bool,
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::Args;

    /// It is wrapped to the terminal's width.
    #[test]
    fn paragraphs_of_the_help_are_one_line() {
        check(&Args::command());
    }

    fn check(command: &Command) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines: Vec<&str> = help.lines().collect();
        let is_text = |line: &str| !line.is_empty() && !line.starts_with(' ');
        for pair in lines.windows(2) {
            assert!(!is_text(pair[0]) || !is_text(pair[1]), "{}: {}", command.get_name(), pair[0]);
        }
        command.get_subcommands().for_each(check);
    }
}
