//! Whether a person wrote a value on the command line, or the environment has it.

use clap::parser::ValueSource;
use clap::{ArgMatches, Args as ClapArgs, Command, FromArgMatches};

/// Who says something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum By {
    /// A flag.
    #[default]
    Flag,
    /// An environment variable.
    Environment,
}

/// What the environment says of server and token, also where a flag says something else this time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    pub(crate) url: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) has_token: bool,
    pub(crate) has_data: bool,
}

/// Who says which of the values that name a server and a token. It has no arguments of its own: it looks at those of
/// [`Global`](super::Global).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Given {
    pub(crate) url: By,
    pub(crate) token: By,
    pub(crate) profile: By,
    pub(crate) data: By,
    pub(crate) proxy: By,
}

impl ClapArgs for Given {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let by = |id: &str| match matches.value_source(id) {
            Some(ValueSource::EnvVariable) => By::Environment,
            _ => By::Flag,
        };
        Ok(Self {
            url: by("url"),
            token: by("token"),
            profile: by("profile"),
            data: by("data"),
            proxy: by("proxy"),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
