//! What stands in a cell of a CSV file.

use std::collections::BTreeMap;

use sealgate_wire::{Feature, Limit, Variable};
use serde::de::DeserializeOwned;

use super::shown;
use crate::commands::sets;
use crate::failure::Failure;

/// A cell that begins with one of these is a formula to a spreadsheet, also in their full-width forms.
const FORMULAS: [char; 10] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\t', '\r'];
/// Stands before it.
const DEFUSED: char = '\'';

/// A cell in which no spreadsheet sees a formula, also where it takes `;` for the end of a cell.
pub(in crate::commands) fn defused(text: &str) -> String {
    let part = |part: &str| {
        let rest = part.trim_start_matches(' ');
        let blanks = &part[..part.len() - rest.len()];
        let sign = if is_read_otherwise(rest) { "'" } else { "" };
        format!("{blanks}{sign}{rest}")
    };
    text.split(';').map(part).collect::<Vec<_>>().join(";")
}

/// What a cell says.
pub(in crate::commands) fn said(text: &str) -> String {
    let part = |part: &str| {
        let rest = part.trim_start_matches(' ');
        let blanks = &part[..part.len() - rest.len()];
        let said = rest.strip_prefix(DEFUSED).filter(|said| is_read_otherwise(said));
        format!("{blanks}{}", said.unwrap_or(rest))
    };
    text.trim().split(';').map(part).collect::<Vec<_>>().join(";")
}

/// Whether a spreadsheet, or an import, takes something else from it.
fn is_read_otherwise(text: &str) -> bool {
    text.starts_with(FORMULAS) || text.starts_with(DEFUSED)
}

pub(super) fn features(text: &str) -> Result<Vec<Feature>, String> {
    list(text, sets::feature)
}

pub(super) fn limits(text: &str) -> Result<Vec<Limit>, String> {
    list(text, sets::limit)
}

pub(super) fn variables(text: &str) -> Result<BTreeMap<String, Variable>, String> {
    if text == "[]" {
        return Ok(BTreeMap::new());
    }
    if text.starts_with('{') {
        return json(text);
    }
    let mut named = BTreeMap::new();
    // What is no variable may be a secret all the same.
    let unreadable =
        |_| r#"expected NAME=VALUE, with `;` between them, or JSON as in {"theme": "dark"}"#.to_owned();
    for (name, value) in parts(text).map(sets::variable).collect::<Result<Vec<_>, _>>().map_err(unreadable)? {
        if named.insert(name.clone(), value).is_some() {
            return Err(format!("{name}: given twice"));
        }
    }
    Ok(named)
}

pub(super) fn names(text: &str) -> Result<Vec<String>, String> {
    if text.starts_with('[') { json(text) } else { Ok(parts(text).map(str::to_owned).collect()) }
}

fn list<T: DeserializeOwned>(
    text: &str,
    read: impl Fn(&str) -> Result<T, Failure>,
) -> Result<Vec<T>, String> {
    if text.starts_with('[') {
        return json(text);
    }
    parts(text).map(read).collect::<Result<_, _>>().map_err(why)
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').map(str::trim).filter(|part| !part.is_empty())
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|e| format!("not the JSON that belongs here: {}", shown::misfit(&e)))
}

fn why(failure: Failure) -> String {
    match failure.fix {
        Some(fix) => format!("{}: {fix}", failure.message),
        None => failure.message,
    }
}

/// Features as a cell.
pub(in crate::commands) fn of_features(features: &[Feature]) -> String {
    let one =
        |f: &Feature| f.value.as_ref().map_or_else(|| f.name.clone(), |value| format!("{}={value}", f.name));
    let has_signs = |f: &Feature| f.name.contains('=');
    written(features, one, has_signs)
}

/// Limits as a cell.
pub(in crate::commands) fn of_limits(limits: &[Limit]) -> String {
    written(limits, |limit| format!("{}={}", limit.name, limit.value), |limit| limit.name.contains('='))
}

/// As JSON where the short form would say something else.
fn written<T: serde::Serialize>(
    list: &[T],
    one: impl Fn(&T) -> String,
    has_signs: impl Fn(&T) -> bool,
) -> String {
    let texts: Vec<String> = list.iter().map(one).collect();
    let is_plain =
        |text: &String| text.trim() == text && !text.contains(';') && !text.starts_with(['[', '{']);
    if texts.is_empty() || !texts.iter().all(is_plain) || list.iter().any(has_signs) {
        return serde_json::to_string(list).expect("texts and numbers can be written");
    }
    texts.join("; ")
}

#[cfg(test)]
mod tests {
    use sealgate_wire::Feature;

    use super::{defused, features, of_features, said};

    #[test]
    fn what_is_exported_is_read_again() {
        let feature = |name: &str, value: Option<&str>| Feature {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        };
        for list in [
            vec![],
            vec![feature("export", None)],
            vec![feature("export", None), feature("sso", Some("a=b"))],
            vec![feature("a;b", None), feature("c", Some("d; e"))],
            vec![feature("a=b", None)],
            vec![feature("[x]", Some(" y "))],
        ] {
            assert_eq!(features(&said(&defused(&of_features(&list)))), Ok(list));
        }
    }

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+49 30", "-x", "@SUM(A1)", "\tx", "\rx", "'=x", "''"] {
            assert!(defused(text).starts_with('\''), "{text:?}");
            assert_eq!(said(&defused(text)), text);
        }
        for text in ["\u{ff1d}1+1", "x;=1+1", "x;@SUM(1)", "x; -1", "x;'=1", "x; ''y;+1", ";=1"] {
            let written = defused(text);
            assert!(
                written.split(';').all(|cell| !cell.trim_start().starts_with(super::FORMULAS)),
                "{written}"
            );
            assert_eq!(said(&written), text);
        }
        for text in ["x", "it's", "a=b", "a; b=1;c"] {
            assert_eq!((defused(text), said(text)), (text.to_owned(), text.to_owned()));
        }
    }
}
