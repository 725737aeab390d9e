//! `cargo xtask bench NAME`: builds the program under measurement, then hands over to the benches' own workspace.

use crate::workspace::Workspace;
use harness::failure::Result;
use harness::postgres::Postgres;
use harness::process;

/// The bench that also builds other people's libraries, which takes minutes.
const WITH_PEERS: &str = "verify-peers";
/// The bench that stands beside another library, and where that one's program is. It is told by this variable.
const BESIDE: (&str, &str, &str) = ("activate", "tools/bench/zlicenser", "BENCH_ZLICENSER");
/// The profile that is measured: the one operators build.
const MEASURED: &str = "dist";

/// Which figure, and what its bench wants to be told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// On two databases of a PostgreSQL of the run's own; for `scale` and `million`
    #[arg(long)]
    postgres: bool,
    /// The figure's name
    name: String,
    /// Passed on to the bench
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Builds the program and runs the bench with its path in `SEALGATE_BIN`.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    process::run(&mut workspace.cargo(["build", "--profile", MEASURED, "--package", "sealgate-cli"]))?;
    let mut bench = workspace.cargo(["run", "--release", "--manifest-path", "tools/bench/Cargo.toml"]);
    if options.name == WITH_PEERS {
        bench.args(["--features", "peers"]);
    }
    let (beside, place, variable) = BESIDE;
    if options.name == beside {
        let other = Workspace::at(&workspace.root().join(place))?;
        // Its SQLite as its makers build it, not as `.cargo/config.toml` says for ours.
        process::run(other.cargo(["build", "--release"]).env("LIBSQLITE3_FLAGS", ""))?;
        bench.env(variable, other.target().join("release/bench-zlicenser"));
    }
    bench.arg("--").arg(&options.name).args(&options.rest);
    let postgres = options.postgres.then(Postgres::start).transpose()?;
    if let Some(postgres) = &postgres {
        bench.arg("--databases");
        for name in ["many", "few"] {
            bench.arg(postgres.create_database(name)?);
        }
    }
    process::run(bench.env("SEALGATE_BIN", workspace.binary(MEASURED)))
}
