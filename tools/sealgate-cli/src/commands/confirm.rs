//! Asking a person before something that cannot be taken back.

use std::io::{BufRead, IsTerminal, Write};

use sealgate_artifact::Code;

use crate::failure::Failure;
use crate::output::harmless;

/// Asks a person. Nobody there to ask: refused, for the reason `unasked`.
pub(crate) fn confirm(question: &str, unasked: &str) -> Result<(), Failure> {
    let refused = |message: &str| Err(Failure::new(Code::ConfigInvalid, message).fix("add --yes"));
    if !std::io::stdin().is_terminal() {
        return refused(unasked);
    }
    eprint!("{} [y/N] ", harmless(question));
    let mut answer = String::new();
    let read = std::io::stderr().flush().and_then(|()| std::io::stdin().lock().read_line(&mut answer));
    match (read, answer.trim()) {
        (Ok(_), "y" | "yes") => Ok(()),
        _ => refused("not confirmed"),
    }
}
