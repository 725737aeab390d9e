//! `cargo xtask mutants`: breaks the rules and what verifies, one change at a time, and runs their tests: which changes no test sees.

use crate::workspace::Workspace;
use harness::failure::{Doing, Failure, Result};
use harness::process;
use serde::Deserialize;
use std::path::Path;
use std::process::Command;

/// What is broken, and whose tests judge it.
struct Judged {
    name: &'static str,
    /// The crates whose tests run, as arguments of `cargo mutants`.
    tests: &'static [&'static str],
    /// What `cargo test` gets.
    chosen: &'static [&'static str],
}

/// What decides and what verifies. The other crates of the core read and write formats, which the vectors judge.
const CRATES: [Judged; 2] = [
    Judged {
        name: "sealgate-rules",
        tests: &["--test-package=sealgate-rules"],
        chosen: &["--lib", "--test=*"],
    },
    // The vectors say what must be believed. Left out is what writes or reads files of the repository, and what takes long without
    // asking for more than the vectors do.
    Judged {
        name: "sealgate-trust",
        tests: &["--test-package=sealgate-trust", "--test-package=conformance"],
        chosen: &[
            "--lib",
            "--test=it",
            "--",
            "--skip=a_stray",
            "--skip=the_files_are",
            "--skip=clauses::",
            "--skip=mutations::",
            "--skip=a_flipped",
        ],
    },
];

/// How many of a hundred changes the tests must see.
const WANTED: usize = 85;

/// How `cargo mutants` ends after a whole run: everything was seen, something was not, a test did not end.
const COMPLETE: [i32; 3] = [0, 2, 3];

/// On a busy machine a test takes long. Only one that never ends has noticed something.
const PATIENCE: &str = "--minimum-test-timeout=240";

/// For the tests: a crate is built again for each change, and nobody reads how a property failed.
const ENVIRONMENT: [(&str, &str); 3] = [
    ("CARGO_INCREMENTAL", "1"),
    ("PROPTEST_MAX_SHRINK_ITERS", "0"),
    ("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true"),
];

/// What to break.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Passed on to `cargo mutants`, such as `--file core/sealgate-rules/src/heartbeat.rs`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Runs `cargo mutants`, which this project does not build and no stage of the tests needs. What it found is in `mutants/CRATE/mutants.out`,
/// in the target folder.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if !process::succeeds(&mut workspace.cargo(["mutants", "--version"])) {
        return Err(Failure::new(
            "cargo-mutants is not installed; run `cargo install --locked cargo-mutants`",
        ));
    }
    let mut too_few = vec![];
    for judged in &CRATES {
        let folder = workspace.target().join("mutants").join(judged.name);
        let outcomes = folder.join("mutants.out/outcomes.json");
        let before = modified(&outcomes);
        std::fs::create_dir_all(&folder).doing(format_args!("make {}", folder.display()))?;
        let status =
            command(workspace, judged, &folder, &options.rest).status().doing("start cargo mutants")?;
        if !status.code().is_some_and(|code| COMPLETE.contains(&code)) {
            return Err(Failure::new(format!("cargo mutants ended with {status}")));
        }
        // With `--list` nothing is broken.
        if modified(&outcomes) == before {
            continue;
        }
        let found = Found::read(&outcomes)?;
        println!("{}: {found}", judged.name);
        if !found.is_enough() {
            too_few.push(judged.name);
        }
    }
    if too_few.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("fewer than {WANTED} % were caught of {}", too_few.join(" and "))))
}

fn command(workspace: &Workspace, judged: &Judged, folder: &Path, rest: &[String]) -> Command {
    let mut mutants = workspace.cargo(["mutants", PATIENCE, "--package", judged.name, "--output"]);
    mutants.arg(folder).args(judged.tests).args(rest).arg("--").args(judged.chosen).envs(ENVIRONMENT);
    mutants
}

fn modified(outcomes: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(outcomes).and_then(|found| found.modified()).ok()
}

/// How many changes were seen. One after which a test never ends is seen, too. One that does not compile says nothing.
#[derive(Deserialize)]
struct Found {
    caught: usize,
    timeout: usize,
    missed: usize,
    unviable: usize,
}

impl Found {
    fn read(outcomes: &Path) -> Result<Self> {
        let what = format!("read {}", outcomes.display());
        let text = std::fs::read_to_string(outcomes).doing(&what)?;
        serde_json::from_str(&text).doing(&what)
    }

    fn seen(&self) -> usize {
        self.caught + self.timeout
    }

    fn viable(&self) -> usize {
        self.seen() + self.missed
    }

    fn is_enough(&self) -> bool {
        self.seen() * 100 >= self.viable() * WANTED
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (seen, viable) = (self.seen(), self.viable());
        let tenths = (seen * 1000).checked_div(viable).unwrap_or(1000);
        write!(f, "{seen} of {viable} were caught ({}.{} %), ", tenths / 10, tenths % 10)?;
        write!(f, "{} of them by a test that did not end; {} do not compile", self.timeout, self.unviable)
    }
}

#[cfg(test)]
mod tests {
    use super::Found;

    #[test]
    fn what_does_not_compile_counts_for_nothing_and_a_test_without_end_as_seen() {
        let found = |caught, missed| Found { caught, timeout: 1, missed, unviable: 50 };
        assert!(found(84, 15).is_enough() && !found(83, 16).is_enough() && found(0, 0).is_enough());
        assert_eq!(
            found(84, 15).to_string(),
            "85 of 100 were caught (85.0 %), 1 of them by a test that did not end; 50 do not compile"
        );
    }
}
