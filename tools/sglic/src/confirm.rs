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
    if global.json {
        return Err(refused(why, "with --json nobody is asked"));
    }
    somebody_is_there(why)?;
    if says_yes(question) { Ok(()) } else { Err(Failure::declined()) }
}

/// Refuses where nobody can be asked.
pub(crate) fn somebody_is_there(why: &str) -> Result<(), Failure> {
    if std::io::stdin().is_terminal() {
        return Ok(());
    }
    Err(refused(why, "there is no terminal to confirm it"))
}

fn refused(why: &str, nobody: &str) -> Failure {
    Failure::new(Code::ConfigInvalid, format!("{why}, and {nobody}")).fix("add --yes")
}
