//! Whether every language gives the same verdicts: `cargo xtask conformance`.

mod answers;
mod languages;
mod questions;
mod table;

use crate::workspace::Workspace;
use harness::failure::{Doing, Failure, Result};
use harness::process;
use languages::{LANGUAGES, Language};
use std::path::PathBuf;
use table::{Column, Table};

/// Which languages, over what.
#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Only this language; may be given several times
    #[arg(long, value_name = "NAME")]
    language: Vec<String>,
    /// Judge the lines `PUBHEX MSGHEX SIGHEX` of this file instead of the vectors and the project's own points
    #[arg(long, value_name = "FILE")]
    ed25519: Option<PathBuf>,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
    /// Hand these to the program of the one chosen language instead: `-- verify --root PUB FILE`
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

/// Builds every chosen language's program, asks all of them everything, and prints one table. Returns how many pairs of
/// language and set there were.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<u64> {
    let languages = chosen(&options.language)?;
    let programs = languages
        .iter()
        .map(|language| Ok((language.name, language.program(workspace)?)))
        .collect::<Result<Vec<_>>>()?;
    if !options.arguments.is_empty() {
        return pass_on(&programs, &options.arguments);
    }
    let sets = match &options.ed25519 {
        Some(file) => vec![questions::of_file(file)?],
        None => questions::all(workspace)?,
    };
    let columns = programs
        .iter()
        .map(|(name, program)| Column::asked(name, program, &sets))
        .collect::<Result<Vec<_>>>()?;
    let table = Table { sets: &sets, columns: &columns };
    if options.json {
        println!("{}", table.to_json());
    } else {
        table.print();
    }
    println!("{} passed, {} failed", table.passed(), table.failed());
    match table.failed() {
        0 => Ok((sets.len() * columns.len()) as u64),
        _ => Err(Failure::new("the languages do not all give the right verdicts")),
    }
}

fn chosen(names: &[String]) -> Result<Vec<&'static Language>> {
    if names.is_empty() {
        return Ok(LANGUAGES.iter().collect());
    }
    let known = LANGUAGES.map(|language| language.name).join(", ");
    let find = |name: &String| LANGUAGES.iter().find(|language| language.name == name);
    let missing = |name| Failure::new(format!("no language '{name}'; the languages are: {known}"));
    names.iter().map(|name| find(name).ok_or_else(|| missing(name))).collect()
}

fn pass_on(programs: &[(&str, Vec<String>)], arguments: &[String]) -> Result<u64> {
    let [(name, program)] = programs else {
        return Err(Failure::new("choose one language with --language for arguments of your own"));
    };
    let status = process::of_words(program)
        .args(arguments)
        .status()
        .doing(format_args!("start the {name} program"))?;
    // The program's own exit code is its answer.
    std::process::exit(status.code().unwrap_or(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_language_is_named_with_those_there_are() {
        let failure = chosen(&["cobol".to_owned()]).err().expect("refused").to_string();
        assert!(failure.contains("cobol") && failure.contains("csharp"), "{failure}");
        assert_eq!(chosen(&[]).expect("all").len(), 6);
    }
}
