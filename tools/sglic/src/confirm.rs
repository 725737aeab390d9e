//! Asking a person before something is done that cannot be taken back at will.

use std::io::IsTerminal;

use sealgate_artifact::Code;
use sealgate_terminal::says_yes;

use crate::args::Global;
use crate::failure::Failure;

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
    if says_yes(question) { Ok(()) } else { Err(Failure::declined()) }
}
