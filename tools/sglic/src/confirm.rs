//! Asking a person before something is done that cannot be taken back at will.

use std::io::{BufRead, IsTerminal, Write};

use sealgate_artifact::Code;

use crate::args::Global;
use crate::failure::Failure;
use crate::output::harmless;

/// Goes on only if a person says yes to the question. With nobody there to ask it is refused, for that reason.
pub(crate) fn ask(global: &Global, question: &str, why: &str) -> Result<(), Failure> {
    if global.yes {
        return Ok(());
    }
    let refused = |nobody: &str| {
        Err(Failure::new(Code::ConfigInvalid, format!("{why}, and {nobody}")).fix("add --yes"))
    };
    if global.json {
        return refused("with --json nobody is asked");
    }
    if !std::io::stdin().is_terminal() {
        return refused("there is no terminal to confirm it");
    }
    let asked = write!(std::io::stderr().lock(), "{} [y/N] ", harmless(question));
    let mut answer = String::new();
    let asked = asked.and_then(|()| std::io::stderr().flush());
    let read = asked.and_then(|()| std::io::stdin().lock().read_line(&mut answer));
    let is_yes = ["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes));
    if read.is_ok() && is_yes { Ok(()) } else { Err(Failure::declined()) }
}
