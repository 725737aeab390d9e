//! The file with the rows that were refused.

use std::collections::{HashMap, HashSet};

use super::cells::defused;
use super::keys_file::records;
use super::row::{Refusal, Source};
use super::table::{NUMBER, REJECTED};

type Cells = [Vec<u8>];

/// The refused rows as they came, each with what is wrong with it.
pub(super) fn written(refused: &[Refusal], source: &Source) -> Vec<u8> {
    // What is added stands first: a row with too few cells stays one, and is refused again until somebody mends it.
    let own = |cells: &Cells| -> Vec<Vec<u8>> {
        (0..cells.len()).filter(|at| !is_added(source, *at)).map(|at| shown(&cells[at])).collect()
    };
    let names: Vec<Vec<u8>> = source.header.iter().map(|name| name.clone().into_bytes()).collect();
    let mut rows = Vec::with_capacity(refused.len() + 1);
    rows.push(REJECTED.iter().map(|name| name.as_bytes().to_vec()).chain(own(&names)).collect());
    let mut alike = Alike::new(refused, source);
    for refusal in refused {
        let cells = source.cells.get(&refusal.line).map(Vec::as_slice).unwrap_or_default();
        let Refusal { line, column, reason, .. } = refusal;
        let number = carried(source, cells) + alike.imported(refusal, cells);
        let why = [line.to_string(), column.clone().unwrap_or_default(), defused(reason), number.to_string()];
        rows.push(why.map(String::into_bytes).into_iter().chain(own(cells)).collect::<Vec<_>>());
    }
    records(&rows)
}

/// A cell as it came, but for what a terminal would obey: a customer may have written it.
fn shown(cell: &[u8]) -> Vec<u8> {
    let is_obeyed = |c: char| c.is_control() && !"\t\r\n".contains(c);
    match std::str::from_utf8(cell) {
        Ok(text) => text.replace(is_obeyed, "\u{fffd}").into_bytes(),
        // Whatever it is in, no letter has these bytes.
        Err(_) => cell
            .iter()
            .map(|b| if is_obeyed(char::from(*b & 0x7f)) && *b < 0x80 { b'?' } else { *b })
            .collect(),
    }
}

/// Whether a column was added by an import before.
fn is_added(source: &Source, at: usize) -> bool {
    source.header.get(at).is_some_and(|name| REJECTED.contains(&&**name))
}

/// The number that a row brought along.
fn carried(source: &Source, cells: &Cells) -> u32 {
    let at = source.header.iter().position(|name| name == NUMBER);
    let text = at.and_then(|at| std::str::from_utf8(cells.get(at)?).ok());
    text.and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

/// Rows that were imported and look like refused ones, but for what these were refused for. Once it is mended, such a row may be
/// equal to them, and is another license all the same.
struct Alike<'a> {
    source: &'a Source,
    refused: HashSet<u64>,
    /// For what is passed over, how many imported rows have the rest.
    counts: HashMap<Passed, HashMap<Vec<Vec<u8>>, u32>>,
}

/// What is passed over: a column, or what stands behind so many cells.
type Passed = Result<usize, usize>;

impl<'a> Alike<'a> {
    fn new(refused: &[Refusal], source: &'a Source) -> Self {
        Self { source, refused: refused.iter().map(|refusal| refusal.line).collect(), counts: HashMap::new() }
    }

    fn imported(&mut self, refusal: &Refusal, cells: &Cells) -> u32 {
        let Self { source, refused, counts } = self;
        let column = refusal.column.as_ref();
        let column = column.and_then(|column| source.header.iter().position(|name| name == column));
        let passed = column.ok_or(cells.len().min(source.header.len()));
        let rest = |cells: &Cells| -> Vec<Vec<u8>> {
            let stays =
                |at: &usize| !is_added(source, *at) && passed.map_or_else(|end| *at < end, |not| *at != not);
            (0..cells.len()).filter(stays).map(|at| cells[at].trim_ascii().to_vec()).collect()
        };
        let counts = counts.entry(passed).or_insert_with(|| {
            let mut counts = HashMap::new();
            for (_, cells) in source.cells.iter().filter(|(line, _)| !refused.contains(line)) {
                *counts.entry(rest(cells)).or_default() += 1;
            }
            counts
        });
        counts.get(&rest(cells)).copied().unwrap_or_default()
    }
}
