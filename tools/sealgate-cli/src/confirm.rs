//! Asking a person before something is done that needs a decision.

use std::io::{BufRead, IsTerminal, Write};

use sealgate_artifact::Code;

use crate::failure::Failure;
use crate::output::{harmless, lines_without_steering};

/// The same about something that one must have seen to answer. It is shown where the question is asked, and whenever it is: however quiet
/// the program is to be, and wherever its results go.
pub(crate) fn confirm_seen(seen: &str, question: &str, why: &str) -> Result<(), Failure> {
    // Where nothing can be shown, the question cannot be asked either.
    let _ = writeln!(std::io::stderr().lock(), "{}", lines_without_steering(seen));
    confirm(question, why)
}

/// Goes on only if a person says yes to the question. With nobody there to ask it is refused, for that reason.
pub(crate) fn confirm(question: &str, why: &str) -> Result<(), Failure> {
    let refused = |message: String| Err(Failure::new(Code::ConfigInvalid, message).fix("add --yes"));
    if !std::io::stdin().is_terminal() {
        return refused(format!("{why}, and there is no terminal to confirm it"));
    }
    eprint!("{} [y/N] ", harmless(question));
    let mut answer = String::new();
    let read = std::io::stderr().flush().and_then(|()| std::io::stdin().lock().read_line(&mut answer));
    match (read, answer.trim()) {
        (Ok(_), "y" | "yes") => Ok(()),
        _ => refused("not confirmed".to_owned()),
    }
}
