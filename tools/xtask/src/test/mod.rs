//! `cargo xtask test`: everything a change must pass, in order, stopping at the first stage that fails.

mod provision;
mod room;
mod stages;
mod tally;

use crate::workspace::Workspace;
use harness::failure::{Failure, Result};
use stages::Run;
use std::time::{Duration, Instant};

/// The table of contents.
const STAGES: [Stage; 10] = [
    Stage { name: "provision", action: stages::provision },
    Stage { name: "tidy", action: stages::tidy },
    Stage { name: "fmt", action: stages::fmt },
    Stage { name: "clippy", action: stages::clippy },
    Stage { name: "tests", action: stages::tests },
    Stage { name: "codegen", action: stages::codegen },
    Stage { name: "conformance", action: stages::conformance },
    Stage { name: "release build", action: stages::release_build },
    Stage { name: "demo", action: stages::demo },
    Stage { name: "torture", action: stages::torture },
];

struct Stage {
    name: &'static str,
    action: fn(&mut Run) -> Result<()>,
}

/// Which stages; all without options.
#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Start at this stage
    #[arg(long, value_name = "STAGE", conflicts_with = "only")]
    from: Option<String>,
    /// Run this stage alone
    #[arg(long, value_name = "STAGE")]
    only: Option<String>,
}

/// Runs the stages and prints their times and the sum of their test results.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let mut run = Run::new(workspace);
    let mut times = Vec::new();
    let mut outcome = Ok(());
    for stage in chosen(options)? {
        println!("\n== {} ==", stage.name);
        let start = Instant::now();
        outcome = (stage.action)(&mut run);
        times.push((stage.name, start.elapsed()));
        println!("== {}: {:.1} s ==", stage.name, start.elapsed().as_secs_f64());
        if let Err(failure) = outcome {
            outcome = Err(Failure::new(format!("stage '{}' failed: {failure}", stage.name)));
            break;
        }
    }
    print_times(&times);
    // A stage without counted tests can fail too; the last line must not then read as a success.
    let tally = if outcome.is_err() { run.tally.at_least_one_failed() } else { run.tally };
    println!("{tally}");
    outcome
}

fn chosen(options: &Options) -> Result<&'static [Stage]> {
    let position = |name: &str| {
        let names = STAGES.map(|stage| stage.name).join(", ");
        STAGES
            .iter()
            .position(|stage| stage.name == name)
            .ok_or_else(|| Failure::new(format!("no stage '{name}'; the stages are: {names}")))
    };
    match (&options.from, &options.only) {
        (Some(from), _) => Ok(&STAGES[position(from)?..]),
        (None, Some(only)) => position(only).map(|at| &STAGES[at..=at]),
        (None, None) => Ok(&STAGES),
    }
}

fn print_times(times: &[(&str, Duration)]) {
    println!("\n{:<16}{:>9}", "stage", "seconds");
    for (name, time) in times {
        println!("{name:<16}{:>9.1}", time.as_secs_f64());
    }
    let total: Duration = times.iter().map(|(_, time)| *time).sum();
    println!("{:<16}{:>9.1}\n", "all", total.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(options: &Options) -> Vec<&'static str> {
        chosen(options).unwrap().iter().map(|stage| stage.name).collect()
    }

    #[test]
    fn from_and_only_choose_stages_and_an_unknown_name_is_refused() {
        assert_eq!(names(&Options::default()).len(), STAGES.len());
        assert_eq!(names(&Options { from: Some("demo".into()), only: None }), ["demo", "torture"]);
        assert_eq!(names(&Options { from: None, only: Some("fmt".into()) }), ["fmt"]);
        assert!(chosen(&Options { from: Some("dmo".into()), only: None }).is_err());
    }
}
