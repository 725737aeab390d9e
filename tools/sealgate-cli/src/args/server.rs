//! The server and its configuration.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser, ValueParser};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args as ClapArgs, Command, FromArgMatches, Subcommand};
use sealgate_server::config::{self, ConfigError, Key, Source, Sources};

use super::PartArgs;

/// The flags of `serve`, made from the table of configuration keys.
#[derive(Default)]
pub(crate) struct ServeArgs {
    given: Vec<(Source, &'static Key, Vec<OsString>)>,
}

impl ServeArgs {
    /// Flags and variables, over a configuration file if there is one.
    pub(crate) fn sources(&self, file: Option<&Path>) -> Result<Sources, ConfigError> {
        let mut sources = file.map_or_else(|| Ok(Sources::default()), Sources::of_file)?;
        for (source, key, texts) in &self.given {
            sources.add(*source, key, texts).expect("each text was checked as an argument");
        }
        Ok(sources)
    }
}

impl ClapArgs for ServeArgs {
    fn augment_args(command: Command) -> Command {
        config::keys().filter(|key| !key.is_global).filter_map(argument).fold(command, Command::arg)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ServeArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut args = Self::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for key in config::keys().filter(|key| key.flag.is_some()) {
            let source = match matches.value_source(key.name) {
                Some(ValueSource::CommandLine) => Source::Flag,
                Some(ValueSource::EnvVariable) => Source::Environment,
                _ => continue,
            };
            let texts: Vec<OsString> =
                matches.get_raw(key.name).into_iter().flatten().map(ToOwned::to_owned).collect();
            // The flags for every verb are parsed elsewhere; here they are only looked at.
            if let Some(Err(why)) = texts.iter().map(|text| key.check(text)).find(Result::is_err) {
                return Err(clap::Error::raw(ErrorKind::ValueValidation, format!("{}: {why}\n", key.name)));
            }
            self.given.push((source, key, texts));
        }
        Ok(())
    }
}

/// A key as an argument, if it has a flag.
fn argument(key: &'static Key) -> Option<Arg> {
    let (flag, value) = key.flag?;
    let arg = Arg::new(key.name)
        .long(flag)
        .value_name(value)
        .help(format!("{} [default: {}]", key.meaning, key.default))
        .action(if key.is_repeatable { ArgAction::Append } else { ArgAction::Set })
        .hide_env_values(key.is_secret)
        .value_parser(parser(key));
    Some(match key.variable {
        Some(variable) => arg.env(variable),
        None => arg,
    })
}

fn parser(key: &'static Key) -> ValueParser {
    if key.is_secret {
        // What it refuses would be repeated. It is checked with the others, once all are known.
        OsStringValueParser::new().into()
    } else if key.choices.is_empty() {
        OsStringValueParser::new().try_map(|text| key.check(&text).map(|()| text)).into()
    } else {
        PossibleValuesParser::new(key.choices).into()
    }
}

#[derive(Subcommand)]
pub(crate) enum ServerCommand {
    /// List license servers, first those that were approved or revoked
    List(PartArgs),
    /// Approve a license server at the origins that it reports: it gets a certificate, and clients then accept its answers
    Approve {
        /// The server's id, as shown by `server list`
        server_id: String,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Revoke a server: its certificates are withdrawn, and clients learn to refuse its key
    Revoke {
        /// The server's id, as shown by `server list`
        server_id: String,
        /// The reason, for your own records
        #[arg(long, value_name = "R")]
        reason: Option<String>,
    },
    /// Say that a server's clock is right, after it was set; give that server's own address
    AcceptClock(AcceptClockArgs),
}

#[derive(Subcommand)]
pub(crate) enum JobCommand {
    /// List the jobs: how often each runs, its last run, what came of it, and when it is due
    List(PartArgs),
}

#[derive(ClapArgs)]
pub(crate) struct AcceptClockArgs {
    /// Do not ask for confirmation
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(ClapArgs)]
pub(crate) struct DoctorArgs {
    /// Check a running server; no token is needed
    #[arg(long, required = true)]
    pub(crate) server: bool,
}

#[derive(ClapArgs)]
pub(crate) struct DemoArgs {
    /// Exit after the last step instead of keeping the server running
    #[arg(long)]
    pub(crate) exit: bool,
    /// Where the demo's server listens; at an address that stands for all, such as 0.0.0.0, only programs of this machine accept
    /// what it answers
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
}

#[derive(ClapArgs)]
pub(crate) struct CheckConfigArgs {
    /// The TOML file, as given to `serve --config`; - reads standard input
    pub(crate) file: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use sealgate_server::config;

    use crate::args::Args;

    /// The global ones are declared beside the other flags for every verb.
    #[test]
    fn serve_takes_every_key_that_has_a_flag_or_a_variable() {
        let mut command = Args::command();
        command.build();
        let serve = command.find_subcommand("serve").expect("there is one");
        for key in config::keys() {
            let arg = serve.get_arguments().find(|arg| arg.get_id() == key.name);
            let flag = arg.and_then(|arg| arg.get_long());
            let variable = arg.and_then(|arg| arg.get_env()).and_then(|name| name.to_str());
            assert_eq!((flag, variable), (key.flag.map(|(flag, _)| flag), key.variable), "{}", key.name);
        }
    }
}
