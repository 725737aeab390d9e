//! A table of names and numbers, and the file that it lies in: a line `name,number` for each.
#![expect(clippy::disallowed_methods, reason = "this is the adapter to the user's files")]

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A larger table is for another program.
const BYTES: u64 = 1 << 20;

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) number: i64,
}

impl Table {
    pub(crate) fn open(file: &Path) -> io::Result<Self> {
        let mut text = String::new();
        File::open(file)?.take(BYTES + 1).read_to_string(&mut text)?;
        if text.len() as u64 > BYTES {
            return Err(io::Error::other("longer than 1 MiB"));
        }
        let mut table = Self::default();
        for (n, line) in text.lines().enumerate() {
            let row = line.rsplit_once(',').and_then(|(name, number)| Some((name, number.parse().ok()?)));
            let (name, number) =
                row.ok_or_else(|| io::Error::other(format!("line {} is no `name,number`", n + 1)))?;
            table.add(name, number).map_err(io::Error::other)?;
        }
        Ok(table)
    }

    /// A name stands on one line, and steers no terminal.
    pub(crate) fn add(&mut self, name: &str, number: i64) -> Result<(), &'static str> {
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err("a name has at least one character, and no control characters");
        }
        self.rows.push(Row { name: name.to_owned(), number });
        Ok(())
    }

    pub(crate) fn save(&self, file: &Path) -> io::Result<()> {
        let lines = self.rows.iter().map(|row| format!("{},{}\n", row.name, row.number));
        std::fs::write(file, lines.collect::<Vec<_>>().concat())
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.rows.iter().map(Row::line).collect()
    }
}

impl Row {
    pub(crate) fn line(&self) -> String {
        format!("{:>12}  {}", self.number, self.name)
    }
}
