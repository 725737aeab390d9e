//! What each stage of `cargo xtask test` does.

use super::provision;
use super::room;
use super::tally::Tally;
use crate::node;
use crate::python;
use crate::torture;
use crate::workspace::Workspace;
use harness::failure::{Failure, Result};
use harness::postgres::Postgres;
use harness::process;
use std::process::Command;

/// What the stages share.
pub(super) struct Run<'a> {
    workspace: &'a Workspace,
    postgres: Option<Postgres>,
    /// Test results counted so far.
    pub(super) tally: Tally,
}

impl<'a> Run<'a> {
    /// Nothing started, nothing counted.
    pub(super) fn new(workspace: &'a Workspace) -> Self {
        Self { workspace, postgres: None, tally: Tally::default() }
    }

    /// The run's own server, started when first asked for and stopped when the run ends.
    fn postgres(&mut self) -> Result<&Postgres> {
        let running = match self.postgres.take() {
            Some(running) => running,
            None => Postgres::start()?,
        };
        Ok(self.postgres.insert(running))
    }

    /// A cargo command that finds the database and the Python of this run.
    fn cargo_test<const N: usize>(&mut self, arguments: [&str; N]) -> Result<Command> {
        let url = self.postgres()?.url("postgres");
        let mut command = self.workspace.cargo(arguments);
        command.env("SEALGATE_TEST_PG", url).env("SEALGATE_TEST_PYTHON", python::interpreter(self.workspace));
        command.env("SEALGATE_TEST_NODE_PACKAGES", node::packages(self.workspace));
        // The summaries are read back, so they must be plain.
        command.env("CARGO_TERM_COLOR", "never");
        Ok(command)
    }
}

pub(super) fn provision(run: &mut Run) -> Result<()> {
    room::make(run.workspace)?;
    provision::provision(run.workspace)
}

pub(super) fn tidy(run: &mut Run) -> Result<()> {
    crate::tidy::check(run.workspace)
}

pub(super) fn fmt(run: &mut Run) -> Result<()> {
    process::run(&mut run.workspace.cargo(["fmt", "--all", "--check"]))
}

pub(super) fn clippy(run: &mut Run) -> Result<()> {
    process::run(&mut run.workspace.cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

pub(super) fn tests(run: &mut Run) -> Result<()> {
    let (nextest_well, output) =
        process::tee(&mut run.cargo_test(["nextest", "run", "--workspace", "--no-fail-fast"])?)?;
    let nextest = Tally::of_nextest(&output);
    let (docs_well, output) = process::tee(&mut run.cargo_test(["test", "--workspace", "--doc"])?)?;
    let docs = Tally::of_libtest(&output);

    run.tally += nextest;
    run.tally += docs;
    if nextest.total() == 0 {
        return Err(Failure::new("no test was run"));
    }
    if nextest_well && docs_well && nextest.failed + docs.failed == 0 {
        return Ok(());
    }
    Err(Failure::new(format!("unit and integration tests: {nextest}; documentation tests: {docs}")))
}

pub(super) fn codegen(run: &mut Run) -> Result<()> {
    crate::codegen::verify(run.workspace)
}

pub(super) fn conformance(run: &mut Run) -> Result<()> {
    // One test is one language over one set of questions.
    let passed = crate::conformance::run(run.workspace, &crate::conformance::Options::default())?;
    run.tally += Tally { passed, failed: 0 };
    Ok(())
}

pub(super) fn release_build(run: &mut Run) -> Result<()> {
    process::run(&mut run.workspace.cargo(["build", "--release", "--package", "sealgate-cli"]))
}

pub(super) fn demo(run: &mut Run) -> Result<()> {
    let (well, output) = process::tee(Command::new(run.workspace.release_binary()).args(["demo", "--exit"]))?;
    run.tally += Tally::of_program(&output, well);
    if well { Ok(()) } else { Err(Failure::new("the demo did not end well")) }
}

/// Each torture in its short form.
pub(super) fn torture(run: &mut Run) -> Result<()> {
    for name in ["crash", "clock", "stop", "failover", "full", "founding", "slow", "thief"] {
        let outcome = process::run(torture::command(run.workspace).args([name, "--short"]));
        run.tally += Tally::of_program("", outcome.is_ok());
        outcome?;
    }
    Ok(())
}
