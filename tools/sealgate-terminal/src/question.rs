//! Questions to a person, on standard error: results go to standard output.

use std::io::{BufRead, Write};

use crate::harmless;

/// Asks, and waits for an answer. Where the question cannot be asked, the answer is no.
pub fn says_yes(question: &str) -> bool {
    let asked = write!(std::io::stderr().lock(), "{} [y/N] ", harmless(question));
    let mut answer = String::new();
    let asked = asked.and_then(|()| std::io::stderr().flush());
    let read = asked.and_then(|()| std::io::stdin().lock().read_line(&mut answer));
    read.is_ok() && is_yes(&answer)
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes))
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn yes_is_yes_in_any_case() {
        for yes in ["y", "Y", "yes", "YES", " Yes \r\n"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n", "no", "yy", "yes!", "ja"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
