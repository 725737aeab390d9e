//! One table: sets down, languages across, and every difference below.

use super::answers::{ask, verify};
use super::questions::Set;
use harness::failure::Result;
use serde_json::{Value, json};

/// Differences that are printed at most; a broken program differs everywhere.
const SHOWN: usize = 40;

/// A language's answers to every set.
pub(super) struct Column {
    pub(super) name: String,
    /// By set, then by question. A program that ended early leaves the last ones out.
    pub(super) answers: Vec<Vec<String>>,
}

impl Column {
    /// Asks the program everything, once for each of its modes.
    pub(super) fn asked(name: &str, program: &[String], sets: &[Set]) -> Result<Self> {
        let mut answers = vec![Vec::new(); sets.len()];
        for mode in ["vectors", "contents", "ed25519"] {
            let (places, asked): (Vec<usize>, Vec<&Set>) =
                sets.iter().enumerate().filter(|(_, set)| set.mode == mode).unzip();
            if asked.is_empty() {
                continue;
            }
            for (place, found) in places.into_iter().zip(ask(program, mode, &asked)?) {
                answers[place] = found;
            }
        }
        for (place, set) in sets.iter().enumerate().filter(|(_, set)| set.mode == "verify") {
            answers[place] = set.inputs.iter().map(|input| verify(program, input)).collect::<Result<_>>()?;
        }
        Ok(Self { name: name.to_owned(), answers })
    }

    fn answer(&self, set: usize, question: usize) -> &str {
        self.answers[set].get(question).map_or("(no answer)", String::as_str)
    }
}

/// How a language did on one set.
#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
struct Cell {
    right: usize,
    skipped: usize,
    wrong: usize,
}

/// All sets and all languages.
pub(super) struct Table<'a> {
    pub(super) sets: &'a [Set],
    pub(super) columns: &'a [Column],
}

