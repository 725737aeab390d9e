//! What a language's program answers.

use super::questions::Set;
use harness::failure::{Doing, Result};
use harness::process;

/// Answers to the inputs of every set, in their order.
pub(super) fn ask(program: &[String], mode: &str, sets: &[&Set]) -> Result<Vec<Vec<String>>> {
    let inputs: Vec<&str> = sets.iter().flat_map(|set| &set.inputs).map(String::as_str).collect();
    let lines = inputs.join("\n") + "\n";
    let mut command = process::of_words(program);
    let output = process::fed(command.arg(mode), lines.into_bytes())?;
    let mut answers = output.lines().map(str::to_owned);
    let taken: Vec<Vec<String>> =
        sets.iter().map(|set| answers.by_ref().take(set.inputs.len()).collect()).collect();
    Ok(taken)
}

/// The answer to one file. One whose exit code contradicts it is no answer.
pub(super) fn verify(program: &[String], input: &str) -> Result<String> {
    let (root, file) = input.split_once(' ').unwrap_or((input, ""));
    let mut command = process::of_words(program);
    let output =
        command.args(["verify", "--root", root, file]).output().doing("start a language's program")?;
    let answer = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    match (answer.starts_with("ok "), output.status.code()) {
        (true, Some(0)) | (false, Some(1)) => Ok(answer),
        (_, code) => Ok(format!("{answer} with exit code {code:?}")),
    }
}
