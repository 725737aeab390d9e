//! Comments quote clauses of `spec/` and sections of `docs/design.md`. What is quoted must be there; and what no code
//! quotes is listed here on purpose.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Says what follows, or what does not: there is nothing to carry out.
const PROSE: &str = "prose";
/// Code quotes the section as a whole, and carries this clause out with the rest of it.
const SECTION: &str = "its section is quoted";
/// Holds everywhere: no single place carries it out.
const EVERYWHERE: &str = "holds everywhere";

/// Clauses that no code quotes: page, reason, clauses. The test says when one is quoted after all.
const UNQUOTED: &[(&str, &str, &[&str])] = &[
    ("spec/activation.md", PROSE, &["1.2", "2.3"]),
    ("spec/audit.md", EVERYWHERE, &["1.1", "1.2"]),
    ("spec/audit.md", PROSE, &["2.3"]),
    ("spec/authforge.md", SECTION, &["1.1", "2.1", "3.1"]),
    ("spec/authforge.md", PROSE, &["1.4", "4.4", "5.1", "5.2"]),
    ("spec/chain.md", PROSE, &["6.1", "6.2"]),
    ("spec/envelope.md", PROSE, &["1.6", "5.6", "5.7"]),
    ("spec/errors.md", SECTION, &["3.2", "3.3", "4.1", "4.2"]),
    ("spec/errors.md", PROSE, &["4.3", "4.4", "5.1", "5.3", "5.4", "5.5"]),
    ("spec/guard.md", EVERYWHERE, &["6.2"]),
    ("spec/http.md", EVERYWHERE, &["1.1", "1.2", "1.10"]),
    ("spec/journal.md", PROSE, &["1.1"]),
    ("spec/keys.md", PROSE, &["5.5"]),
    ("spec/license.md", PROSE, &["2.5", "3.5"]),
    ("spec/license.md", EVERYWHERE, &["3.6"]),
    ("spec/license.md", SECTION, &["4.2", "4.5"]),
    ("spec/offline.md", PROSE, &["1.1", "1.2", "1.3", "1.4"]),
    ("spec/online.md", SECTION, &["3.1", "7.6", "8.1", "11.1", "11.6"]),
    ("spec/online.md", PROSE, &["2.6", "3.3", "8.2", "10.7"]),
    ("spec/revocation.md", PROSE, &["6.3"]),
];

#[test]
fn every_clause_that_the_code_quotes_is_in_the_spec() {
    let (root, sources) = sources();
    let (mut quoted, mut missing) = (0, vec![]);
    for source in sources {
        let text = std::fs::read_to_string(&source).expect("a source is readable");
        for (page, clause) in quotes(&text) {
            quoted += 1;
            let spec = std::fs::read_to_string(root.join(&page)).unwrap_or_default();
            if !has_clause(&spec, &clause) {
                let source = source.strip_prefix(&root).expect("below the root").display();
                missing.push(format!("{source}: {page} §{clause}"));
            }
        }
    }
    assert!(quoted > 300, "only {quoted} quotes found");
    assert!(missing.is_empty(), "quoted, but not in the spec:\n{}", missing.join("\n"));
}

#[test]
fn every_clause_is_quoted_or_listed_with_a_reason() {
    let (root, sources) = sources();
    let texts = sources.iter().map(|source| std::fs::read_to_string(source).expect("a source is readable"));
    let quoted: BTreeSet<(String, String)> = texts.flat_map(|text| quotes(&text)).collect();
    let listed: Vec<(String, String)> = UNQUOTED
        .iter()
        .flat_map(|(page, _, clauses)| {
            clauses.iter().map(|clause| ((*page).to_owned(), (*clause).to_owned()))
        })
        .collect();

    let all: BTreeSet<(String, String)> = pages(&root)
        .into_iter()
        .flat_map(|(page, text)| clauses(&text).into_iter().map(move |clause| (page.clone(), clause)))
        .collect();
    assert!(all.len() > 150, "only {} clauses found", all.len());

    let mut wrong = vec![];
    let mut say = |(page, clause): &(String, String), what| wrong.push(format!("{page} §{clause} {what}"));
    let silent = all.difference(&quoted).filter(|clause| !listed.contains(clause));
    silent.for_each(|clause| say(clause, "is quoted by no code, and not listed in UNQUOTED"));
    for (at, clause) in listed.iter().enumerate() {
        if quoted.contains(clause) {
            say(clause, "is listed in UNQUOTED, but quoted");
        } else if !all.contains(clause) {
            say(clause, "is listed in UNQUOTED, but not in the spec");
        } else if listed[..at].contains(clause) {
            say(clause, "is listed in UNQUOTED twice");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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

/// The root, and every source file: Rust, the verifiers' languages, migrations.
pub(crate) fn sources() -> (PathBuf, Vec<PathBuf>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut sources = vec![];
    for room in ["core", "server", "device", "tools", "fuzz", "verifiers"] {
        let before = sources.len();
        collect(&root.join(room), &mut sources);
        assert!(sources.len() > before, "{room} has no sources");
    }
    (root, sources)
}

fn collect(folder: &Path, sources: &mut Vec<PathBuf>) {
    const ENDINGS: [&str; 8] = ["rs", "sql", "py", "mjs", "go", "cpp", "hpp", "cs"];
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("a folder is readable").path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, sources);
        } else if path.extension().is_some_and(|found| ENDINGS.iter().any(|ending| found == *ending)) {
            sources.push(path);
        }
    }
}

