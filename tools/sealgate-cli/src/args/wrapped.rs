//! Help is wrapped to the terminal's width, so no paragraph of it has line breaks of its own.

use clap::{Command, CommandFactory};

use super::Args;

#[test]
fn paragraphs_of_the_help_are_one_line() {
    check(&Args::command());
}

fn check(command: &Command) {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines: Vec<&str> = help.lines().collect();
    let is_text = |line: &str| !line.is_empty() && !line.starts_with(' ');
    for pair in lines.windows(2) {
        assert!(!is_text(pair[0]) || !is_text(pair[1]), "{}: {}", command.get_name(), pair[0]);
    }
    command.get_subcommands().for_each(check);
}
