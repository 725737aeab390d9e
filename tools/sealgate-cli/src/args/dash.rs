//! `-` stands for standard input and output in every verb that takes a license or a file.

use clap::{Arg, Command, CommandFactory};

use super::Args;

/// Values that name a license, a file, or what may be one.
const NAMES: [&str; 4] = ["KEY", "FILE", "JSON", "DIR"];

/// Where `-` names nothing, and why.
const EXEMPT: [(&str, &str); 12] = [
    ("config", "it is read before anything else, and by several parts of the program"),
    ("data", "a directory"),
    ("passphrase_file", "a secret has a file of its own; /dev/stdin is read, too"),
    ("license import output", "standard output has the report, and what is in the file is added to"),
    ("license import rejects", "standard output has the report"),
    ("keys share output", "a directory"),
    ("man output", "a directory"),
    ("release publish output", "a directory"),
    ("release publish files", "a module is called as its file is"),
    ("release mark output", "a directory"),
    ("release mark files", "a module is called as its file is"),
    ("manifest submit files", "a module is called as its file is"),
];

fn arguments(command: &Command, path: &str, found: &mut Vec<(String, Arg)>) {
    for arg in command.get_arguments() {
        found.push((format!("{path} {}", arg.get_id()).trim().to_owned(), arg.clone()));
    }
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        arguments(verb, format!("{path} {}", verb.get_name()).trim(), found);
    }
}

#[test]
fn every_license_and_file_can_be_a_dash() {
    let mut command = Args::command();
    command.build();
    let mut found = vec![];
    arguments(&command, "", &mut found);
    let takes = |arg: &Arg| {
        let names = arg.get_value_names().into_iter().flatten();
        arg.get_action().takes_values() && names.into_iter().any(|name| NAMES.contains(&name.as_str()))
    };
    let exempt = |name: &str, arg: &Arg| {
        EXEMPT.iter().any(|(other, _)| *other == name || *other == arg.get_id().as_str())
    };
    let mut seen = 0;
    for (name, arg) in found.iter().filter(|(_, arg)| takes(arg)) {
        seen += 1;
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let says = help.split_whitespace().any(|word| word == "-" || word == "@-");
        assert_eq!(says, !exempt(name, arg), "{name}: {help}");
    }
    assert!(seen > 30, "{seen}");
    for (name, why) in EXEMPT {
        let is_there = found.iter().any(|(path, arg)| path == name || arg.get_id() == name);
        assert!(is_there && !why.is_empty(), "{name}");
    }
}
