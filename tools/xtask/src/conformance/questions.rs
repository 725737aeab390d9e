//! What the languages are asked: every vector, and test points for the signature rule.

use crate::workspace::Workspace;
use harness::failure::{Doing, Failure, Result};
use harness::process;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Questions of one kind, a row of the table.
#[derive(Default)]
pub(super) struct Set {
    pub(super) name: String,
    /// The program's mode that answers them.
    pub(super) mode: &'static str,
    /// One line each.
    pub(super) inputs: Vec<String>,
    /// The right answers; empty where only agreement is asked.
    pub(super) expected: Vec<String>,
    /// Which of them a language may leave to others.
    pub(super) may_skip: Vec<bool>,
}

impl Set {
    fn put(&mut self, input: String, expected: String, may_skip: bool) {
        self.inputs.push(input);
        self.expected.push(expected);
        self.may_skip.push(may_skip);
    }
}

/// Every vector, by folder, and every test point, by set.
pub(super) fn all(workspace: &Workspace) -> Result<Vec<Set>> {
    let mut sets = vectors(&workspace.root().join("vectors"))?;
    sets.extend(points(workspace)?);
    sets.push(contents(workspace)?);
    sets.push(files(workspace)?);
    match sets.iter().find(|set| set.inputs.is_empty()) {
        Some(empty) => Err(Failure::new(format!("nothing to ask in '{}'", empty.name))),
        None => Ok(sets),
    }
}

/// The lines of a file of somebody else's: only agreement is asked.
pub(super) fn of_file(file: &Path) -> Result<Set> {
    let text = std::fs::read_to_string(file).doing(format_args!("read {}", file.display()))?;
    let inputs: Vec<String> =
        text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    if inputs.is_empty() {
        return Err(Failure::new(format!("{}: no line", file.display())));
    }
    Ok(Set { name: file.display().to_string(), mode: "ed25519", inputs, ..Set::default() })
}

fn vectors(root: &Path) -> Result<Vec<Set>> {
    let mut sets = Vec::new();
    for folder in listing(root)?.into_iter().filter(|path| path.is_dir()) {
        for side in ["valid", "invalid"] {
            let name = folder.strip_prefix(root).unwrap_or(&folder).join(side).display().to_string();
            let mut set = Set { name, mode: "vectors", ..Set::default() };
            let side = folder.join(side);
            // A folder may have nothing that is accepted.
            let files = if side.exists() { listing(&side)? } else { continue };
            for file in files.into_iter().filter(|file| file.extension().is_some_and(|e| e == "json")) {
                put_vector(&mut set, &file)?;
            }
            sets.push(set);
        }
    }
    Ok(sets)
}

fn put_vector(set: &mut Set, file: &Path) -> Result<()> {
    let read = |path: &Path| std::fs::read_to_string(path).doing(format_args!("read {}", path.display()));
    let question: Value =
        serde_json::from_str(&read(file)?).doing(format_args!("read {}", file.display()))?;
    let expected = read(&file.with_extension("expected"))?;
    // Primitives verify the statements that they know; they remember nothing and ask no server (`verifiers/README.md`).
    let known = ["envelope", "chain", "signatures", "keys", "trust-file"];
    let is_beyond = question["check"].as_str().is_none_or(|check| !known.contains(&check));
    set.put(
        file.display().to_string(),
        expected.trim_end().to_owned(),
        is_beyond || question.get("accepted").is_some(),
    );
    Ok(())
}

/// Lines `SET ok|no PUBHEX MSGHEX SIGHEX` of the vectors' own program.
fn points(workspace: &Workspace) -> Result<Vec<Set>> {
    let lines = process::capture(&mut workspace.cargo([
        "run",
        "--quiet",
        "--package",
        "conformance",
        "--",
        "points",
    ]))?;
    let mut sets: BTreeMap<String, Set> = BTreeMap::new();
    for line in lines.lines() {
        let mut words = line.splitn(3, ' ');
        let (Some(name), Some(verdict), Some(point)) = (words.next(), words.next(), words.next()) else {
            return Err(Failure::new(format!("not a test point: {line}")));
        };
        let name = format!("points/{name}");
        let set = sets.entry(name.clone()).or_insert(Set { name, mode: "ed25519", ..Set::default() });
        set.put(point.to_owned(), verdict.to_owned(), false);
    }
    Ok(sets.into_values().collect())
}

/// What the licenses of the vectors grant. A line is `PATH ANSWER`.
fn contents(workspace: &Workspace) -> Result<Set> {
    let mut set = Set { name: "contents".to_owned(), mode: "contents", ..Set::default() };
    let arguments = ["run", "--quiet", "--package", "conformance", "--", "contents", "--expected"];
    for line in process::capture(&mut workspace.cargo(arguments))?.lines() {
        let parts = line.find(" ok ").map(|at| line.split_at(at));
        let (path, answer) =
            parts.ok_or_else(|| Failure::new(format!("not the contents of a license: {line}")))?;
        set.put(path.to_owned(), answer.trim_start().to_owned(), false);
    }
    Ok(set)
}

/// Files that hold today, for the mode `verify`. A line is `ROOT FILE ANSWER`.
fn files(workspace: &Workspace) -> Result<Set> {
    let folder = workspace.target().join("conformance").join("files");
    // From the last run, perhaps with other names.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).doing(format_args!("make {}", folder.display()))?;
    let mut command = workspace.cargo(["run", "--quiet", "--package", "conformance", "--", "files"]);
    let mut set = Set { name: "files".to_owned(), mode: "verify", ..Set::default() };
    for line in process::capture(command.arg(&folder))?.lines() {
        let mut words = line.splitn(3, ' ');
        let (Some(root), Some(file), Some(answer)) = (words.next(), words.next(), words.next()) else {
            return Err(Failure::new(format!("not a file to verify: {line}")));
        };
        set.put(format!("{root} {file}"), answer.to_owned(), false);
    }
    Ok(set)
}

fn listing(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let entries = std::fs::read_dir(folder).doing(format_args!("read {}", folder.display()))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    Ok(paths)
}