impl Table<'_> {
    pub(super) fn print(&self) {
        let names: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        let row = |name: &str, cells: &[String]| {
            print!("{name:<26}");
            for cell in cells {
                print!("{cell:>22}");
            }
            println!();
        };
        row("", &names);
        for (at, set) in self.sets.iter().enumerate() {
            let cells: Vec<String> = (0..self.columns.len()).map(|column| self.shown(at, column)).collect();
            row(&set.name, &cells);
        }
        let differences = self.differences();
        for line in differences.iter().take(SHOWN) {
            println!("{line}");
        }
        if differences.len() > SHOWN {
            println!("… and {} more", differences.len() - SHOWN);
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let set = |at: usize, set: &Set| {
            let cells = self.columns.iter().enumerate().map(|(place, column)| {
                let cell = self.cell(at, place);
                (
                    column.name.clone(),
                    json!({"right": cell.right, "skipped": cell.skipped, "wrong": cell.wrong}),
                )
            });
            json!({"set": set.name, "questions": set.inputs.len(), "languages": cells.collect::<serde_json::Map<_, _>>()})
        };
        let sets: Vec<Value> = self.sets.iter().enumerate().map(|(at, s)| set(at, s)).collect();
        json!({"sets": sets, "differences": self.differences(), "passed": self.passed(), "failed": self.failed()})
    }

    pub(super) fn passed(&self) -> usize {
        self.cells().map(|cell| cell.right).sum()
    }

    /// Wrong answers; and a language that answered nothing in any set is a failure of its own.
    pub(super) fn failed(&self) -> usize {
        let idle = (0..self.columns.len())
            .filter(|column| (0..self.sets.len()).all(|set| self.cell(set, *column).right == 0));
        self.cells().map(|cell| cell.wrong).sum::<usize>() + idle.count()
    }

    fn cells(&self) -> impl Iterator<Item = Cell> {
        (0..self.sets.len())
            .flat_map(move |set| (0..self.columns.len()).map(move |column| self.cell(set, column)))
    }

    fn cell(&self, set: usize, column: usize) -> Cell {
        let mut cell = Cell::default();
        for question in 0..self.sets[set].inputs.len() {
            let answer = self.columns[column].answer(set, question);
            if self.is_right(set, question, answer) {
                cell.right += 1;
            } else if answer == "skip" && self.sets[set].may_skip.get(question) == Some(&true) {
                cell.skipped += 1;
            } else {
                cell.wrong += 1;
            }
        }
        cell
    }

    /// Where nothing is expected, whatever the first language says.
    fn is_right(&self, set: usize, question: usize, answer: &str) -> bool {
        match self.sets[set].expected.get(question) {
            Some(expected) => answer == expected,
            None => answer == self.columns[0].answer(set, question) && matches!(answer, "ok" | "no"),
        }
    }

    fn shown(&self, set: usize, column: usize) -> String {
        let (cell, total) = (self.cell(set, column), self.sets[set].inputs.len());
        let accepted = self.columns[column].answers[set].iter().filter(|answer| *answer == "ok").count();
        if self.sets[set].expected.is_empty() {
            return format!("{accepted} ok, {} no", total - accepted);
        }
        match cell.skipped {
            0 => format!("{}/{total}", cell.right),
            skipped => format!("{}/{} ({skipped} skipped)", cell.right, total - skipped),
        }
    }

    fn differences(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (at, set) in self.sets.iter().enumerate() {
            for (question, input) in set.inputs.iter().enumerate() {
                let differs = self.columns.iter().any(|column| {
                    let answer = column.answer(at, question);
                    let is_skipped = answer == "skip" && set.may_skip.get(question) == Some(&true);
                    !is_skipped && !self.is_right(at, question, answer)
                });
                if differs {
                    let said = self.columns.iter().map(|c| format!("{}: {}", c.name, c.answer(at, question)));
                    let expected = set.expected.get(question).map_or("agreement", String::as_str);
                    lines.push(format!(
                        "{input}: expected {expected}; {}",
                        said.collect::<Vec<_>>().join(", ")
                    ));
                }
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(expected: &[&str], may_skip: bool) -> Set {
        Set {
            name: "set".to_owned(),
            mode: "vectors",
            inputs: vec!["question".to_owned(); 2],
            expected: expected.iter().map(|text| (*text).to_owned()).collect(),
            may_skip: vec![may_skip; 2],
        }
    }

    fn column(name: &str, answers: &[&str]) -> Column {
        let answers = answers.iter().map(|text| (*text).to_owned()).collect();
        Column { name: name.to_owned(), answers: vec![answers] }
    }

    fn failed(set: Set, columns: &[Column]) -> usize {
        Table { sets: &[set], columns }.failed()
    }

    #[test]
    fn wrong_and_missing_answers_and_forbidden_skips_fail() {
        let right = column("a", &["ok 1", "expired"]);
        assert_eq!(failed(set(&["ok 1", "expired"], false), &[column("a", &["ok 1", "expired"])]), 0);
        assert_eq!(failed(set(&["ok 1", "expired"], false), &[right, column("b", &["ok 1", "revoked"])]), 1);
        assert_eq!(failed(set(&["ok 1", "expired"], false), &[column("b", &["ok 1"])]), 1);
        assert_eq!(failed(set(&["ok 1", "expired"], false), &[column("b", &["ok 1", "skip"])]), 1);
        assert_eq!(failed(set(&["ok 1", "expired"], true), &[column("b", &["ok 1", "skip"])]), 0);
        assert_eq!(failed(set(&["ok 1", "expired"], true), &[column("b", &["skip", "skip"])]), 1, "idle");
    }

    #[test]
    fn where_nothing_is_expected_disagreement_fails() {
        let agreed = [column("a", &["ok", "no"]), column("b", &["ok", "no"])];
        assert_eq!(failed(set(&[], false), &agreed), 0);
        let apart = [column("a", &["ok", "no"]), column("b", &["ok", "ok"])];
        assert_eq!(failed(set(&[], false), &apart), 1);
        let odd = [column("a", &["ok", "yes"]), column("b", &["ok", "yes"])];
        assert_eq!(failed(set(&[], false), &odd), 2);
    }
}
