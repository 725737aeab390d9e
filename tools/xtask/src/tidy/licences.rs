//! Every dependency's license against the allow list of `deny.toml`, without any tool to install.

use super::Finding;
use crate::workspace::Workspace;
use harness::failure::{Doing, Failure, Result};
use std::fs;
use toml::Table;

/// Reads the allow list and judges every package of the dependency tree.
pub(super) fn check_workspace(workspace: &Workspace) -> Result<Vec<Finding>> {
    let read =
        |name: &str| fs::read_to_string(workspace.root().join(name)).doing(format_args!("read {name}"));
    let allowed = allow_list(&read("deny.toml")?)?;
    let lock = read("Cargo.lock")?;
    let packages = workspace.metadata.packages.iter();
    Ok(packages
        .filter_map(|package| {
            let message = breach(&package.name, package.license.as_deref(), &allowed)?;
            Some(Finding::at("Cargo.lock", &lock, &format!("name = \"{}\"", package.name), message))
        })
        .collect())
}

fn allow_list(text: &str) -> Result<Vec<String>> {
    let table: Table = text.parse().doing("read deny.toml")?;
    let list =
        table.get("licenses").and_then(|licenses| licenses.get("allow")).and_then(toml::Value::as_array);
    let list = list.ok_or_else(|| Failure::new("deny.toml has no [licenses] allow list"))?;
    Ok(list.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect())
}

fn breach(package: &str, license: Option<&str>, allowed: &[String]) -> Option<String> {
    let Some(license) = license else { return Some(format!("{package} names no license")) };
    match Expression::of(license, allowed).judge() {
        Some(true) => None,
        Some(false) => Some(format!("{package}: no allowed license in `{license}`")),
        None => Some(format!("{package}: cannot read the license `{license}`")),
    }
}

/// A license expression being read: `OR` binds weaker than `AND`, `WITH` belongs to its license, and the old `/` is `OR`.
struct Expression<'a> {
    words: std::iter::Peekable<std::vec::IntoIter<String>>,
    allowed: &'a [String],
}

impl<'a> Expression<'a> {
    fn of(text: &str, allowed: &'a [String]) -> Self {
        let spaced = text.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
        let words: Vec<String> = spaced.split_whitespace().map(str::to_owned).collect();
        Self { words: words.into_iter().peekable(), allowed }
    }

    /// Whether the allow list satisfies it; nothing if it is not an expression.
    fn judge(mut self) -> Option<bool> {
        let satisfied = self.alternatives()?;
        self.words.next().is_none().then_some(satisfied)
    }

    fn alternatives(&mut self) -> Option<bool> {
        let mut satisfied = self.conjunction()?;
        while self.skip("OR") {
            satisfied |= self.conjunction()?;
        }
        Some(satisfied)
    }

    fn conjunction(&mut self) -> Option<bool> {
        let mut satisfied = self.license()?;
        while self.skip("AND") {
            satisfied &= self.license()?;
        }
        Some(satisfied)
    }

    fn license(&mut self) -> Option<bool> {
        if self.skip("(") {
            let satisfied = self.alternatives()?;
            return self.skip(")").then_some(satisfied);
        }
        let mut name =
            self.words.next().filter(|word| !["OR", "AND", "WITH", ")"].contains(&word.as_str()))?;
        if self.skip("WITH") {
            name = format!("{name} WITH {}", self.words.next()?);
        }
        Some(self.allowed.contains(&name))
    }

    fn skip(&mut self, word: &str) -> bool {
        self.words.next_if(|next| next == word).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(text: &str) -> Option<bool> {
        let allowed = ["MIT", "ISC", "Apache-2.0"].map(str::to_owned);
        Expression::of(text, &allowed).judge()
    }

    #[test]
    fn expressions_that_the_list_satisfies() {
        for text in
            ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-3.0", "ISC AND (GPL-3.0 OR MIT)", "GPL-3.0 AND BSL-1.0 OR ISC"]
        {
            assert_eq!(judge(text), Some(true), "{text}");
        }
    }

    #[test]
    fn expressions_that_it_does_not() {
        for text in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR ISC) AND GPL-3.0",
            "Apache-2.0 WITH LLVM-exception",
            "mit",
        ] {
            assert_eq!(judge(text), Some(false), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_expression_is_no_permission() {
        for text in ["", "MIT OR", "(MIT", "MIT)", "MIT ISC", "OR MIT"] {
            assert_eq!(judge(text), None, "{text}");
        }
    }

    #[test]
    fn a_package_without_license_or_with_a_forbidden_one_is_found() {
        let allowed = allow_list("[licenses]\nallow = [\"MIT\"]").unwrap();
        assert!(breach("good", Some("MIT"), &allowed).is_none());
        assert!(breach("bare", None, &allowed).is_some());
        assert!(breach("copyleft", Some("AGPL-3.0"), &allowed).is_some());
        assert!(allow_list("[licenses]").is_err());
    }
}
