//! The project's own commands, run as `cargo xtask NAME`.
//!
//! Never part of the product: nothing that ships may depend on this crate.
#![expect(
    clippy::disallowed_methods,
    reason = "this program drives processes, reads the source tree and times its stages; it holds no rule of the product"
)]

mod architecture;
mod bench;
mod codegen;
mod conformance;
mod mutants;
mod node;
mod python;
mod test;
mod tidy;
mod torture;
mod workspace;

use crate::workspace::Workspace;
use clap::{Parser, Subcommand};
use harness::failure::Result;
use std::process::ExitCode;

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything a change must pass, from provisioning to kill -9
    Test(test::Options),
    /// The rules of the house that a compiler does not know
    Tidy(tidy::Options),
    /// The real program on its bad days; `cargo xtask torture --help` lists them
    #[command(disable_help_flag = true)]
    Torture(torture::Options),
    /// Whether all six languages give the same verdicts
    Conformance(conformance::Options),
    /// Writes the committed files that are made from the code
    Codegen(codegen::Options),
    /// One figure of the measures, against its limit, in one run
    Bench(bench::Options),
    /// Which changes of the rules no test sees; slow, and needs cargo-mutants
    Mutants(mutants::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let workspace = Workspace::load()?;
    match command {
        Command::Test(options) => test::run(&workspace, &options),
        Command::Tidy(options) => tidy::run(&workspace, &options),
        Command::Torture(options) => torture::run(&workspace, &options),
        Command::Conformance(options) => conformance::run(&workspace, &options).map(drop),
        Command::Codegen(options) => codegen::run(&workspace, &options),
        Command::Bench(options) => bench::run(&workspace, &options),
        Command::Mutants(options) => mutants::run(&workspace, &options),
    }
}
