//! From arguments to an exit code.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use sealgate_artifact::{Code, LicenseKey};

use crate::args::{Args, Command};
use crate::commands::doctor::Variables;
use crate::commands::{
    activate, deactivate, doctor, fingerprint, heartbeat, import, manifest, manual, request, status, verify,
};
use crate::failure::Failure;
use crate::output::{self, Output};

/// Runs the program with these arguments, its own name first.
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.collect();
    // Where the signal cannot be taken, it ends the program as ever.
    let _ = sealgate_terminal::outlive_long_files();
    let (output, done) = match Args::try_parse_from(&arguments) {
        Ok(mut args) => {
            args.global.states = states_folder();
            let output = Output { json: args.global.json, quiet: args.global.quiet };
            (output, dispatch(&args, output))
        }
        Err(error) => (
            Output { json: arguments.iter().any(|a| a == "--json"), quiet: false },
            not_a_command(&error, &arguments),
        ),
    };
    match output::written(done) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn dispatch(args: &Args, output: Output) -> Result<(), Failure> {
    let global = &args.global;
    match &args.command {
        Command::Activate(args) => activate::run(global, args, output),
        Command::Deactivate => deactivate::run(global, output),
        Command::Status => status::run(global, output),
        Command::Verify(args) => verify::run(global, args, output),
        Command::Fingerprint => fingerprint::run(global, output),
        Command::Heartbeat(args) => heartbeat::run(global, args, output),
        Command::Request(args) => request::run(global, args, output),
        Command::Import(args) => import::run(global, args, output),
        Command::Manifest { command } => manifest::run(global, command, output),
        Command::Doctor(args) => doctor::run(global, args, &variables(), output),
        Command::Completions { shell } => {
            manual::completions(*shell);
            Ok(())
        }
        Command::Man { output: folder } => manual::pages(folder, output),
    }
}

/// Where programs of this user keep state.
#[expect(clippy::disallowed_methods, reason = "this is the program's entry")]
fn states_folder() -> Option<PathBuf> {
    let path = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        return path("LOCALAPPDATA");
    }
    path("XDG_STATE_HOME").or_else(|| path("HOME").map(|home| home.join(".local/state")))
}

/// What the environment says to programs of the vendor's.
#[expect(clippy::disallowed_methods, reason = "this is the program's entry")]
fn variables() -> Variables {
    const PROXIES: [&str; 6] =
        ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    let is_set = |name: &&'static str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    Variables {
        license_key: std::env::var_os("SEALGATE_LICENSE_KEY"),
        proxies: PROXIES.into_iter().filter(is_set).collect(),
    }
}

/// Help and version come here too; both are answers, not mistakes.
fn not_a_command(error: &clap::Error, arguments: &[OsString]) -> Result<(), Failure> {
    let text = error.render().to_string();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        sealgate_terminal::raw(text.as_bytes());
        return Ok(());
    }
    let paragraph: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    let message = match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a verb is missing".to_owned(),
        _ => without_keys(paragraph.strip_prefix("error: ").unwrap_or(&paragraph), arguments),
    };
    Err(Failure::new(Code::MalformedRequest, message)
        .fix("`sglic --help` lists the verbs, `sglic VERB --help` lists what a verb takes"))
}

/// A license key that stands where none belongs is not repeated.
fn without_keys(text: &str, arguments: &[OsString]) -> String {
    let texts = arguments.iter().filter_map(|argument| argument.to_str());
    let words = texts.flat_map(|text| [Some(text), text.split_once('=').map(|(_, value)| value)]).flatten();
    let keys = words.filter(|word| LicenseKey::parse(word).is_ok());
    keys.fold(text.to_owned(), |text, key| text.replace(key, "KEY"))
}
