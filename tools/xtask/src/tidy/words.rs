//! Words that no committed Rust text holds, and names that no file carries.

use super::Finding;
use super::categories::{Category, category};
use super::tree::{Source, Tree};

// Split, so that this table does not find itself.
const UNFINISHED: &[&str] =
    &[concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!("), concat!("#[", "ignore")];
const SLEEPS: &[&str] = &[concat!("thread::", "sleep"), concat!("time::", "sleep")];

/// They say nothing about what is inside, so everything ends up there.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "manager", "managers"];

/// Unfinished work, sleeping tests, empty names.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let names = tree.paths.iter().filter_map(|path| check_name(path));
    names.chain(tree.sources.iter().flat_map(check_source)).collect()
}

fn check_name(path: &str) -> Option<Finding> {
    let empty = path.split('/').map(stem).find(|name| EMPTY_NAMES.contains(name))?;
    Some(Finding::new(path, 1, format!("the name `{empty}` says nothing; name what it holds")))
}

fn stem(name: &str) -> &str {
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

fn check_source(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut in_tests = category(&source.path) == Some(Category::Tests);
    for (index, line) in source.text.lines().enumerate() {
        // Test modules stand at the end of their file.
        in_tests |= line.trim_start().starts_with("#[cfg(test)]");
        let mut found = |message: String| findings.push(Finding::new(&source.path, index + 1, message));
        if let Some(word) = first(UNFINISHED, line) {
            found(format!("`{word}` is not committed"));
        }
        if let Some(word) = first(SLEEPS, line).filter(|_| in_tests) {
            found(format!("`{word}` in a test: time is injected, nobody sleeps"));
        }
    }
    findings
}

fn first<'a>(words: &[&'a str], line: &str) -> Option<&'a str> {
    words.iter().copied().find(|word| line.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn every_unfinished_word_is_found_everywhere() {
        for word in UNFINISHED {
            assert_eq!(count("core/sealgate-trust/src/lib.rs", &format!("fn f() {{ {word} }}")), 1, "{word}");
        }
    }

    #[test]
    fn sleeping_is_found_in_tests_only() {
        for word in SLEEPS {
            let line = format!("    {word}(x);");
            assert_eq!(count("server/sealgate-http/tests/it/main.rs", &line), 1, "{word}");
            assert_eq!(
                count("core/sealgate-trust/src/lib.rs", &format!("#[cfg(test)]\nmod tests {{\n{line}\n}}")),
                1
            );
            assert_eq!(count("tools/xtask/src/main.rs", &line), 0);
        }
    }

    #[test]
    fn empty_names_are_found_in_files_and_folders() {
        assert_eq!(count("core/sealgate-trust/src/utils.rs", ""), 1);
        assert_eq!(count("server/sealgate-http/tests/common/mod.rs", ""), 1);
        assert_eq!(count("server/sealgate-http/src/manager.rs", ""), 1);
        assert_eq!(count("core/sealgate-trust/src/commonality.rs", ""), 0);
    }
}
