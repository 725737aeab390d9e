//! Asking a person before something is done that needs a decision.

use std::io::{IsTerminal, Write};

use sealgate_artifact::Code;
use sealgate_terminal::{lines_without_steering, says_yes};

use crate::failure::Failure;
use crate::output::Output;

/// Whether somebody said yes beforehand, and whether anybody can be asked: nobody is where a program reads the result.
#[derive(Clone, Copy)]
pub(crate) struct Consent {
    yes: bool,
    json: bool,
}

impl Consent {
    pub(crate) fn new(yes: bool, output: &Output) -> Self {
        Self { yes, json: output.json }
    }

    /// Whether the question is answered already.
    pub(crate) fn is_given(self) -> bool {
        self.yes
    }

    /// Goes on only if a person says yes to the question. With nobody there to ask it is refused, for that reason.
    pub(crate) fn ask(self, question: &str, why: &str) -> Result<(), Failure> {
        self.ask_seen(|| Ok(String::new()), question, why)
    }

    /// The same about something that one must have seen to answer. It is shown where the question is asked, and whenever it is:
    /// however quiet the program is to be, and wherever its results go.
    pub(crate) fn ask_seen(
        self,
        seen: impl FnOnce() -> Result<String, Failure>,
        question: &str,
        why: &str,
    ) -> Result<(), Failure> {
        let refused =
            |nobody: &str| Failure::new(Code::ConfigInvalid, format!("{why}, and {nobody}")).fix("add --yes");
        if self.yes {
            return Ok(());
        }
        if self.json {
            return Err(refused("with --json nobody is asked"));
        }
        let seen = seen()?;
        if !seen.is_empty() {
            // Where nothing can be shown, the question cannot be asked either.
            let _ = writeln!(std::io::stderr().lock(), "{}", lines_without_steering(&seen));
        }
        if !std::io::stdin().is_terminal() {
            return Err(refused("there is no terminal to confirm it"));
        }
        if says_yes(question) { Ok(()) } else { Err(Failure::declined()) }
    }
}
