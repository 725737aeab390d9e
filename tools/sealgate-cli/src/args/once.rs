//! A request by name.

use clap::Args as ClapArgs;

/// Of what shows something only once.
#[derive(ClapArgs)]
pub(crate) struct OnceArgs {
    /// A name for this very request: within a week, the same command with the same token does it once, and shows the same again
    /// [default: a random one]
    #[arg(long, value_name = "NAME")]
    pub(crate) idempotency_key: Option<String>,
}
