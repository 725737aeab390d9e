//! Running the program to its end.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sealgate_testkit::program::{faketime, finish_within, start};
use serde_json::Value;

/// The program under test.
pub(crate) const SEALGATE: &str = env!("CARGO_BIN_EXE_sealgate");

/// Only a broken program needs longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(45);

/// The program with these arguments, and nothing in its environment.
pub(crate) fn sealgate(arguments: &[&str]) -> Command {
    let mut command = Command::new(SEALGATE);
    command.env_clear().args(arguments).stdin(Stdio::null());
    command
}

/// The same so many days from now, as in `+31d`, or at a time, as in `@2027-01-15 08:00:00`.
pub(crate) fn sealgate_at(time: &str, arguments: &[&str]) -> Command {
    let mut command = sealgate(arguments);
    command.env("LD_PRELOAD", faketime()).env("FAKETIME", time);
    command
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Standard output of a run that ended well and complained of nothing.
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.exit, &*self.stderr), (Some(0), ""), "{self:?}");
        self.stdout
    }

    /// The same as JSON.
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).expect("JSON")
    }

    /// The failure that a run with `--json` reported: `code`, `message`, and nothing else but `fix` and `request_id`.
    pub(crate) fn refused(self, exit: i32, code: &str) -> Value {
        assert_eq!((self.exit, &*self.stdout), (Some(exit), ""), "{self:?}");
        let failure: Value = serde_json::from_str(&self.stderr).unwrap_or_else(|e| panic!("{e}: {self:?}"));
        assert_eq!(failure["code"], code, "{self:?}");
        for (name, value) in failure.as_object().expect("an object") {
            assert!(["code", "message", "fix", "request_id"].contains(&&**name), "{self:?}");
            assert!(value.as_str().is_some_and(|text| !text.is_empty()), "{self:?}");
        }
        assert!(failure["message"].is_string(), "{self:?}");
        failure
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Outcome {
    finish(start(command))
}

/// The same with something on standard input.
pub(crate) fn run_with_input(command: &mut Command, input: &str) -> Outcome {
    let mut child = start(command.stdin(Stdio::piped()));
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads");
    finish(child)
}

/// A program that should have ended, and serves instead, fails the test and does not stop it.
fn finish(child: Child) -> Outcome {
    let output =
        finish_within(child, PATIENCE).unwrap_or_else(|output| panic!("it does not end: {output:?}"));
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Outcome { exit: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
