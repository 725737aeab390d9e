//! From arguments to an exit code.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use sealgate_artifact::Code;
use sealgate_server::config::LogFormat;
use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::args::{Args, Command, Environment, KeysCommand};
use crate::commands::{
    access, activation, app, audit, config, credits, customer, device, doctor, events, inspect, job, keys,
    license, login, manifest, manual, offline, plan, release, serve, server, tenant, token, verify,
};
use crate::demo;
use crate::failure::Failure;
use crate::log::{self, Log};
use crate::output::Output;
use crate::unwritten;

/// Runs the program with these arguments, its own name first.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.collect();
    // Where the signal cannot be taken, it ends the program as ever.
    let _ = sealgate_terminal::outlive_long_files();
    let args = match Args::try_parse_from(&arguments) {
        Ok(mut args) => {
            args.global.settings = settings_folder();
            args.global.environment = environment();
            args
        }
        Err(error) => return not_a_command(error, &arguments),
    };
    let log = start_log(&args);
    let output = Output { json: args.global.json, quiet: args.global.quiet };
    let done = unwritten::failure(dispatch(&args, &output));
    drop(log);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Where programs of this user keep settings.
#[expect(clippy::disallowed_methods, reason = "this is the program's entry")]
fn settings_folder() -> Option<PathBuf> {
    let path = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    path("XDG_CONFIG_HOME").or_else(|| path("HOME").map(|home| home.join(".config")))
}

#[expect(clippy::disallowed_methods, reason = "this is the program's entry")]
fn environment() -> Environment {
    let text = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    Environment {
        url: text("SEALGATE_URL"),
        profile: text("SEALGATE_PROFILE"),
        has_token: text("SEALGATE_TOKEN").is_some(),
        has_data: text("SEALGATE_DATA").is_some(),
    }
}

/// Help and version come here too; both are answers, not mistakes.
fn not_a_command(error: clap::Error, arguments: &[OsString]) -> ExitCode {
    let json = arguments.iter().any(|argument| argument == "--json");
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let failure = usage(&error);
    if json && !asked {
        Output { json, quiet: false }.failure(&failure);
    } else {
        let printed = with_plain_usage(error, arguments).print();
        if let (true, Err(error)) = (asked, printed) {
            sealgate_terminal::note(&error);
        }
    }
    if !asked {
        return ExitCode::from(failure.exit_code());
    }
    match unwritten::failure(Ok(())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            Output { json, quiet: false }.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// The usage of the verb that was meant. The parser's own also names what came from the environment, as if it had to be given.
fn with_plain_usage(mut error: clap::Error, arguments: &[OsString]) -> clap::Error {
    if error.get(ContextKind::Usage).is_none() {
        return error;
    }
    let mut command = Args::command();
    command.build();
    let mut meant = &mut command;
    for name in arguments.iter().skip(1) {
        if meant.find_subcommand(name).is_some() {
            meant = meant.find_subcommand_mut(name).expect("it was found");
        }
    }
    error.insert(ContextKind::Usage, ContextValue::StyledStr(meant.render_usage()));
    error
}

/// The first paragraph of what a person would read.
fn usage(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let paragraph: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    let message = match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a verb is missing",
        _ => paragraph.strip_prefix("error: ").unwrap_or(&paragraph),
    };
    Failure::new(Code::MalformedRequest, message)
        .fix("`sealgate --help` lists the verbs, `sealgate VERB --help` lists what a verb takes")
}

fn dispatch(args: &Args, output: &Output) -> Result<(), Failure> {
    let global = &args.global;
    match &args.command {
        Command::Serve(serve) => serve::run(global, serve, output),
        Command::Demo(demo) => demo::run(demo, output),
        Command::Login => login::login(global, output),
        Command::Logout => login::logout(global, output),
        Command::Profile { command } => login::profile(global, command, output),
        Command::Server { command } => server::run(global, command, output),
        Command::Offline { command } => offline::run(global, command, output),
        Command::Job { command } => job::run(global, command, output),
        Command::Tenant { command } => tenant::run(global, command, output),
        Command::Token { command } => token::run(global, command, output),
        Command::App { command } => app::run(global, command, output),
        Command::Plan { command } => plan::run(global, command, output),
        Command::Customer { command } => customer::run(global, command, output),
        Command::License { command } => license::run(global, command, output),
        Command::Release { command } => release::run(global, command, output),
        Command::Manifest { command } => manifest::run(global, command, output),
        Command::Device { command } => device::run(global, command, output),
        Command::Activation { command } => activation::run(global, command, output),
        Command::Access { command } => access::run(global, command, output),
        Command::Credits { command } => credits::run(global, command, output),
        Command::Events(args) => events::run(global, args, output),
        Command::Audit { command } => audit::run(global, command, output),
        Command::Keys { command } => match command {
            KeysCommand::List(part) => keys::list(global, part, output),
            KeysCommand::Share(args) => keys::share(global, args, output),
            KeysCommand::RenewSessions { passphrase_file } => {
                keys::renew_sessions(global, passphrase_file.as_deref(), output)
            }
            KeysCommand::Export(args) => keys::export(global, args, output),
            KeysCommand::Rotate { key_use } => keys::rotate(global, key_use.as_str(), output),
            KeysCommand::Revoke(args) => keys::revoke(global, args, output),
        },
        Command::Inspect(args) => inspect::run(args, output),
        Command::Verify(verify) => verify::run(verify, output),
        Command::Doctor(_) => doctor::run(global, output),
        Command::CheckConfig(args) => config::check(&args.file, output),
        Command::Completions { shell } => {
            manual::completions(*shell);
            Ok(())
        }
        Command::Man { output: folder } => manual::pages(folder, output),
    }
}

/// Logs go to standard error, so that standard output stays what was asked for.
fn start_log(args: &Args) -> Log {
    let level = match (args.global.quiet, args.global.verbose) {
        (true, _) => "error",
        (false, 0) => "warn,sealgate=info",
        (false, 1) => "info,sealgate_http=debug,sealgate_server=debug,sealgate_cli=debug",
        (false, _) => "info,sealgate=debug,hyper=debug,rustls=debug,ureq=debug",
    };
    let wanted: Targets = level.parse().expect("each of the four lists above is well formed");
    // A name stands for all that begin with it. The database's driver says nothing: what it reads and gets may be secret,
    // and what matters of it comes back as an error.
    let wanted = wanted.with_target("sqlx", LevelFilter::OFF);
    log::start(wanted, args.global.json || log_format(args) == Some(LogFormat::Json))
}

/// As `serve` is configured. A configuration that cannot be used is reported by the verb itself.
fn log_format(args: &Args) -> Option<LogFormat> {
    let Command::Serve(serve) = &args.command else { return None };
    Some(serve.sources(args.global.config.as_deref()).ok()?.config().ok()?.log)
}