/// Every page of the spec with its text.
fn pages(root: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(root.join("spec")).expect("the spec is there");
    let paths = entries.map(|entry| entry.expect("a folder is readable").path());
    let pages = paths.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    pages
        .map(|path| {
            let name = path.file_name().expect("it has a name").to_string_lossy();
            (format!("spec/{name}"), std::fs::read_to_string(&path).expect("a page is readable"))
        })
        .collect()
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

/// Pages with every clause that follows on the line, or on the next where the page ends the line. `§4.3 to §4.5` is three.
fn quotes(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = vec![];
    let mut page: Option<&str> = None;
    for line in text.lines() {
        let mut rest = line;
        let mut last: Option<&str> = None;
        while let Some(at) = ["spec/", "RFC ", "§"].iter().filter_map(|mark| rest.find(mark)).min() {
            let between = &rest[..at];
            rest = &rest[at..];
            if let Some(behind) = rest.strip_prefix('§') {
                let end = behind.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(behind.len());
                let clause = behind[..end].trim_end_matches('.');
                if let Some(page) = page.filter(|_| !clause.is_empty()) {
                    let skipped =
                        last.filter(|_| between == " to ").map_or(vec![], |from| inner(from, clause));
                    let clauses = skipped.into_iter().chain([clause.to_owned()]);
                    found.extend(clauses.map(|clause| (page.to_owned(), clause)));
                }
                last = Some(clause);
                rest = &behind[end..];
            } else {
                page = page_at(rest);
                last = None;
                rest = &rest[page.map_or(4, str::len)..];
            }
        }
        let ends_with_its_page =
            page.is_some_and(|page| line.trim_end().trim_end_matches('`').ends_with(page));
        page = page.filter(|_| ends_with_its_page);
    }
    found
}

/// The page that the text begins with. Another book's clauses are none of ours.
fn page_at(text: &str) -> Option<&str> {
    let name = text.strip_prefix("spec/")?;
    let stem = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '-')?;
    name[stem..].starts_with(".md").then(|| &text[..5 + stem + 3])
}

/// The clauses between two of one section.
fn inner(from: &str, to: &str) -> Vec<String> {
    let split = |clause: &str| -> Option<(String, u32)> {
        let (section, number) = clause.rsplit_once('.').unwrap_or(("", clause));
        Some((section.to_owned(), number.parse().ok()?))
    };
    match (split(from), split(to)) {
        (Some((section, first)), Some((other, last))) if section == other => {
            let dot = if section.is_empty() { "" } else { "." };
            (first + 1..last).map(|number| format!("{section}{dot}{number}")).collect()
        }
        _ => vec![],
    }
}

/// A clause is a heading or opens a paragraph.
fn has_clause(spec: &str, clause: &str) -> bool {
    let opens = |line: &str| line.trim_start_matches('#').trim_start().starts_with(&format!("{clause} "));
    spec.lines().any(opens)
}

/// Every clause of a page with two numbers, and sections that have no such clause.
fn clauses(spec: &str) -> Vec<String> {
    let number = |line: &str| -> Option<String> {
        let (first, _) = line.trim_start_matches('#').trim_start().split_once(' ')?;
        let parts: Vec<&str> = first.split('.').collect();
        let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_clause = parts.iter().all(is_number) && (parts.len() == 2 || line.starts_with('#'));
        is_clause.then(|| first.to_owned())
    };
    let all: Vec<String> = spec.lines().filter_map(number).collect();
    let is_a_heading = |clause: &String| all.iter().any(|other| other.starts_with(&format!("{clause}.")));
    all.iter().filter(|clause| !is_a_heading(clause)).cloned().collect()
}

#[test]
fn quotes_are_found_in_every_spelling() {
    // Put together here, so that this file does not quote pages that there are not.
    let found = |text: &str| -> Vec<String> {
        let quotes = quotes(&text.replace('$', "§")).into_iter();
        quotes.map(|(page, clause)| format!("{} {clause}", &page[5..])).collect()
    };
    assert_eq!(
        found("// spec/a.md $1.3: x\n/// `spec/b.md` $2. Then `spec/c.md` and spec/d.md $4"),
        ["a.md 1.3", "b.md 2", "d.md 4"]
    );
    assert_eq!(found("`spec/a.md` $4.2 and $4.7."), ["a.md 4.2", "a.md 4.7"]);
    assert_eq!(
        found("# `spec/a.md` $1.2, $1.3; `spec/b.md` $5 (x, $6)"),
        ["a.md 1.2", "a.md 1.3", "b.md 5", "b.md 6"]
    );
    assert_eq!(found("-- spec/a.md $4.3 to $4.6"), ["a.md 4.3", "a.md 4.4", "a.md 4.5", "a.md 4.6"]);
    assert_eq!(found("`spec/a.md` $3 to $5"), ["a.md 3", "a.md 4", "a.md 5"]);
    assert_eq!(found("// (`spec/a.md`\n// $1 and $2)\n// $3"), ["a.md 1", "a.md 2"]);
    assert_eq!(found("// `spec/a.md` $1 (RFC 8032 $5.1.7); $2"), ["a.md 1"]);
    assert_eq!(found("// $1, `docs/spec.md` $2, spec/a.json $3"), Vec::<String>::new());
}

#[test]
fn sections_and_clauses_are_found() {
    let design = "(`docs/design.md`, $One$). // docs/design.md, $Two words$: x".replace('$', "\"");
    assert_eq!(sections(&design), ["One", "Two words"]);
    assert!(has_clause("## 2 Rules\n\n2.1 One.\n\n### 3.4 Two", "2.1"));
    assert!(has_clause("### 3.4 Two", "3.4") && !has_clause("### 3.4 Two", "3"));
    let page =
        "# Page\n\n## 1 Alone\n\n12 words\n\n1. one\n\n## 2 Rules\n\n2.1 One.\n\n### 2.2 Two\n\n2.5 and more";
    assert_eq!(clauses(page), ["1", "2.1", "2.2", "2.5"]);
}
