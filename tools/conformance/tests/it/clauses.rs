//! Comments quote clauses of `spec/` and sections of `docs/design.md`; what is quoted must be there.

use std::path::{Path, PathBuf};

#[test]
fn every_clause_that_the_code_quotes_is_in_the_spec() {
    let (root, sources) = sources();
    let (mut quoted, mut missing) = (0, vec![]);
    for source in sources {
        let text = std::fs::read_to_string(&source).expect("a source is readable");
        for (page, clause) in quotes(&text) {
            quoted += 1;
            let spec = std::fs::read_to_string(root.join(page)).unwrap_or_default();
            if !has_clause(&spec, clause) {
                let source = source.strip_prefix(&root).expect("below the root").display();
                missing.push(format!("{source}: {page} §{clause}"));
            }
        }
    }
    assert!(quoted > 50, "only {quoted} quotes found");
    assert!(missing.is_empty(), "quoted, but not in the spec:\n{}", missing.join("\n"));
}

#[test]
fn every_section_of_the_design_that_the_code_quotes_is_there() {
    let (root, sources) = sources();
    let design = std::fs::read_to_string(root.join("docs/design.md")).expect("the page is there");
    let mut quoted = 0;
    for source in sources {
        let text = std::fs::read_to_string(&source).expect("a source is readable");
        for section in sections(&text) {
            quoted += 1;
            let there = design.lines().any(|line| line.strip_prefix("## ") == Some(section));
            assert!(there, "{}: docs/design.md has no section {section:?}", source.display());
        }
    }
    assert!(quoted > 2, "only {quoted} quotes found");
}

/// The root and every Rust file of the rooms.
fn sources() -> (PathBuf, Vec<PathBuf>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut sources = vec![];
    for room in ["core", "server", "device", "tools"] {
        collect(&root.join(room), &mut sources);
    }
    (root, sources)
}

/// Sections right behind the page: perhaps a back-tick, a comma, a name in double quotes.
fn sections(text: &str) -> Vec<&str> {
    let pages = text.match_indices("docs/design.md").filter_map(|(at, page)| {
        let rest = &text[at + page.len()..];
        let name = rest.strip_prefix('`').unwrap_or(rest).strip_prefix(", \"")?;
        Some(&name[..name.find('"')?])
    });
    pages.collect()
}

/// Pages with the clause right behind them: a page, perhaps a back-tick, a space, the section sign, a number.
fn quotes(text: &str) -> Vec<(&str, &str)> {
    let pages = text.match_indices("spec/").filter_map(|(at, _)| {
        let rest = &text[at..];
        let (page, rest) = rest.split_at(rest.find(".md")? + 3);
        let rest = rest.strip_prefix('`').unwrap_or(rest).strip_prefix(" §")?;
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        Some((page, rest[..number].trim_end_matches('.')))
    });
    pages.filter(|(page, _)| !page.contains(char::is_whitespace)).collect()
}

/// A clause is a heading or opens a paragraph.
fn has_clause(spec: &str, clause: &str) -> bool {
    let opens = |line: &str| line.trim_start_matches('#').trim_start().starts_with(&format!("{clause} "));
    spec.lines().any(opens)
}

fn collect(folder: &Path, sources: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("a folder is readable").path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, sources);
        } else if path.extension().is_some_and(|e| e == "rs") {
            sources.push(path);
        }
    }
}

#[test]
fn quotes_are_found_in_both_spellings() {
    // Put together here, so that this file does not quote pages that there are not.
    let text =
        "// spec/a.md $1.3: x\n/// `spec/b.md` $2. Then `spec/c.md` and spec/d.md $4".replace('$', "§");
    let design = "(`docs/design.md`, $One$). // docs/design.md, $Two words$: x".replace('$', "\"");
    assert_eq!(sections(&design), ["One", "Two words"]);
    assert_eq!(quotes(&text), [("spec/a.md", "1.3"), ("spec/b.md", "2"), ("spec/d.md", "4")]);
    assert!(has_clause("## 2 Rules\n\n2.1 One.\n\n### 3.4 Two", "2.1"));
    assert!(has_clause("### 3.4 Two", "3.4") && !has_clause("### 3.4 Two", "3"));
}
