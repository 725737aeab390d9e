//! What an import is made of, wherever it came from.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use sealgate_artifact::{ForeignKey, LicenseKey};
use sealgate_wire::ImportRow;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::shown;

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
    /// Of the line in its file; in a file that has no lines, which license it is, counted through all files.
    pub(super) line: u64,
    /// The id that the license has where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<String>,
    /// What stands there, where it cannot be a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    pub(super) reason: String,
}

impl Refusal {
    pub(super) fn new(line: u64, column: &str, reason: impl Into<String>) -> Self {
        Self { column: Some(column.to_owned()), ..Self::of_line(line, reason) }
    }

    /// The same for what is no one column's fault.
    pub(super) fn of_line(line: u64, reason: impl Into<String>) -> Self {
        Self { line, id: None, column: None, value: None, code: None, reason: reason.into() }
    }

    /// With what stands in the column.
    pub(super) fn value(self, text: &str) -> Self {
        let value = self.column.as_deref().and_then(|column| shown::value(column, text)).map(Into::into);
        Self { value, ..self }
    }
}

/// All that the files hold.
#[derive(Default)]
pub(super) struct Source {
    pub(super) lines: Vec<Line>,
    pub(super) refused: Vec<Refusal>,
    /// What is deliberately not imported.
    pub(super) left_out: Vec<Refusal>,
    /// The names of columns and the cells of each line as they came, where there are any.
    pub(super) header: Vec<String>,
    pub(super) cells: HashMap<u64, Vec<Vec<u8>>>,
}

impl Source {
    /// What is counted: lines, or licenses where a file has none.
    pub(super) fn noun(&self) -> &'static str {
        if self.header.is_empty() { "license" } else { "line" }
    }

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
        // Older programs did not send the id.
        let content = ImportRow { license_id: None, ..row.clone() };
        let content = serde_json::to_vec(&content).expect("rows can be written");
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
    let noun = source.noun();
    let mut first: HashMap<(&'static str, String), u64> = HashMap::new();
    let mut refused = Vec::new();
    source.lines.retain(|Line { number: line, row, .. }| {
        // Case, hyphens and blanks are no difference between keys.
        let key = row.license_key.as_deref().map(LicenseKey::normalise);
        let given = [
            ("license_id", row.license_id.clone()),
            ("external_id", row.external_id.clone()),
            ("license_key", key),
        ];
        for (column, text) in &given {
            let Some(text) = text else { continue };
            if let Some(other) = first.get(&(*column, text.clone())) {
                let reason = format!("{noun} {other} has the same: give each its own");
                refused.push(Refusal::new(*line, column, reason).value(text));
                return false;
            }
        }
        first.extend(given.into_iter().filter_map(|(column, text)| Some(((column, text?), *line))));
        true
    });
    source.refused.append(&mut refused);
}

/// Takes out lines whose keys tell too much about one another. The server sees no more of the file than it is sent at once.
pub(super) fn refuse_alike_keys(source: &mut Source) {
    let key = |line: &Line| line.row.license_key.as_deref().and_then(|key| ForeignKey::parse(key).ok());
    let (numbers, keys): (Vec<u64>, Vec<ForeignKey>) =
        source.lines.iter().filter_map(|line| Some((line.number, key(line)?))).unzip();
    let alike = ForeignKey::too_alike(&keys);
    let alike: HashSet<u64> =
        numbers.into_iter().zip(alike).filter_map(|(number, alike)| alike.then_some(number)).collect();
    let why = "too much of this key is the same in another row's: who has one could try the others";
    source.lines.retain(|line| !alike.contains(&line.number));
    source.refused.extend(alike.into_iter().map(|line| Refusal::new(line, "license_key", why)));
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
