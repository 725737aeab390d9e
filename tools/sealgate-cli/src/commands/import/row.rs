//! What an import is made of, wherever it came from.

use std::collections::HashMap;
use std::fmt::Write;

use sealgate_wire::ImportRow;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A license to be made, and where it stands.
pub(super) struct Line {
    /// Of the line in its file, or of the record.
    pub(super) number: u64,
    pub(super) app: String,
    pub(super) row: ImportRow,
}

/// Why a line makes no license.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Refusal {
    pub(super) line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    pub(super) reason: String,
}

impl Refusal {
    pub(super) fn new(line: u64, column: &str, reason: impl Into<String>) -> Self {
        Self { line, column: Some(column.to_owned()), code: None, reason: reason.into() }
    }
}

/// All that the files hold.
#[derive(Default)]
pub(super) struct Source {
    pub(super) lines: Vec<Line>,
    pub(super) refused: Vec<Refusal>,
    /// What is deliberately not imported.
    pub(super) left_out: Vec<Refusal>,
    /// The names of columns and the cells of each line, where there are any.
    pub(super) header: Vec<String>,
    pub(super) cells: HashMap<u64, Vec<String>>,
}

impl Source {
    pub(super) fn count(&self) -> usize {
        self.lines.len() + self.refused.len() + self.left_out.len()
    }
}

/// Gives each row that has no name of its own one for ever: what stands in it, and how many of the same came before. Where it stands
/// in the file does not count, so a file that was sorted or corrected makes no license twice.
///
/// What it is made of may never change: else a file that was imported in part makes licenses again.
pub(super) fn name_all(lines: &mut [Line]) {
    let mut before: HashMap<[u8; 32], u32> = HashMap::new();
    for Line { row, .. } in lines.iter_mut().filter(|line| line.row.name.is_empty()) {
        let content = serde_json::to_vec(row).expect("rows can be written");
        let digest: [u8; 32] = Sha256::digest(&content).into();
        let count = before.entry(digest).or_default();
        row.name = digest.iter().fold("csv:".to_owned(), |mut name, byte| {
            write!(name, "{byte:02x}").expect("a text takes what is written");
            name
        });
        write!(row.name, ".{count}").expect("a text takes what is written");
        *count += 1;
    }
}

/// Takes out lines with what another line has before, of what no two licenses may have.
pub(super) fn refuse_repetitions(source: &mut Source) {
    let mut first: HashMap<(&'static str, String), u64> = HashMap::new();
    let mut refused = Vec::new();
    source.lines.retain(|Line { number: line, row, .. }| {
        let given = [("external_id", &row.external_id), ("license_key", &row.license_key)];
        for (column, text) in given {
            let Some(text) = text else { continue };
            if let Some(other) = first.get(&(column, text.clone())) {
                refused.push(Refusal::new(
                    *line,
                    column,
                    format!("line {other} has the same: give each its own"),
                ));
                return false;
            }
        }
        for (column, text) in given {
            first.extend(text.clone().map(|text| ((column, text), *line)));
        }
        true
    });
    source.refused.append(&mut refused);
}

#[cfg(test)]
mod tests {
    use sealgate_wire::ImportRow;

    use super::{Line, name_all};

    /// A name that was given once stands in databases.
    #[test]
    fn a_row_keeps_its_name_wherever_it_stands() {
        let line = |line, label: &str| {
            let row = ImportRow { label: Some(label.to_owned()), ..ImportRow::default() };
            Line { number: line, app: "a".to_owned(), row }
        };
        let mut lines = [line(2, "x"), line(3, "y"), line(4, "x")];
        name_all(&mut lines);
        let names: Vec<_> = lines.iter().map(|line| line.row.name.clone()).collect();
        assert_ne!(names[0], names[1]);
        assert_eq!(names[2], names[0].replace(".0", ".1"));
        assert_eq!(names[0], "csv:3cb1f1557613a5880d4b15ce0675df6dd6e12ea9b26d52ada7ecae43e329b955.0");
        let mut turned = [line(2, "x"), line(3, "x"), line(4, "y")];
        name_all(&mut turned);
        assert_eq!(turned.map(|line| line.row.name), [names[0].clone(), names[2].clone(), names[1].clone()]);
    }
}
