//! How the project's programs speak with a person at a terminal.
//!
//! It must never print text that came from elsewhere as it is: such text could steer the terminal.

mod output;
mod question;
mod signals;
mod text;

pub use output::{line, note, raw, unwritten};
pub use question::says_yes;
pub use signals::{listen, outlive_long_files};
pub use text::{after_colon, harmless, json, lines_without_steering};
