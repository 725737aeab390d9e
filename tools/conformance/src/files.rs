//! Vectors as files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::cases::{self, Case, introduction};
use crate::{Artifact, Vector};

/// Written by hand; explains the format.
const BY_HAND: &str = "README.md";

/// A file that is not what the tool would write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// It is not there.
    Missing(PathBuf),
    /// It has another content.
    Changed(PathBuf),
    /// Nothing writes it.
    Stray(PathBuf),
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "missing: {}", path.display()),
            Self::Changed(path) => write!(f, "changed: {}", path.display()),
            Self::Stray(path) => write!(f, "stray: {}", path.display()),
        }
    }
}

/// Writes every vector below `root` and removes what nothing writes. Returns the number of files.
pub fn generate(root: &Path) -> io::Result<usize> {
    let files = wanted();
    for difference in compare(root, &files)? {
        match difference {
            Difference::Stray(path) => fs::remove_file(root.join(path))?,
            Difference::Missing(path) | Difference::Changed(path) => {
                let target = root.join(&path);
                fs::create_dir_all(target.parent().expect("inside the root"))?;
                fs::write(target, &files[&path])?;
            }
        }
    }
    Ok(files.len())
}

/// What below `root` is not as the tool would write it.
pub fn verify(root: &Path) -> io::Result<Vec<Difference>> {
    compare(root, &wanted())
}

/// Every vector below `root` with its path and its expected line.
pub fn read_all(root: &Path) -> io::Result<Vec<(PathBuf, Vector, String)>> {
    let mut vectors = vec![];
    for path in present(root)?.into_iter().filter(|path| path.extension().is_some_and(|e| e == "json")) {
        let vector = serde_json::from_slice(&fs::read(root.join(&path))?)?;
        let expected = fs::read_to_string(root.join(path.with_extension("expected")))?;
        vectors.push((path, vector, expected.trim_end().to_owned()));
    }
    Ok(vectors)
}

fn compare(root: &Path, files: &BTreeMap<PathBuf, String>) -> io::Result<Vec<Difference>> {
    let present = present(root)?;
    let mut differences = vec![];
    for (path, text) in files {
        if !present.contains(path) {
            differences.push(Difference::Missing(path.clone()));
        } else if fs::read(root.join(path))? != text.as_bytes() {
            differences.push(Difference::Changed(path.clone()));
        }
    }
    let stray = present.into_iter().filter(|path| !files.contains_key(path) && path != Path::new(BY_HAND));
    differences.extend(stray.map(Difference::Stray));
    Ok(differences)
}

/// Every file below `root`, by path from there, in order.
fn present(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = vec![root.to_owned()];
    let mut files = vec![];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path().strip_prefix(root).expect("found below it").to_owned());
            }
        }
    }
    files.sort();
    Ok(files)
}

fn wanted() -> BTreeMap<PathBuf, String> {
    let cases = cases::all();
    let mut files = BTreeMap::new();
    for case in &cases {
        let stem = Path::new(case.artifact.folder()).join(case.side()).join(&case.name);
        let json = serde_json::to_string_pretty(&case.vector).expect("a vector is plain data");
        put(&mut files, stem.with_extension("json"), json + "\n");
        put(&mut files, stem.with_extension("expected"), format!("{}\n", case.expected));
    }
    for artifact in Artifact::ALL {
        put(&mut files, Path::new(artifact.folder()).join("README.md"), readme(artifact, &cases));
    }
    files
}

fn put(files: &mut BTreeMap<PathBuf, String>, path: PathBuf, text: String) {
    let shown = path.display().to_string();
    assert!(files.insert(path, text).is_none(), "two cases want to be {shown}");
}

fn readme(artifact: Artifact, cases: &[Case]) -> String {
    let section = |side: &str| {
        let rows = cases.iter().filter(|case| case.artifact == artifact && case.side() == side);
        let rows: String = rows.map(row).collect();
        format!("## {side}\n\n| vector | expected | shows |\n|---|---|---|\n{rows}")
    };
    let head = format!("# {}\n\n{}\n", artifact.folder(), introduction(artifact));
    [head, section("valid"), section("invalid")].join("\n")
}

fn row(case: &Case) -> String {
    // The ids behind an `ok` are in the file.
    let expected = case.expected.split(' ').next().expect("split gives at least one part");
    format!("| `{}` | `{expected}` | {} |\n", case.name, case.vector.shows)
}
