//! What an import is made of, wherever it came from.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;

use sealgate_artifact::{Code, ForeignKey, LicenseKey};
use sealgate_wire::ImportRow;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::buyer::Buyer;
use super::shown;

/// A request has 64 KiB, in which more than the row stands.
const ROW_BYTES: usize = 63 * 1024;

/// A license to be made, and where it stands.
pub(super) struct Line {
    /// Of the line in its file, or of the record.
    pub(super) number: u64,
    /// How many rows like it were imported before, from the file in which it was refused.
    pub(super) before: u32,
    pub(super) app: String,
    /// Who bought it, where the row describes a customer. The row then names the customer by what it is found by.
    pub(super) buyer: Option<Buyer>,
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
    /// Rows in which nothing stands.
    pub(super) empty_rows: usize,
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

/// Gives each row that has no name of its own one for ever: what stands in it, and how many of the same came before in its app.
/// Where it stands in the file does not count, so a file that was sorted, split by apps or corrected makes no license twice.
///
/// What it is made of may never change: else a file that was imported in part makes licenses again.
pub(super) fn name_all(lines: &mut [Line]) {
    let mut taken: HashSet<(String, [u8; 32], u32)> = HashSet::new();
    for Line { app, before, row, .. } in lines.iter_mut().filter(|line| line.row.name.is_empty()) {
        // Older programs did not send the id.
        let content = ImportRow { license_id: None, ..row.clone() };
        let content = serde_json::to_vec(&content).expect("rows can be written");
        let digest: [u8; 32] = Sha256::digest(&content).into();
        let mut number = *before;
        while !taken.insert((app.clone(), digest, number)) {
            number += 1;
        }
        row.name = format!("csv:{}.{number}", hex(&digest));
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes what is written");
        text
    })
}

/// Takes out lines with what another line has before, of what no two licenses may have.
pub(super) fn refuse_repetitions(source: &mut Source) {
    let noun = source.noun();
    let mut first: HashMap<(&'static str, String, String), u64> = HashMap::new();
    let mut refused = Vec::new();
    source.lines.retain(|Line { number: line, app, row, .. }| {
        // Case, hyphens and blanks are no difference between keys.
        let key = row.license_key.as_deref().map(LicenseKey::normalise);
        // A key is one app's; the others are the tenant's.
        let given = [
            ("license_id", String::new(), row.license_id.clone()),
            ("external_id", String::new(), row.external_id.clone()),
            ("license_key", app.clone(), key),
        ];
        for (column, app, text) in &given {
            let Some(text) = text else { continue };
            if let Some(other) = first.get(&(*column, app.clone(), text.clone())) {
                let reason = format!("{noun} {other} has the same: give each its own");
                refused.push(Refusal::new(*line, column, reason).value(text));
                return false;
            }
        }
        first.extend(given.into_iter().filter_map(|(column, app, text)| Some(((column, app, text?), *line))));
        true
    });
    source.refused.append(&mut refused);
}

/// Takes out lines whose keys tell too much about one another. The server sees no more of the file than it is sent at once.
pub(super) fn refuse_alike_keys(source: &mut Source) {
    let mut of_apps: BTreeMap<&str, (Vec<u64>, Vec<ForeignKey>)> = BTreeMap::new();
    for line in &source.lines {
        let key = line.row.license_key.as_deref().and_then(|key| ForeignKey::parse(key).ok());
        if let Some(key) = key {
            let (numbers, keys) = of_apps.entry(&line.app).or_default();
            numbers.push(line.number);
            keys.push(key);
        }
    }
    let mut alike = HashSet::new();
    for (numbers, keys) in of_apps.into_values() {
        let of_app = numbers.into_iter().zip(ForeignKey::too_alike(&keys));
        alike.extend(of_app.filter_map(|(number, alike)| alike.then_some(number)));
    }
    let why = "too much of this key is the same in another row's: who has one could try the others";
    source.lines.retain(|line| !alike.contains(&line.number));
    source.refused.extend(alike.into_iter().map(|line| Refusal::new(line, "license_key", why)));
}

/// Takes out rows that no request has room for.
pub(super) fn refuse_too_large(source: &mut Source) {
    let size = |line: &Line| serde_json::to_vec(&line.row).expect("rows can be written").len();
    let (fit, large): (Vec<Line>, Vec<Line>) =
        std::mem::take(&mut source.lines).into_iter().partition(|line| size(line) <= ROW_BYTES);
    source.lines = fit;
    let refusal = |line: &Line| {
        let why = format!("{} bytes; a row has at most {ROW_BYTES}", size(line));
        Refusal { code: Some(Code::BodyTooLarge.to_string()), ..Refusal::of_line(line.number, why) }
    };
    source.refused.extend(large.iter().map(refusal));
}

/// Puts rows of an app together, the app that comes first before the others: a request is for one.
pub(super) fn group_by_app(lines: &mut [Line]) {
    let mut first: HashMap<String, usize> = HashMap::new();
    for line in &*lines {
        let next = first.len();
        first.entry(line.app.clone()).or_insert(next);
    }
    lines.sort_by_key(|line| first[&line.app]);
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
            Line { number: line, before: 0, app: "a".to_owned(), buyer: None, row }
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
