//! The table and the pages of the specification say the same.

use std::collections::BTreeMap;

use super::{Code, Family};

const SPEC: &str = include_str!("../../../../spec/errors.md");

fn section(number: &str) -> &'static str {
    let found = SPEC.split("\n## ").find(|section| section.starts_with(&format!("{number} ")));
    found.expect("a section of the spec")
}

/// `spec/errors.md` §1: the spelling of a code. No two are alike, and each is read back.
#[test]
fn codes_are_well_formed_and_distinct() {
    for code in Code::ALL {
        let text = code.as_str();
        assert!(text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_lowercase()), "{text}");
        assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{text}");
        assert_eq!(Code::parse(text), Some(*code), "{text} stands twice");
    }
    assert_eq!(Code::parse("no_such_code"), None);
}

/// `spec/errors.md` §2 is the table of exactly these codes, in this order, with family and meaning.
#[test]
fn the_spec_lists_exactly_these_codes() {
    let rows: Vec<&str> = section("2").lines().filter(|l| l.starts_with("| `")).collect();
    let codes: Vec<String> =
        Code::ALL.iter().map(|c| format!("| `{c}` | {} | {} |", c.family().as_str(), c.meaning())).collect();
    assert_eq!(rows, codes);
}

/// `spec/errors.md` §4 says of every code what AuthForge's clients get; what it does not name is "anything else".
#[test]
fn the_spec_says_the_same_of_authforge_s_wire() {
    let mut listed = BTreeMap::new();
    for row in section("4").lines().filter(|l| l.starts_with("| ") && !l.starts_with("| our code")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [codes, word, status] = cells[..] else { panic!("three columns: {row}") };
        let answer: (u16, &str) = (status.parse().expect("a status"), word.trim_matches('`'));
        for code in codes.split(", ") {
            let code = code.split(" (").next().expect("a name");
            assert_eq!(listed.insert(code, answer), None, "{code} stands twice");
        }
    }
    let otherwise = listed.remove("anything else").expect("the last row");
    for code in Code::ALL {
        let expected = listed.remove(code.as_str()).unwrap_or(otherwise);
        assert_eq!(code.authforge(), expected, "{code}");
    }
    assert!(listed.is_empty(), "not codes: {listed:?}");
}

/// `spec/http.md` §3.4 gives statuses; of the codes that it does not name, those of a request that does not verify are
/// 400 (`spec/online.md` §7.4), and any other is 500.
#[test]
fn the_spec_says_the_same_of_our_api() {
    let spec = include_str!("../../../../spec/http.md");
    let table = spec.split("### 3.4 ").nth(1).and_then(|rest| rest.split("\n#").next()).expect("§3.4");
    let mut listed = BTreeMap::new();
    for row in table.lines().filter(|l| l.starts_with("| ") && !l.starts_with("| code")) {
        let (codes, status) = row.trim_matches('|').split_once('|').expect("two columns");
        let status: u16 = status.trim().parse().expect("a status");
        listed.extend(codes.split(',').map(|code| (code.trim(), status)));
    }
    assert_eq!(listed.remove("any other"), Some(500));
    for code in Code::ALL {
        let status = code.http_status();
        match listed.remove(code.as_str()) {
            Some(expected) => assert_eq!(status, expected, "{code}"),
            None => assert!(
                status == 500 || (status == 400 && code.family() == Family::Security),
                "{code}: {status}"
            ),
        }
    }
    assert!(listed.is_empty(), "not codes: {listed:?}");
}

/// A fix is one sentence, and no copy of the meaning.
#[test]
fn a_fix_is_a_sentence() {
    for code in Code::ALL {
        assert!(code.meaning().ends_with('.'), "{code}");
        let fix = code.fix().unwrap_or("None.");
        assert!(fix.ends_with('.') && fix.starts_with(|c: char| c.is_uppercase()), "{code}: {fix}");
        assert_ne!(fix, code.meaning());
    }
}
