//! The files of a program beside the list in a proof.

use std::path::{Path, PathBuf};

use sealgate::Module;
use sealgate_artifact::Code;
use serde_json::Value;

use super::manifest;
use crate::failure::{self, Failure};

/// `tests/it/stripped.rs` tries it.
const STRIPPING: &str = "GNU `strip` keeps what a file says of itself, `llvm-strip` removes it unless told --strip-debug or \
                         --strip-unneeded, and after either it is another file: the vendor strips before it publishes";

/// The files below a folder, and how they stand to the list.
pub(crate) struct Compared {
    root: PathBuf,
    files: Vec<(Module, Standing)>,
    /// What the list names, and is not there.
    missing: Vec<Module>,
}

/// How a file stands to the list.
enum Standing {
    Listed,
    /// The list has a file of this name, which says this much of itself.
    Changed {
        listed_version: Option<String>,
    },
    Unlisted,
}

impl Compared {
    pub(crate) fn of(root: &Path, listed: &[Module]) -> Result<Self, Failure> {
        let mut found = manifest::modules_below(root)?;
        found.sort();
        let missing = listed.iter().filter(|module| found.iter().all(|file| file.name != module.name));
        let missing = missing.cloned().collect();
        let files = found.into_iter().map(|module| {
            let standing = Standing::of(&module, listed);
            (module, standing)
        });
        Ok(Self { root: root.to_owned(), files: files.collect(), missing })
    }

    /// How many files there are, if the list names all of them; else `unapproved_module`, with each that it does not name.
    pub(crate) fn all_listed(&self) -> Result<usize, Failure> {
        let wrong = || self.files.iter().filter(|(_, standing)| !matches!(standing, Standing::Listed));
        let count = wrong().count();
        if count == 0 {
            return Ok(self.files.len());
        }
        let (of, root) = (self.files.len(), self.root.display());
        let message = format!(
            "{count} of {of} programs and libraries below {root} are not in the list of the proof, nor of a release"
        );
        let mut failure = Failure::new(Code::UnapprovedModule, message).fix(format!(
            "Use the files as the vendor published them. After an update, or for a build of your own: `sglic manifest collect --root {root}`, \
             then `sglic activate --key - --manifest manifest.json`. What the vendor did not approve is named, and waits with the vendor."
        ));
        failure.lines.extend(wrong().map(|(module, standing)| standing.line(module)));
        Err(failure.with("modules", wrong().map(|(module, _)| failure::module(module)).collect()))
    }

    /// What else there is to say, a line each: none of it is a fault.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let names = |modules: Vec<&Module>| modules.iter().map(|m| &*m.name).collect::<Vec<_>>().join(", ");
        let silent = self.files.iter().map(|(module, _)| module).filter(|module| module.version.is_none());
        let (silent, missing) = (names(silent.collect()), names(self.missing.iter().collect()));
        let mut remarks = vec![];
        if !silent.is_empty() {
            remarks.push(format!("say no version of themselves: {silent}"));
        }
        if !silent.is_empty() || self.files.iter().any(|(_, s)| matches!(s, Standing::Changed { .. })) {
            remarks.push(STRIPPING.to_owned());
        }
        if !missing.is_empty() {
            remarks.push(format!("in the list, and not here: {missing}"));
        }
        remarks
    }

    /// Each file, for programs.
    pub(crate) fn json(&self) -> Vec<Value> {
        let told = |module: &Module, is: &str| {
            let mut told = failure::module(module);
            told["is"] = is.into();
            told
        };
        let files = self.files.iter().map(|(module, standing)| told(module, standing.word()));
        files.chain(self.missing.iter().map(|module| told(module, "missing"))).collect()
    }
}

impl Standing {
    fn of(module: &Module, listed: &[Module]) -> Self {
        if listed.contains(module) {
            return Self::Listed;
        }
        match listed.iter().find(|listed| listed.name == module.name) {
            Some(listed) => Self::Changed { listed_version: listed.version.clone() },
            None => Self::Unlisted,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Changed { .. } => "changed",
            Self::Unlisted => "unlisted",
        }
    }

    fn line(&self, module: &Module) -> String {
        format!("{}: {}", failure::module_line(module), self.reason(module))
    }

    /// A guess at what was done to the file, from what it says of itself.
    fn reason(&self, module: &Module) -> String {
        match self {
            Self::Listed => "in the list".to_owned(),
            Self::Unlisted => "the list has no file of this name".to_owned(),
            Self::Changed { listed_version: None } => "other bytes than the listed file".to_owned(),
            Self::Changed { listed_version: Some(version) } => match &module.version {
                Some(same) if same == version => {
                    format!(
                        "other bytes than the listed file, and it says version {version} still: was it stripped?"
                    )
                }
                Some(other) => format!("another version than the listed {version}: {other}"),
                None => format!(
                    "it says no version, and the listed file says {version}: was it built again, or stripped?"
                ),
            },
        }
    }
}
