//! Asking a person for a line.

use std::io::{BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use sealgate_artifact::Code;
use sealgate_terminal::harmless;

use crate::failure::Failure;

/// Whether there is somebody to ask.
pub(crate) fn is_possible() -> bool {
    std::io::stdin().is_terminal()
}

/// A line.
pub(crate) fn line(question: &str) -> Result<String, Failure> {
    let asked = write!(std::io::stderr().lock(), "{} ", harmless(question));
    let read = asked.and_then(|()| std::io::stderr().flush()).and_then(|()| first_line());
    read.map_err(|e| unreadable(&e))
}

/// A line that is not shown while it is typed. Where the terminal would show it, nobody is asked.
pub(crate) fn hidden_line(question: &str) -> Result<String, Failure> {
    let hidden = Hidden::begin().map_err(|e| unreadable(&e.into()))?;
    let typed = line(question);
    drop(hidden);
    // Nobody is left to tell when this fails.
    let _ = writeln!(std::io::stderr().lock());
    typed
}

/// The first line of standard input, without blanks around it.
pub(crate) fn first_line() -> std::io::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::new(Code::FileUnreadable, format!("the terminal: {error}"))
}

/// A terminal that does not show what is typed, until this goes.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> rustix::io::Result<Self> {
        let before = tcgetattr(std::io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        // What was typed before nobody was asked for is not an answer.
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Nobody is left to tell when this fails.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
    }
}
