//! How each language's program is built and started.

use crate::python;
use crate::workspace::Workspace;
use harness::failure::{Doing, Failure, Result};
use harness::process;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A language with a verification primitive.
pub(super) struct Language {
    pub(super) name: &'static str,
    build: fn(&Workspace) -> Result<Vec<String>>,
}

/// Every language, ours first.
pub(super) const LANGUAGES: [Language; 6] = [
    Language { name: "rust", build: rust },
    Language { name: "python", build: python_program },
    Language { name: "node", build: node },
    Language { name: "go", build: go },
    Language { name: "cpp", build: cpp },
    Language { name: "csharp", build: csharp },
];

impl Language {
    /// Builds the program where the language needs that; returns the words that start it.
    pub(super) fn program(&self, workspace: &Workspace) -> Result<Vec<String>> {
        (self.build)(workspace)
    }
}

fn rust(workspace: &Workspace) -> Result<Vec<String>> {
    process::run(&mut workspace.cargo(["build", "--quiet", "--package", "conformance"]))?;
    Ok(words([workspace.target().join("debug").join("conformance")]))
}

fn python_program(workspace: &Workspace) -> Result<Vec<String>> {
    let interpreter = python::interpreter(workspace);
    if !interpreter.exists() {
        return Err(Failure::new("no Python environment; `cargo xtask test --only provision` makes one"));
    }
    Ok(words([interpreter, "-B".into(), sources(workspace, "python").join("conformance.py")]))
}

fn node(workspace: &Workspace) -> Result<Vec<String>> {
    needs("node", "--version", "nodejs")?;
    Ok(words(["node".into(), sources(workspace, "node").join("conformance.mjs")]))
}

fn go(workspace: &Workspace) -> Result<Vec<String>> {
    needs("go", "version", "golang-go")?;
    let (sources, out) = (sources(workspace, "go"), output(workspace, "go")?);
    let program = out.join("conformance");
    let mut command = Command::new("go");
    // The standard library is all it needs, so it builds without a network.
    command.args(["build", "-o"]).arg(&program).arg(".").current_dir(sources);
    command.env("GOCACHE", out.join("cache")).env("GOPATH", out.join("path"));
    process::run(command.env("GOFLAGS", "-mod=mod").env("GOPROXY", "off"))?;
    Ok(words([program]))
}

fn cpp(workspace: &Workspace) -> Result<Vec<String>> {
    needs("g++", "--version", "g++")?;
    let program = output(workspace, "cpp")?.join("conformance");
    let mut command = Command::new("g++");
    command.args(["-std=c++17", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o"]).arg(&program);
    process::run(command.args(files(&sources(workspace, "cpp"), "cpp")?).arg("-lsodium"))?;
    Ok(words([program]))
}

fn csharp(workspace: &Workspace) -> Result<Vec<String>> {
    needs("mcs", "--version", "mono-mcs")?;
    needs("mono", "--version", "mono-runtime")?;
    let program = output(workspace, "csharp")?.join("conformance.exe");
    let mut command = Command::new("mcs");
    command.args(["-warnaserror", "-r:System.Core"]).arg(format!("-out:{}", program.display()));
    process::run(command.args(files(&sources(workspace, "csharp"), "cs")?))?;
    Ok(words(["mono".into(), program]))
}

fn needs(program: &str, question: &str, package: &str) -> Result<()> {
    if process::succeeds(Command::new(program).arg(question)) {
        return Ok(());
    }
    Err(Failure::new(format!("{program} is missing; as root: apt-get install {package}")))
}

fn sources(workspace: &Workspace, language: &str) -> PathBuf {
    workspace.root().join("verifiers").join(language)
}

/// What is built lies in cargo's target folder, never among the sources.
fn output(workspace: &Workspace, language: &str) -> Result<PathBuf> {
    let folder = workspace.target().join("conformance").join(language);
    std::fs::create_dir_all(&folder).doing(format_args!("make {}", folder.display()))?;
    Ok(folder)
}

/// The source files of that ending, in order.
fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).doing(format_args!("read {}", folder.display()))?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|e| e == ending)).collect();
    files.sort();
    Ok(files)
}

fn words<const N: usize>(paths: [PathBuf; N]) -> Vec<String> {
    paths.map(|path| path.display().to_string()).to_vec()
}
